extension HostileCase {
    /// What ends the copy. Their end is the place in the layer and the reason.
    static let errors = [
        HostileCase(
            "a whiteout of nothing", image: "old a", layer: "touch .wh.", end: ["/.wh.", "a whiteout must name something in its directory"]),
        HostileCase(
            "a whiteout of the directory", image: "old a", layer: "touch .wh..",
            end: ["/.wh..", "a whiteout must name something in its directory"]),
        HostileCase(
            "a whiteout of the directory above", image: "old a", layer: "touch .wh...",
            end: ["/.wh...", "a whiteout must name something in its directory"]),
        HostileCase(
            "a whiteout of the directory above further down", image: "old a/b; ln -s a c", layer: "new c/b; mkdir c/.wh...",
            end: ["/c/.wh...", "a whiteout must name something in its directory"]),
        HostileCase(
            "a file that must not change", image: "old a; chattr +i a", layer: "new a", end: ["/a", "Operation not permitted"]),
        HostileCase(
            "a whiteout of a directory with a file that must not change", image: "old a/b/c a/b/d; chattr +i a/b/c", layer: "touch .wh.a",
            end: ["/.wh.a", "Operation not permitted"]),
        HostileCase(
            "a directory that must not change", image: "mkdir a; chattr +i a", layer: "new a/b", end: ["/a/b", "Operation not permitted"]),
        HostileCase(
            "a directory that only grows", image: "old a/b; chattr +a a", layer: "new a/b", end: ["/a/b", "Operation not permitted"]),
        HostileCase(
            "a link by way of a name that is too long", image: #"ln -s "$(printf 'n%.0s' {1..300})" link"#, layer: "new link/file",
            end: ["/link", "File name too long"]),
        HostileCase(
            "a link at the end of a path of more than 4096 bytes", image: "deep 18 sh -c 'mkdir real; ln -s real link'",
            layer: "deep 18 mkdir link",
            end: [String(repeating: "/" + String(repeating: "d", count: 255), count: 18) + "/link", "File name too long"]),
    ]
}
