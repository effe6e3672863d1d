extension HostileCase {
    /// What the layer takes away.
    static let whiteouts = removed + emptied

    private static let removed = [
        HostileCase(
            "files, directories and what is not there", image: "old a b/c/d e", layer: "touch .wh.a .wh.b .wh.nothing", end: ["e: old"]),
        HostileCase(
            "links themselves", image: "old real/kept; ln -s real a; ln -s $up/victim b; ln -s $victims c; ln -s d d",
            layer: "touch .wh.a .wh.b .wh.c .wh.d", end: ["real/", "real/kept: old"]),
        HostileCase(
            "a directory with links out", image: "mkdir a; ln -s $up/victims a/b; ln -s $victims a/c; ln -s $up a/d; ln -s .. a/e",
            layer: "touch .wh.a", end: []),
        HostileCase("one of two names", image: "old a; ln a b", layer: "touch .wh.a", end: ["b: old"]),
        HostileCase(
            "a fifo, devices and a socket", image: "mkfifo a; mknod b c 1 3; mknod c b 7 99; socket d", layer: "touch .wh.{a,b,c,d}",
            end: []),
        HostileCase("a deep directory", image: "mkdir a; cd a; deep 20 touch file", layer: "touch .wh.a", end: []),
        HostileCase("a directory of many files", image: "mkdir a; touch a/{1..3000}", layer: "touch .wh.a", end: []),
        HostileCase(
            "the place of a nested subvolume",
            image: "btrfs subvolume create a > /dev/null; mkdir b; btrfs subvolume create b/c > /dev/null",
            layer: "touch .wh.a .wh.b", end: []),
        HostileCase(
            "behind a link", image: "old real/a; ln -s real link", layer: "mkdir link; touch link/.wh.a", end: ["link -> real", "real/"]),
        HostileCase(
            "behind a link out", image: "ln -s $up link", layer: "mkdir link; touch link/.wh.{victim,victims}; new link/hostile-3",
            look: "list; show ../../hostile-3", end: ["link -> UP", "../../hostile-3: new"]),
        HostileCase(
            "behind a link to a directory outside", image: "ln -s $victims link", layer: "mkdir link; touch link/.wh.file", end: ["link/"],
            notes: ["link: directory over symlink"]),
        HostileCase(
            "names that begin with dots", image: "old .a ..b ...; ln -s .. ..c", layer: "touch .wh..a .wh...b .wh.... .wh...c", end: []),
        HostileCase(
            "a name that the layer brings too", image: "old a .b c/d; ln -s $up/victims e",
            layer: "new a .b c/f e/g; touch .wh.a .wh..b .wh.c .wh.e",
            end: [".b: new", "a: new", "c/", "c/f: new", "e/", "e/g: new"]),
        HostileCase(
            "whiteouts of other kinds", image: "old a b c d/e", layer: "mkdir .wh.a; mkfifo .wh.b; ln -s $up/victims .wh.c; ln -s a .wh.d",
            end: []),
        HostileCase(
            "whiteouts where nothing was", image: "old a", layer: "new b/c; touch b/.wh.c b/.wh.d", end: ["a: old", "b/", "b/c: new"]),
        HostileCase(
            "the directory that it is in, by way of a link", image: "mkdir sub; ln -s .. sub/link",
            layer: "new sub/link/file; touch sub/link/.wh.sub",
            end: ["sub/", "sub/link/", "sub/link/file: new"]),
    ]

    private static let emptied = [
        HostileCase(
            "an opaque directory", image: "old d/a d/b/c d/.e d/f", layer: "new d/.a d/f d/z; touch d/.wh..wh..opq",
            end: ["d/", "d/.a: new", "d/f: new", "d/z: new"]),
        HostileCase(
            "an opaque directory behind a link", image: "old real/a/b real/c; ln -s real link",
            layer: "new link/file; touch link/.wh..wh..opq",
            end: ["link -> real", "real/", "real/file: new"]),
        HostileCase(
            "an opaque directory over a link outside", image: "ln -s $up/victims a; ln -s $victims b",
            layer: "new a/f b/f; touch {a,b}/.wh..wh..opq",
            end: ["a/", "a/f: new", "b/", "b/f: new"], notes: ["a: directory over symlink", "b: directory over symlink"]),
        HostileCase(
            "an opaque directory of links out",
            image: "mkdir d; ln -s $up/victims d/a; ln -s $victims d/b; ln -s $up d/c; ln -s .. d/e; old f",
            layer: "mkdir d; touch d/.wh..wh..opq", end: ["d/", "f: old"]),
        HostileCase(
            "an opaque directory keeps its owner and mode", image: "old d/a; chown 5:6 d; chmod 2750 d",
            layer: "new d/b; touch d/.wh..wh..opq",
            look: "list; stat --format '%a %u:%g' d", end: ["d/", "d/b: new", "2750 5:6"]),
        HostileCase(
            "the directory above, by way of a link", image: "old a; mkdir sub; ln -s .. sub/link",
            layer: "new sub/link/file; touch sub/link/.wh..wh..opq",
            end: ["sub/", "sub/link/", "sub/link/file: new"]),
        HostileCase(
            "other marks of its kind", image: "old a wh.a .wh.b", layer: "touch .wh..wh.plnk .wh..wh.aufs .wh..wh. .wh..wh..a .wh..wh.a",
            end: [".wh.b: old", "a: old", "wh.a: old"]),
    ]
}
