import Testing

/// Layers with something that a merge could get wrong. Each layer is a script that runs in its directory, the lowest first.
struct MergeCase: Sendable, CustomTestStringConvertible {
    let what: String
    let layers: [String]

    init(_ what: String, _ layers: String...) {
        self.what = what
        self.layers = layers
    }

    var testDescription: String { what }

    /// What overlayfs writes, for the scripts.
    static let words = #"""
        whiteout() { local name; for name; do mknod "$name" c 0 0; done; }
        overlay() { setfattr -h -n "trusted.overlay.$1" -v "$2" "$3"; }
        opaque() { local name; for name; do mkdir -p "$name"; overlay opaque y "$name"; done; }
        metacopy() { truncate -s "$1" "$2"; overlay metacopy '' "$2"; }
        fill() { local name; for name; do mkdir -p "$(dirname "$name")"; echo "$name of $PWD" > "$name"; done; }

        """#

    /// Names and kinds.
    static let kinds = [
        MergeCase(
            "names of any bytes",
            #"perl -e 'for (1 .. 46, 48 .. 255) { open my $f, ">", "x" . chr or die; mkdir "y" . chr or die }'"#,
            #"""
            perl -e 'for (1 .. 46, 48 .. 200) { open my $f, ">", "y" . chr . "/x" . chr or mkdir "y" . chr
            mknod "x" . chr, 0020000, 0 }' 2> /dev/null || true; whiteout $'x\xff'
            """#,
            #"fill "$(printf %0255d 0)" "$(printf %0255d 1)/$(printf %0255d 2)" $'new\nline'"#
        ),
        MergeCase(
            "files by the names of AUFS's whiteouts",
            "fill x d/x",
            "fill .wh.x .wh..wh..opq d/.wh.x d/.wh..wh..opq .wh. .wh..."
        ),
        MergeCase(
            "a file by docker-btrfs's own names",
            "fill .docker-btrfs.json .docker-btrfs.links.0",
            "fill .docker-btrfs.links.1/a; ln .docker-btrfs.links.1/a b"
        ),
        MergeCase(
            "kinds that take each other's places",
            """
            for name in file fifo link directory device; do
                fill "$name/file"; fill "$name/directory"; mkfifo "$name/fifo"; ln -s /etc "$name/link"; mknod "$name/device" c 1 3
            done
            """,
            """
            fill file/{file,fifo,link,directory,device}; mkdir fifo link directory device
            for name in file fifo link directory device; do
                mkfifo "fifo/$name"; ln -s ../file "link/$name"; fill "directory/$name/inside"; mknod "device/$name" b 8 1
            done
            """
        ),
        MergeCase(
            "a symlink under a directory is not followed",
            "mkdir /proc/self/cwd/real; ln -s real d; ln -s / e; ln -s ../../.. f",
            "fill d/in e/etc/in f/in"
        ),
        MergeCase("a symlink over a directory", "fill d/in lib/x", "ln -s e d; fill e/in; ln -s usr/lib lib; fill usr/lib/y"),
        MergeCase(
            "a socket",
            #"perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => "s", Listen => 1) or die'"#,
            "fill other"
        ),
        MergeCase("layers without anything", "", "fill a", "", ""),
        MergeCase("a layer of whiteouts alone", "fill a b/c d", "whiteout a b d e"),
        MergeCase("one layer", "fill a b/c; ln -s a l; whiteout gone"),
        MergeCase("a block device of the numbers 0 and 0", "fill a", "mknod a b 0 0"),
    ]

    /// What hides what.
    static let hiding = [
        MergeCase(
            "a whiteout over a file, a directory, a symlink and nothing",
            "fill a b/c; ln -s a l; mkfifo f",
            "whiteout a b l f nothing; fill kept"
        ),
        MergeCase("a whiteout over a whiteout", "fill a b/c", "whiteout a b", "whiteout a b"),
        MergeCase("a file again after a whiteout", "fill a b/c", "whiteout a b", "fill a b/d"),
        MergeCase("a whiteout in the lowest layer", "whiteout a; mkdir d; whiteout d/b", "fill c d/e"),
        MergeCase("an opaque directory over a directory, a file and nothing", "fill a/b b c/x", "opaque a b n; fill a/c b/d"),
        MergeCase("an opaque directory in the lowest layer", "opaque a; fill a/b", "fill a/c"),
        MergeCase("an opaque directory with whiteouts in it", "fill a/b a/c a/d", "opaque a; whiteout a/b a/n; fill a/d"),
        MergeCase("layers that are opaque as a whole", "fill a b/c", "overlay opaque y .; fill b/d"),
        MergeCase("a directory remade two levels down", "fill a/b/c/d a/b/c/e a/b/f a/x", "opaque a/b/c; fill a/b/c/g"),
        MergeCase("a directory, then a file, then a directory", "fill a/b a/c", "fill a", "fill a/d"),
        MergeCase("a file, then a directory, then a file", "fill a", "fill a/b", "fill a"),
        MergeCase("a directory under a file is not seen further down", "fill a/one", "fill a", "fill a/two", "fill a/three"),
        MergeCase("a whiteout between two layers that have the directory", "fill a/one", "whiteout a", "fill a/two"),
        MergeCase(
            "a whiteout inside a directory that two layers have",
            "fill a/one a/two",
            "fill a/three",
            "mkdir a; whiteout a/one a/three"
        ),
        MergeCase(
            "files by attributes of whiteouts that hide nothing",
            "fill a/b a/c a/d",
            "mkdir a; : > a/b; overlay overlay.whiteout y a/b; fill a/c; overlay whiteout y a/c; mkdir a/d; overlay whiteout y a/d"
        ),
        MergeCase(
            "an opaque value that is none",
            "fill a/b",
            "mkdir a; overlay opaque yes a; fill a/c",
            "mkdir a; overlay opaque n a"
        ),
    ]

    /// Attributes, and what is of one file.
    static let attributes = [
        MergeCase(
            "a directory is that of the topmost layer",
            "mkdir -m 700 a; setfattr -n user.low -v 1 a; chown 5:6 a; touch -d @5 a .",
            """
            mkdir -m 1777 a; setfattr -n user.high -v 1 a; touch -d @7.000000009 a; chmod 751 .; chown 7:8 .
            setfattr -n user.top -v 1 .
            """
        ),
        MergeCase(
            "the top's times, ACLs and flags",
            "fill a; setfacl -d -m user:1004:rwx .; chattr +d .; touch -d @1.000000001 .",
            "fill a; setfacl -m user:1004:rx,default:user:1005:r .; chattr +A .; touch -d @2.000000002 ."
        ),
        MergeCase(
            "attributes of overlayfs are not seen",
            """
            fill a; mkdir d
            for name in origin impure nlink upper uuid protattr verity overlay.opaque overlay.overlay.x
            do overlay $name y a; overlay $name y d; done; setfattr -n user.overlay.opaque -v y d
            setfattr -n trusted.other -v y d; fill d/b
            """,
            "mkdir d; overlay overlay.redirect x d; overlay origin x d"
        ),
        MergeCase(
            "what is immutable by overlayfs's own word",
            "fill a b c/d",
            "fill a b; overlay protattr i a; overlay protattr ai b; mkdir c; overlay protattr a c"
        ),
        MergeCase(
            "owners that need more than 16 bits, and every bit of a mode",
            "fill a d/b; chown 70000:4000000000 a d; chmod 6755 a; mkdir -m 0 closed; chown 65536:65535 closed",
            "mkdir d; chown 4294967294:70001 d; chmod 7000 d; mkdir closed; chmod 0 closed; fill c; chmod 7777 c"
        ),
        MergeCase(
            "a file of a lower layer that got one more name",
            "fill a; ln a b",
            "fill a; ln a c; mkdir d; ln a d/e"
        ),
        MergeCase(
            "links over directories",
            "fill a d/e f/b; ln a d/b; ln a f/g; ln d/e f/e; ln -s x l; ln -P l d/l; mkfifo p; ln p d/p",
            "mkdir d; chmod 700 d"
        ),
        MergeCase(
            "a link that is hidden, and one that is replaced",
            "fill a; ln a b; ln a c; ln a d; ln a e",
            "whiteout b; fill c"
        ),
        MergeCase("links in two layers", "fill a; ln a b", "fill c; ln c d; mkdir x; ln c x/a"),
        MergeCase(
            "contents",
            """
            truncate -s 1M hole; echo x >> hole; : > empty; head -c 100 /dev/urandom > inline; truncate -s 5G large
            echo x | dd of=large bs=1 seek=4500000000 conv=notrunc status=none; : > compressed; chattr +c compressed
            head -c 300000 /dev/zero >> compressed; fallocate -l 1M allocated
            """,
            "fill other"
        ),
        MergeCase(
            "contents without checksums",
            "mkdir d; chattr +C d; head -c 50000 /dev/urandom > d/a; : > d/b; fill d/e/f; : > d/cow; chattr -C d/cow",
            "mkdir d; fill d/g"
        ),
        MergeCase(
            "shared contents",
            "head -c 50000 /dev/urandom > a; cp --reflink=always a b",
            "cp --reflink=always /proc/self/cwd/../0/a c"
        ),
    ]

    /// What overlayfs writes with redirect_dir=on,metacopy=on.
    static let redirects = [
        MergeCase("a renamed directory", "fill a/one a/in/two", "whiteout a; mkdir b; overlay redirect a b; fill b/three"),
        MergeCase(
            "a renamed directory elsewhere",
            "fill a/b/one c/two",
            "whiteout a; mkdir -p c/d; overlay redirect /a/b c/d; fill c/d/three"
        ),
        MergeCase(
            "renamed twice",
            "fill a/one",
            "whiteout a; mkdir b; overlay redirect a b; fill b/two",
            "whiteout b; mkdir -p x/c; overlay redirect /b x/c; fill x/c/three"
        ),
        MergeCase("a new directory at the old name", "fill a/one", "opaque a; fill a/new; mkdir b; overlay redirect a b"),
        MergeCase(
            "through a renamed parent",
            "fill a/b/one",
            "whiteout a; mkdir p; overlay redirect a p",
            "mkdir -p q p; whiteout p/b; overlay redirect /p/b q"
        ),
        MergeCase(
            "through a renamed parent by its name",
            "fill a/b/one a/c",
            "whiteout a; mkdir p; overlay redirect a p",
            "mkdir -p p/n; overlay redirect b p/n; whiteout p/b"
        ),
        MergeCase(
            """
            a path behind an opaque directory", "fill x/y/one", "whiteout x; opaque o; mkdir o/d
            overlay redirect /x/y o/d; fill o/d/two
            """,
            "whiteout o; mkdir r; overlay redirect /o/d r; fill r/three"
        ),
        MergeCase("an opaque directory that was renamed", "fill a/one", "opaque a; overlay redirect a a; fill a/two"),
        MergeCase(
            "a redirect in the lowest layer leads nowhere",
            "mkdir a; overlay redirect /none a; fill a/one",
            "mkdir a; fill a/two"
        ),
        MergeCase(
            "a whiteout on the way of a path",
            "fill a/b/one",
            "fill a/b/two",
            "whiteout a",
            "mkdir -p a/b; fill a/b/three",
            "whiteout a; mkdir r; overlay redirect /a/b r"
        ),
        MergeCase(
            "a file on the way of a path",
            "fill a/b/one",
            "fill a",
            "fill a/b/two",
            "whiteout a; mkdir r; overlay redirect /a/b r"
        ),
        MergeCase(
            "a mode without the content",
            "head -c 70000 /dev/urandom > a; chmod 644 a",
            "metacopy 70000 a; chmod 4711 a; chown 5:6 a; setfattr -n user.new -v 1 a"
        ),
        MergeCase(
            "a mode without the content, twice",
            "head -c 70000 /dev/urandom > a",
            "fill other",
            "metacopy 70000 a",
            "metacopy 70000 a; chmod 600 a; touch -d @5.5 a"
        ),
        MergeCase(
            "a mode without the content of a file that a layer between replaced",
            "head -c 70000 /dev/urandom > a",
            "head -c 70000 /dev/urandom > a; chown 7:7 a",
            "fill other",
            "metacopy 70000 a; chown 8:9 a"
        ),
        MergeCase(
            "a mode without the content of a file that was renamed",
            "mkdir d; head -c 3000 /dev/urandom > d/a; fill b",
            "mkdir d; whiteout d/a; metacopy 3000 b; overlay redirect /d/a b; chmod 4755 b"
        ),
        MergeCase(
            "a mode without the content, renamed in its directory",
            "head -c 3000 /dev/urandom > a",
            "whiteout a; metacopy 3000 b; overlay redirect a b"
        ),
        MergeCase(
            "a mode without the content in a renamed directory",
            "mkdir a; head -c 3000 /dev/urandom > a/f",
            "whiteout a; mkdir b; overlay redirect a b; metacopy 3000 b/f; chmod 600 b/f"
        ),
        MergeCase(
            "a mode without the content, of two names",
            "head -c 3000 /dev/urandom > a",
            "metacopy 3000 a; overlay redirect /a a; ln a b; chmod 600 a"
        ),
        MergeCase("a mode without the content of no content", ": > a", "metacopy 0 a; chmod 600 a"),
        MergeCase(
            "a mode without the content of a file without checksums",
            ": > a; chattr +C a; head -c 9000 /dev/urandom > a",
            ": > a; chattr +C a; metacopy 9000 a; chmod 600 a"
        ),
        MergeCase("a hole in the content of another layer", "truncate -s 1M a; echo x >> a", "metacopy 1048578 a; chmod 600 a"),
    ]
}
