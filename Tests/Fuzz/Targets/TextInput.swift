import Basics
import Boot
import Images

/// The input is /etc/docker-btrfs.json.
func checkConfiguration(_ input: [UInt8]) throws {
    guard let configuration = try parsed({ () throws(Failure) in try Configuration(parsing: input, name: "/etc/docker-btrfs.json") })
    else { return }
    guard let image = configuration.image else { return }
    try expect(!image.isEmpty, "an image that is named has a name")
    let written = JSONOutput.object([("docker_image", .string(image))]).text
    try expect(try Configuration(parsing: Array(written.utf8), name: "written").image == image, "a text is read as it was written")
    try checkReference(Array(image.utf8))
}

/// The input is an image reference.
func checkReference(_ input: [UInt8]) throws {
    let text = String(decoding: input, as: UTF8.self)
    guard let reference = try parsed({ () throws(Failure) in try ImageReference(text) }) else { return }
    try expectPrintable(reference.description)
    guard case .name(let name) = reference.kind else { return }
    try expect(name.path.utf8.count <= 255 && !name.path.isEmpty, "a repository has a name: \(name)")
    try expectSound(Path(name.repository) ?? "..", "a repository")
    // Docker's short form of docker.io/other.host/x is other.host/x, which is another image.
    if name.host == "docker.io" && (name.path.contains(".") || name.path.hasPrefix("localhost/")) { return }
    try expect(try ImageReference(reference.description).kind == reference.kind, "\(reference) is the name that was read")
}

/// The input is a path, and the name of a directory where roots are kept.
func checkPath(_ input: [UInt8]) throws {
    guard let path = Path(input) else {
        try expect(input.contains(0) || input.contains(UInt8(ascii: ".")), "only '..' and NUL are refused")
        return
    }
    try expectSound(path, "a path")
    try expectPrintable(path.description)
    try expect(path.parent / (Path(path.name) ?? "none") == path, "a path is its parent and its name: \(path)")
    try expect(path.components.count == path.bytes.split(separator: UInt8(ascii: "/")).count, "a path is its components")
    try expect(Path.top / path == path && path / .top == path, "the top adds nothing to a path")
    try expect(("a" as Path / path).bytes.starts(with: "a".utf8), "what is below a directory stays below it: \(path)")
}
