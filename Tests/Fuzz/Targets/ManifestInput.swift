import Basics
import Boot
import Planning

/// The input is the manifest of a top layer.
func checkManifest(_ input: [UInt8]) throws {
    guard let manifest = try parsed({ () throws(Failure) in try LayerManifest(parsing: input, name: "/.docker-btrfs.json") })
    else { return }
    for directory in manifest.directories { try expectSound(directory, "a directory") }
    let texts = try JSON(parsing: input, name: "input")["create_only"]?.elements?.compactMap { $0.string } ?? []
    try expect(texts.count == manifest.createOnly.count, "no pattern is left out")
    for (text, pattern) in zip(texts, manifest.createOnly) { try check(pattern, text) }
}

/// A pattern fits what its star can stand for, and nothing shorter.
private func check(_ pattern: PathPattern, _ text: String) throws(Violation) {
    guard let path = Path(text) else { throw Violation(description: "a pattern is a path: \(text.debugDescription)") }
    try expectSound(pattern.parent, "a pattern's directory")
    try expect(pattern.parent == path.parent, "a pattern is for names in \(path.parent)")
    let parts = path.name.split(separator: UInt8(ascii: "*"), omittingEmptySubsequences: false)
    for filling in ["", "a", "*", "\u{e4}"] {
        try expect(pattern.fits(Array(parts.joined(separator: filling.utf8))), "'\(filling)' for the star of '\(path)' fits")
    }
    if parts.count == 1 {
        try expect(!pattern.fits(path.name + [UInt8(ascii: "a")]), "'\(path)' fits no other name")
    } else {
        try expect(!pattern.fits(Array(parts.joined().dropLast())) || parts.joined().isEmpty, "'\(path)' fits nothing shorter")
    }
}
