extension HostileCase {
    /// Where something of the layer meets something of another kind in the image: it takes its place, and nothing is written
    /// through what stood there.
    static let replacements = overLinks + overOthers + overDirectories + ofOtherKinds

    private static let overLinks = [
        HostileCase(
            "a file over links to the file outside", image: "ln -s /victim a; ln -s $up/victim b; ln -s $victims/file c",
            layer: "new a b c", end: ["a: new", "b: new", "c: new"]),
        HostileCase(
            "a file over links to the directory outside", image: "ln -s /victims a; ln -s $up/victims/ b; ln -s $victims c",
            layer: "new a b c", end: ["a: new", "b: new", "c: new"]),
        HostileCase(
            "a file over a link to a file", image: "old real; ln -s real link", layer: "new link", end: ["link: new", "real: old"]),
        HostileCase(
            "a file over a link to a directory", image: "old real/kept; ln -s real link", layer: "new link",
            end: ["link: new", "real/", "real/kept: old"]),
        HostileCase("a file over a link to its own directory", image: "ln -s . link", layer: "new link", end: ["link: new"]),
        HostileCase("a file over a link to the top", image: "ln -s / link", layer: "new link", end: ["link: new"]),
        HostileCase(
            "a file over a loop and a dangling link", image: "ln -s b a; ln -s a b; ln -s nothing c", layer: "new a c",
            end: ["a: new", "b -> a", "c: new"]),
        HostileCase(
            "a file over links into proc", image: "ln -s /proc/self/fd/2 a; ln -s /dev/stderr b", layer: "new a b",
            end: ["a: new", "b: new"]),
        HostileCase(
            "a file over a link in a directory behind a link", image: "mkdir real; ln -s real link; ln -s $up/victim real/file",
            layer: "new link/file", end: ["link -> real", "real/", "real/file: new"]),
    ]

    private static let overOthers = [
        HostileCase(
            "a file over one of two names", image: "old a; ln a b; mkdir c; ln a c/d", layer: "new a",
            look: "list; stat --format %h b", end: ["a: new", "b: old", "c/", "c/d: old", "2"]),
        HostileCase(
            "a directory over one of two names", image: "old a; ln a b", layer: "new a/file", end: ["a/", "a/file: new", "b: old"],
            notes: ["a: directory over file"]),
        HostileCase(
            "a file over a fifo, devices and a socket", image: "mkfifo a; mknod b c 1 3; mknod c b 7 99; socket d",
            layer: "new a b c d", end: ["a: new", "b: new", "c: new", "d: new"]),
        HostileCase(
            "a directory over a fifo, devices and a socket", image: "mkfifo a; mknod b c 1 3; mknod c b 7 99; socket d",
            layer: "new a/f b/f c/f d/f", end: ["a/", "a/f: new", "b/", "b/f: new", "c/", "c/f: new", "d/", "d/f: new"],
            notes: [
                "a: directory over special file", "b: directory over special file", "c: directory over special file",
                "d: directory over special file",
            ]),
        HostileCase(
            "a directory over a file", image: "old a", layer: "new a/file", end: ["a/", "a/file: new"], notes: ["a: directory over file"]),
        HostileCase(
            "an empty directory over a link to a file outside", image: "ln -s $up/victim a", layer: "mkdir -m 751 a; chown 5:6 a",
            look: "stat --format '%n %F %a %u:%g' a", end: ["a directory 751 5:6"], notes: ["a: directory over symlink"]),
    ]

