extension HostileCase {
    /// Where a directory of the layer meets a symlink of the image: it goes where the link leads to inside the root, or takes its
    /// place.
    static let links = followed + leadingOut + leadingNowhere

    private static let followed = [
        HostileCase(
            "an absolute link to a directory", image: "mkdir real; ln -s $here/real link", layer: "new link/file",
            end: ["link -> HERE/real", "real/", "real/file: new"]),
        HostileCase(
            "a relative link to a directory", image: "mkdir real; ln -s real link", layer: "new link/file",
            end: ["link -> real", "real/", "real/file: new"]),
        HostileCase(
            "a link by way of the directory above", image: "mkdir real sub; ln -s ../real sub/link", layer: "new sub/link/file",
            end: ["real/", "real/file: new", "sub/", "sub/link -> ../real"]),
        HostileCase(
            "a link up to the top and down again", image: "mkdir real; ln -s $up$here/real link", layer: "new link/file",
            end: ["link -> UPHERE/real", "real/", "real/file: new"]),
        HostileCase(
            "a link in the middle of a path", image: "mkdir -p real/b; ln -s ../real real/a; ln -s real/a a",
            layer: "new a/b/c/file", end: ["a -> real/a", "real/", "real/a -> ../real", "real/b/", "real/b/c/", "real/b/c/file: new"]),
        HostileCase(
            "a link as the first name of a path", image: "mkdir real; ln -s $here/real ../../first", layer: "new ../../first/a/file",
            end: ["real/", "real/a/", "real/a/file: new"]),
        HostileCase(
            "a link in the middle of a link", image: "mkdir -p real/a; ln -s real x; ln -s x/a link", layer: "new link/file",
            end: ["link -> x/a", "real/", "real/a/", "real/a/file: new", "x -> real"]),
        HostileCase(
            "a link to itself by way of dots", image: "mkdir real; ln -s ./real/.././real/. link", layer: "new link/file",
            end: ["link -> ./real/.././real/.", "real/", "real/file: new"]),
        HostileCase(
            "a link that ends with a slash", image: "mkdir real; ln -s real// link", layer: "new link/file",
            end: ["link -> real//", "real/", "real/file: new"]),
        HostileCase(
            "a link to its own directory", image: "ln -s . link", layer: "new link/link/file", end: ["file: new", "link -> ."]),
        HostileCase("a link to the top", image: "ln -s / link", layer: "new link$here/file", end: ["file: new", "link -> /"]),
        HostileCase(
            "a link to the directory above", image: "mkdir sub; ln -s .. sub/link", layer: "new sub/link/file",
            end: ["file: new", "sub/", "sub/link -> .."]),
        HostileCase(
            "a chain of 40 links", image: "chain 41", layer: "new 1/file", look: "show 1; show 41/file", end: ["1 -> 2", "41/file: new"]),
        HostileCase(
            "a link as long as links can be", image: #"mkdir real; ln -s "$(printf './%.0s' {1..2040})real" link"#,
            layer: "new link/file", look: "list | tail -n 2", end: ["real/", "real/file: new"]),
        HostileCase(
            "two names of the layer for one directory", image: "mkdir real; ln -s real link", layer: "new link/a real/b",
            end: ["link -> real", "real/", "real/a: new", "real/b: new"]),
        HostileCase(
            "a directory behind a link keeps its owner and mode",
            image: "mkdir -m 2750 real; chown 7:8 real; ln -s real link", layer: "new link/file; chmod 777 link; chown 9:9 link",
            look: "stat --format '%n %a %u:%g' real link", end: ["real 2750 7:8", "link 777 0:0"]),
    ]

