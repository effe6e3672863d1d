/// Files of every kind, each with something that a copy could lose. The name says what; the script makes it at `$it`.
enum Corpus {
    static let common: [(String, String)] = [
        ("an empty file", #": > "$it""#),
        ("a small file", #"echo text > "$it""#),
        ("a file of one block", #"head -c 4096 /dev/urandom > "$it""#),
        ("a large file", #"head -c 1048577 /dev/urandom > "$it""#),
        ("a file without permissions", #"echo text > "$it"; chmod 0 "$it""#),
        ("a setuid file", #"echo text > "$it"; chmod 4755 "$it""#),
        ("a setgid file of another owner", #"echo text > "$it"; chown 1000:1001 "$it"; chmod 2754 "$it""#),
        ("a file with all mode bits", #"echo text > "$it"; chown 5:6 "$it"; chmod 7777 "$it""#),
        ("a file of a large owner", #"echo text > "$it"; chown 4000000000:4000000001 "$it""#),
        ("a file of another group", #"echo text > "$it"; chgrp 7 "$it""#),
        ("a file with a user attribute", #"echo text > "$it"; setfattr -n user.note -v note "$it""#),
        ("a file with a trusted attribute", #"echo text > "$it"; setfattr -n trusted.note -v note "$it""#),
        ("a file with an SELinux label", #"echo text > "$it"; setfattr -n security.selinux -v system_u:object_r:etc_t:s0 "$it""#),
        ("a file with capabilities", #"echo text > "$it"; setcap cap_net_raw+ep "$it""#),
        (
            "a setuid file of another owner with capabilities",
            #"echo text > "$it"; chown 9:9 "$it"; chmod 6755 "$it"; setcap cap_chown+ep "$it""#
        ),
        ("a file with an empty attribute", #"echo text > "$it"; setfattr -n user.empty "$it""#),
        ("a file with a binary attribute", #"echo text > "$it"; setfattr -n user.binary -v 0x00ff0a00 "$it""#),
        ("a file with a large attribute", #"echo text > "$it"; setfattr -n user.large -v "$(printf %02000d 0)" "$it""#),
        ("a file with a long attribute name", #"echo text > "$it"; setfattr -n "user.$(printf %0200d 0)" -v note "$it""#),
        ("a file with fifty attributes", #"echo text > "$it"; for n in {1..50}; do setfattr -n "user.$n" -v "$n" "$it"; done"#),
        ("a file with an ACL", #"echo text > "$it"; chmod 640 "$it"; setfacl -m user:1004:rw,group:7:r "$it""#),
        ("a file with a hole at its start", #"truncate -s 1M "$it"; echo end >> "$it""#),
        ("a file with a hole in it", #"head -c 4096 /dev/urandom > "$it"; truncate -s 1M "$it"; head -c 5000 /dev/urandom >> "$it""#),
        ("a file with a hole at its end", #"head -c 4096 /dev/urandom > "$it"; truncate -s 1000001 "$it""#),
        ("a file that is a hole", #"truncate -s 16M "$it""#),
        ("a preallocated file", #"fallocate -l 1M "$it""#),
        ("a file preallocated beyond its end", #"echo text > "$it"; fallocate -n -l 1M "$it""#),
        ("a file of two names", #"echo text > "$it"; ln "$it" "$it (2)"; setfattr -n user.note -v note "$it""#),
        (
            "a file of names in several directories",
            #"""
            mkdir -p "$it"/{a,b/c}; echo text > "$it/a/x"; ln "$it/a/x" "$it/b/c/y"; ln "$it/a/x" "$it (2)"
            """#
        ),
        ("a symlink of two names", #"ln -s nowhere "$it"; ln -P "$it" "$it (2)""#),
        ("a fifo of two names", #"mkfifo "$it"; ln "$it" "$it (2)""#),
        ("a relative symlink", #"ln -s ../etc/motd "$it""#),
        ("an absolute symlink", #"ln -s /etc/motd "$it""#),
        ("a symlink to a directory", #"ln -s /etc "$it""#),
        ("a symlink to nothing", #"ln -s /nowhere "$it""#),
        ("a symlink to itself", #"ln -s "$it" "$it""#),
        ("a long symlink", #"ln -s "$(printf %04000d 0)" "$it""#),
        ("a symlink to any bytes", #"ln -s "$(printf 'new\nline \xff')" "$it""#),
        ("a symlink of another owner", #"ln -s nowhere "$it"; chown -h 1002:1003 "$it""#),
        ("a symlink with a trusted attribute", #"ln -s nowhere "$it"; setfattr -h -n trusted.note -v note "$it""#),
        ("a symlink with an SELinux label", #"ln -s /etc "$it"; setfattr -h -n security.selinux -v label "$it""#),
        ("a fifo", #"mkfifo -m 620 "$it"; chown 3:4 "$it""#),
        ("a fifo with an ACL", #"mkfifo -m 620 "$it"; setfacl -m user:1004:rw "$it""#),
        (
            "a socket",
            #"""
            perl -MIO::Socket::UNIX -e 'IO::Socket::UNIX->new(Local => $ARGV[0], Listen => 1) or die' "$it"
            chmod 660 "$it"
            """#
        ),
        ("a character device", #"mknod -m 666 "$it" c 1 3"#),
        ("a block device", #"mknod -m 660 "$it" b 8 1; chown 0:6 "$it""#),
        ("a device of large numbers", #"mknod "$it" b 4095 1048575"#),
        (
            "a device with a label and an ACL",
            #"mknod "$it" c 1 5; setfattr -n security.selinux -v label "$it"; setfacl -m user:1004:rw "$it""#
        ),
        ("an empty directory", #"mkdir "$it""#),
        ("a directory without permissions", #"mkdir "$it"; echo text > "$it/file"; chmod 0 "$it""#),
        ("a setgid and sticky directory", #"mkdir "$it"; chown 5:6 "$it"; chmod 3777 "$it"; echo text > "$it/file"; mkdir "$it/sub""#),
        (
            "a setgid directory with files of another group",
            #"""
            mkdir "$it"; chown 5:6 "$it"; chmod 2755 "$it"; echo text > "$it/file"; chgrp 0 "$it/file"
            ln -s x "$it/link"; chgrp -h 0 "$it/link"
            """#
        ),
        (
            "a directory with ACLs",
            #"""
            mkdir "$it"; setfacl -m user:1004:rx,default:user:1005:rwx "$it"; echo text > "$it/file"
            mkdir "$it/sub"
            """#
        ),
        (
            "a directory whose ACL its files have not",
            #"mkdir "$it"; echo text > "$it/file"; mkfifo "$it/fifo"; mkdir "$it/sub"; setfacl -m default:user:1005:rwx "$it""#
        ),
        ("a directory with attributes", #"mkdir "$it"; setfattr -n user.note -v a "$it"; setfattr -n trusted.note -v b "$it""#),
        ("a directory of many files", #"mkdir "$it"; (cd "$it"; touch {1..1500})"#),
        ("a directory in directories", #"mkdir -p "$it"/1/2/3/4/5/6/7/8/9; echo text > "$it/1/2/3/4/5/6/7/8/9/file""#),
        (
            "names of every byte",
            #"""
            mkdir "$it"; perl -e 'for (1 .. 46, 48 .. 255) { open my $f, ">", "$ARGV[0]/x" . chr($_) or die; mkdir "$ARGV[0]/y" . chr($_) or die }' "$it"
            """#
        ),
        (
            "names that look like something else",
            #"""
            mkdir "$it"; (cd "$it"; touch -- -rf -- --help '*' '~' ' ' '...' '.x' '$(x)' \\ '.wh')
            """#
        ),
        ("names of 255 bytes", #"mkdir "$it"; touch "$it/$(printf %0255d 0)"; mkdir "$it/$(printf %0255d 1)""#),
        ("nodump", #"echo text > "$it"; chattr +d "$it""#),
        ("noatime", #"echo text > "$it"; chattr +A "$it""#),
        ("synchronous", #"echo text > "$it"; chattr +S "$it""#),
        ("a synchronous directory", #"mkdir "$it"; chattr +D "$it"; echo text > "$it/file""#),
    ]

    /// What only btrfs has.
    static let ofBtrfs: [(String, String)] = [
        ("nocow", #": > "$it"; chattr +C "$it"; head -c 10000 /dev/urandom > "$it""#),
        ("an empty nocow file", #": > "$it"; chattr +C "$it""#),
        ("a nocow file with a hole", #": > "$it"; chattr +C "$it"; truncate -s 1M "$it"; echo end >> "$it""#),
        (
            "a nocow directory",
            #"""
            mkdir "$it"; : > "$it/cow"; chattr +C "$it"; echo text > "$it/nocow"; mkdir "$it/sub"
            echo text >> "$it/cow"
            """#
        ),
        ("compressed", #": > "$it"; chattr +c "$it"; head -c 100000 /dev/zero > "$it""#),
        ("never compressed", #": > "$it"; chattr +m "$it"; head -c 100000 /dev/zero > "$it""#),
        ("a file with a property", #": > "$it"; btrfs property set "$it" compression zstd; head -c 100000 /dev/zero > "$it""#),
        (
            "a directory with a property",
            #"mkdir "$it"; : > "$it/m"; chattr +m "$it/m"; btrfs property set "$it" compression lzo; echo text > "$it/file"; mkdir "$it/sub""#
        ),
        ("shared content", #"head -c 20000 /dev/urandom > "$it"; cp --reflink=always "$it" "$it (2)""#),
        ("large attributes", #"echo text > "$it"; setfattr -n user.large -v "$(printf %012000d 0)" "$it""#),
    ]

    /// Made after the others got a time.
    static let late: [(String, String)] = [
        ("a time before 1970", #": > "$it"; touch -d @-1.5 "$it""#),
        ("a time far in the future", #": > "$it"; touch -d @7000000000.000000001 "$it""#),
        ("a symlink with a time", #"ln -s nowhere "$it"; touch -h -d @1.000000001 "$it""#),
        ("an immutable file", #": > "$it"; touch -d @3 "$it"; chattr +i "$it""#),
        ("a file that only grows", #": > "$it"; touch -d @3 "$it"; chattr +a "$it""#),
        ("a directory older than its files", #"mkdir "$it"; : > "$it/file"; touch -d @2.000000002 "$it""#),
    ]

    /// The script that makes them in the directory `place`, which is new.
    static func script(_ kinds: [(String, String)], in place: String) -> String {
        let make = { (kinds: [(String, String)]) in kinds.map { "it='\($0)'\n\($1)" }.joined(separator: "\n") }
        return """
            mkdir -p \(place); pushd \(place) > /dev/null
            \(make(kinds))
            find . -depth -exec touch --no-dereference --date @1500000000.123456789 {} +
            \(make(late))
            popd > /dev/null
            """
    }

    /// The script that puts something of another kind at each name of `corpus` in `place`: `turn` says which at which.
    static func obstacles(to corpus: String, in place: String, turn: Int) -> String {
        """
        turn=\(turn); mkdir -p \(place)
        for entry in \(corpus)/*; do
            name=\(place)/${entry##*/}; turn=$((turn + 1))
            case $((turn % 6)) in
            0) ln -s /victims/file "$name" ;;
            1) ln -s "${entry##*/}" "$name" ;;
            2) ln -s /nowhere "$name" ;;
            3) mkfifo "$name" ;;
            4) printf 'an old file' > "$name"; setfattr -n user.old -v old "$name" ;;
            5) if [[ -d $entry && ! -L $entry ]]; then printf x > "$name"; else mkdir -p "$name/a/b"; ln -s /victims "$name/a/link"; fi ;;
            esac
        done
        """
    }
}