    private static let overDirectories = [
        HostileCase("a file over an empty directory", image: "mkdir a", layer: "new a", end: ["a: new"], notes: ["a: file over directory"]),
        HostileCase(
            "a file over a full directory", image: "old a/{b/c/d,e} a/.f; mkfifo a/g; touch a/{1..500}", layer: "new a", end: ["a: new"],
            notes: ["a: file over directory"]),
        HostileCase(
            "a file over a directory with links out",
            image: "mkdir a; ln -s $up/victims a/b; ln -s $victims a/c; ln -s $up a/d; ln -s .. a/e",
            layer: "new a", end: ["a: new"], notes: ["a: file over directory"]),
        HostileCase(
            "a file over a directory whose files have names elsewhere", image: "old a/b kept/c; ln a/b kept/b", layer: "new a",
            end: ["a: new", "kept/", "kept/b: old", "kept/c: old"], notes: ["a: file over directory"]),
        HostileCase(
            "a file over a directory of mode 0", image: "old a/b; chmod 0 a/b a", layer: "new a", end: ["a: new"],
            notes: ["a: file over directory"]),
        HostileCase(
            "a file over directories of directories that are called by numbers",
            image: "mkdir -p a/{1,2,3}/{1,2,3}/{1,2,3}; old a/{1,2,3}/4 a/{1,2,3}/{1,2,3}/5", layer: "new a", end: ["a: new"],
            notes: ["a: file over directory"]),
        HostileCase(
            "a file over a deep directory", image: "mkdir a; cd a; deep 20 touch file", layer: "new a", end: ["a: new"],
            notes: ["a: file over directory"]),
        HostileCase(
            "over the place of a nested subvolume",
            image: "btrfs subvolume create a > /dev/null; old a/f; cp -r a d; btrfs subvolume create b > /dev/null",
            layer: "new a/file b", look: "list; stat --format %i a | grep --invert-match '^2$' > /dev/null",
            end: ["a/", "a/file: new", "b: new", "d/", "d/f: old"], notes: ["b: file over directory"]),
        HostileCase(
            "a file over a link in the place of a nested subvolume's parent", image: "btrfs subvolume create a > /dev/null; ln -s a link",
            layer: "new link/file", end: ["a/", "a/file: new", "link -> a"]),
    ]

    private static let ofOtherKinds = [
        HostileCase(
            "a link over anything", image: "old a; mkfifo b; ln -s $up/victims c; ln -s real d; mkdir real",
            layer: "for f in a b c d; do ln -s $up/victims $f; done",
            end: ["a -> UP/victims", "b -> UP/victims", "c -> UP/victims", "d -> UP/victims", "real/"]),
        HostileCase(
            "a link over a directory", image: "old a/b", layer: "ln -s /victims a", end: ["a -> /victims"],
            notes: ["a: symlink over directory"]),
        HostileCase(
            "a fifo, devices and a socket over links to the file outside", image: "for f in a b c d; do ln -s $up/victim $f; done",
            layer: "mkfifo -m 604 a; mknod -m 604 b c 1 3; mknod -m 604 c b 7 99; socket d; chmod 604 d; chown 5:6 ?",
            look: "list; stat --format '%a %u:%g' ? | uniq",
            end: ["a: fifo", "b: character special file", "c: block special file", "d: socket", "604 5:6"]),
        HostileCase(
            "a device over a directory", image: "old a/b", layer: "mknod a c 1 3", end: ["a: character special file"],
            notes: ["a: special file over directory"]),
        HostileCase(
            "a setuid file over links to the file outside", image: "ln -s $up/victim a; ln -s $victims/file b",
            layer: "new a b; chown 0:7 a b; chmod 6755 a b", look: "stat --format '%n %F %a %u:%g' a b",
            end: ["a regular file 6755 0:7", "b regular file 6755 0:7"]),
        HostileCase(
            "a plain file over a setuid file", image: "old a; ln a b; chmod 4755 a; setcap cap_sys_admin+ep a; setfattr -n user.x -v 1 a",
            layer: "new a; chown 5:6 a", look: "list; stat --format '%a %u:%g' a b; getfattr -m- a; getcap b",
            end: ["a: new", "b: old", "644 5:6", "4755 0:0", "b cap_sys_admin=ep"]),
    ]
}