    private static let leadingOut = [
        HostileCase(
            "an absolute link to the directory outside", image: "ln -s /victims link", layer: "new link/file",
            end: ["link/", "link/file: new"], notes: ["link: directory over symlink"]),
        HostileCase(
            "a relative link to the directory outside", image: "ln -s $up/victims link", layer: "new link/file link/new",
            end: ["link/", "link/file: new", "link/new: new"], notes: ["link: directory over symlink"]),
        HostileCase(
            "a link to a directory of the machine", image: "ln -s $victims link; ln -s $up$victims up", layer: "new link/file up/file",
            end: ["link/", "link/file: new", "up/", "up/file: new"], notes: ["link: directory over symlink", "up: directory over symlink"]),
        HostileCase(
            "a link to a directory that is there inside too", image: "mkdir -p ../../both; ln -s $up/both link", layer: "new link/file",
            look: "show link; show ../../both/file", end: ["link -> UP/both", "../../both/file: new"]),
        HostileCase(
            "a link to etc", image: "ln -s /etc link; ln -s $up/etc up", layer: "new link/hostile-1 up/hostile-2",
            look: "list; show ../../etc/hostile-1; show ../../etc/hostile-2",
            end: ["link -> /etc", "up -> UP/etc", "../../etc/hostile-1: new", "../../etc/hostile-2: new"]),
        HostileCase(
            "a chain of links that leads out", image: "ln -s b a; ln -s $here/c b; ln -s $up/victims c", layer: "new a/file",
            end: ["a/", "a/file: new", "b -> HERE/c", "c -> UP/victims"], notes: ["a: directory over symlink"]),
        HostileCase(
            "a link out in the middle of a path", image: "mkdir a; ln -s $up a/b", layer: "new a/b/middle/file",
            look: "list; show ../../middle/file", end: ["a/", "a/b -> UP", "../../middle/file: new"]),
        HostileCase(
            "links into proc", image: "for f in self/cwd self/root self/fd/3 1/root; do ln -s /proc/$f ${f//\\//-}; done",
            layer: "new self-cwd/file self-root/file self-fd-3/file 1-root/file",
            end: ["1-root/", "1-root/file: new", "self-cwd/", "self-cwd/file: new"]
                + ["self-fd-3/", "self-fd-3/file: new", "self-root/", "self-root/file: new"],
            notes: [
                "1-root: directory over symlink", "self-cwd: directory over symlink", "self-fd-3: directory over symlink",
                "self-root: directory over symlink",
            ]),
        HostileCase(
            "a directory over a link to a fifo", image: "mkfifo fifo; ln -s fifo link", layer: "new link/file",
            end: ["fifo: fifo", "link/", "link/file: new"], notes: ["link: directory over symlink"]),
        HostileCase(
            "a directory over a link to a file", image: "old file; ln -s file link", layer: "new link/file",
            end: ["file: old", "link/", "link/file: new"], notes: ["link: directory over symlink"]),
    ]

    private static let leadingNowhere = [
        HostileCase(
            "a directory over a loop", image: "ln -s b a; ln -s a b", layer: "new a/file", end: ["a/", "a/file: new", "b -> a"],
            notes: ["a: directory over symlink"]),
        HostileCase(
            "a directory over a link to itself", image: "ln -s a a", layer: "new a/file", end: ["a/", "a/file: new"],
            notes: ["a: directory over symlink"]),
        HostileCase(
            "a loop in the middle of a path", image: "mkdir d; ln -s ../d/a d/a", layer: "new d/a/b/file",
            end: ["d/", "d/a/", "d/a/b/", "d/a/b/file: new"], notes: ["d/a: directory over symlink"]),
        HostileCase(
            "a chain of 41 links", image: "chain 42", layer: "new 1/file", look: "show 1/file; show 2; ls 42",
            end: ["1/file: new", "2 -> 3"],
            notes: ["1: directory over symlink"]),
        HostileCase(
            "a link by way of what is not there", image: "mkdir real; ln -s nothing/../real link", layer: "new link/file",
            end: ["link/", "link/file: new", "real/"], notes: ["link: directory over symlink"]),
        HostileCase(
            "a link by way of a file", image: "mkdir real; old file; ln -s file/../real link", layer: "new link/file",
            end: ["file: old", "link/", "link/file: new", "real/"], notes: ["link: directory over symlink"]),
    ]
}
