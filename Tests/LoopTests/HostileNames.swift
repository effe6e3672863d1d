extension HostileCase {
    /// Names, files with several of them, and attributes.
    static let names = spelled + deep + ofOneFile + attributes

    private static let spelled = [
        HostileCase(
            "names of 255 bytes", image: "n=$(printf 'n%.0s' {1..255}); ln -s $up/victims $n; old m${n:1}",
            layer: "n=$(printf 'n%.0s' {1..255}); new $n/$n m${n:1}", look: #"list | sed 's/n\{254,\}/N/g'"#,
            end: ["mN: new", "N/", "N/N: new"], notes: [String(repeating: "n", count: 255) + ": directory over symlink"]),
        HostileCase(
            "names that shells stumble over", image: "ln -s $up/victim ./-rf; ln -s $up/victim '$(id)'; ln -s $up/victim '*'",
            layer: #"new ./-rf './$(id)' './*' './ ' './\'"#, end: [" : new", "$(id): new", "*: new", "-rf: new", #"\: new"#]),
        HostileCase(
            "names that are no text", image: #"ln -s $up/victim $'a\nb'; ln -s $up/victim $'\xff'"#, layer: #"new $'a\nb' $'\xff'"#,
            look: #"cat $'a\nb' $'\xff'; find . -mindepth 1 -printf 'x\n'"#, end: ["new", "new", "x", "x"]),
        HostileCase(
            "the manifest's name further down", image: "ln -s $up/victim .docker-btrfs.json", layer: "new .docker-btrfs.json",
            end: [".docker-btrfs.json: new"]),
    ]

    private static let deep = [
        HostileCase(
            "paths of more than 4096 bytes", image: "deep 18 touch kept", layer: "deep 20 touch file",
            look: "find . -type f -printf '%d %f\n' | sort", end: ["19 kept", "21 file"]),
        HostileCase(
            "a link to the file outside at the end of a path of more than 4096 bytes", image: "deep 18 ln -s $up/victim file",
            layer: "deep 18 touch file", look: "find . ! -type d -printf '%d %f %y\n'", end: ["19 file f"]),
        HostileCase(
            "a link to its own directory, again and again", image: "ln -s . a", layer: "new a/a/a/a/a/file", end: ["a -> .", "file: new"]),
    ]

    private static let ofOneFile = [
        HostileCase(
            "two names, one behind a link", image: "mkdir real; ln -s real link; ln -s $up/victim real/b",
            layer: "new a; mkdir link; ln a link/b", look: "list; stat --format %h a; [[ a -ef real/b ]]",
            end: ["a: new", "link -> real", "real/", "real/b: new", "2"]),
        HostileCase(
            "two names that become one", image: "ln -s . b", layer: "new a; mkdir b; ln a b/a", end: ["a: new", "b -> ."]),
        HostileCase(
            "two names, one of which becomes another file's", image: "ln -s . b", layer: "new a; ln a c; mkdir b; echo other > b/a",
            look: "show c", end: ["c: new"]),
        HostileCase(
            "two names, one of which becomes a link's", image: "ln -s . b", layer: "new a; ln a c; mkdir b; ln -s $up/victim b/a",
            look: "show c", end: ["c: new"]),
        HostileCase(
            "two names, one of which is taken away again", image: "ln -s . b", layer: "new a; ln a c; mkdir b; touch b/.wh.a",
            look: "show c", end: ["c: new"]),
        HostileCase(
            "two names of a link and of a fifo", image: "old a b c d", layer: "ln -s $up/victim a; ln -P a b; mkfifo c; ln c d",
            end: ["a -> UP/victim", "b -> UP/victim", "c: fifo", "d: fifo"]),
    ]

    private static let attributes = [
        HostileCase(
            "a default ACL of the image widens nothing", image: "mkdir d; setfacl --modify default:user:9:rwx,default:other::rwx d",
            layer: "new d/file d/sub/file; mkfifo d/fifo; chmod 600 d/*file d/fifo; chmod 700 d/sub",
            look: "getfacl --recursive --skip-base --omit-header d/sub d/file d/fifo; stat --format '%n %a' d/*",
            end: ["d/fifo 600", "d/file 600", "d/sub 700"]),
        HostileCase(
            "an ACL of the layer is not mixed with one of the image", image: "mkdir d; setfacl --modify default:user:9:rwx d",
            layer: "new d/file; setfacl --modify user:8:r d/file", look: "getfacl --omit-header --numeric d/file | sed '/^$/d'",
            end: ["user::rw-", "user:8:r--", "group::r--", "mask::r--", "other::r--"]),
        HostileCase(
            "a setgid directory of the image hands on nothing", image: "mkdir d; chown 0:7 d; chmod 2777 d", layer: "new d/file d/sub/file",
            look: "stat --format '%n %a %u:%g' d d/*", end: ["d 2777 0:7", "d/file 644 0:0", "d/sub 755 0:0"]),
        HostileCase(
            "a directory of the image keeps all it has",
            image: "mkdir d; setfattr -n user.x -v 1 d; chown 5:6 d; chmod 1750 d; touch -d @1500000000 d",
            layer: "new d/file; setfattr -n user.x -v 2 d; setfattr -n user.y -v 2 d; chmod 777 d; setfacl --modify user:8:rwx d",
            look: "stat --format '%a %u:%g %Y' d; getfattr --dump --match=- d | sed '/^$/d'",
            end: ["1750 5:6 1500000000", "# file: d", #"user.x="1""#]),
        HostileCase(
            "files and directories without checksums", image: "mkdir d; chattr +C d; old d/a; ln -s d link", layer: "new link/a link/b",
            end: ["d/", "d/a: new", "d/b: new", "link -> d"]),
        HostileCase(
            "directories of mode 0", image: "mkdir -m 0 a", layer: "new a/file b/file; chmod 0 a b",
            look: "list; stat --format '%n %a' a b",
            end: ["a/", "a/file: new", "b/", "b/file: new", "a 0", "b 0"]),
    ]
}
