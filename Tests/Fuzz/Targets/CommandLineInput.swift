import Basics
import Boot

/// The input is a kernel command line.
func checkCommandLine(_ input: [UInt8]) throws {
    let line = KernelCommandLine(input)
    for parameter in line.parameters {
        try expect(!parameter.key.isEmpty || parameter.value == nil, "a value has a key")
        try expect(parameter.key != "--" || parameter.value != nil, "what follows a lone '--' is left out")
    }
    // As many quotes as there are, even or odd: then what is appended is a parameter of its own.
    let isOpen = input.count { $0 == UInt8(ascii: "\"") } % 2 == 1
    if !isOpen {
        let longer = KernelCommandLine(input + Array(" -- docker_path=/other".utf8))
        try expect(longer == line, "what is for init changes nothing")
    }
    let sample = try Configuration(parsing: Array(#"{"docker_image":"sample_image"}"#.utf8), name: "sample")
    let asked = try parsed { () throws(Failure) in try Request(line, sample) }
    if let request = try parsed({ () throws(Failure) in try Request(line, .none) }) {
        try expect(request.isImageChosen && asked == request, "a chosen image comes before the configuration's")
    }
    if let asked { try check(asked, line) }
}

private func check(_ request: Request, _ line: KernelCommandLine) throws {
    try expect(line.last(Request.optIn) != nil, "nothing is done without '\(Request.optIn)='")
    try expectSound(request.name, "the root's name")
    try expect(!request.name.isTop, "the top level is never replaced")
    try expectPlace(of: request.name)
    if let path = request.dockerPath { try expectSound(path, "docker_path=") }
    for folder in request.bootFolders { try expectSound(folder, "a boot folder") }
    if let path = request.root.initProgram { try expectSound(path, "init=") }
    if let layer = request.topLayer {
        try expectSound(layer.path, "toplayer_path=")
        try expectNamed(layer.device)
        try expect(!layer.options.contains(""), "no mount option is empty")
    }
    try expectNamed(request.root.device)
    let options = request.rootOptions
    try expect(!options.contains { $0.isEmpty || $0 == "ro" || $0 == "rw" || $0.hasPrefix("subvol=") }, "only other options are left")
    try expect(!options.contains { $0.hasPrefix("subvolid=") }, "subvolid= is refused")
    if case .seconds(let seconds) = request.root.patience { try expect(seconds >= 0, "a wait is not negative") }
    try expect(request.keep >= 0 && request.tries >= 1, "an image has one try at least")
    try checkReference(Array(request.image.text.utf8))
}

/// Of what docker-btrfs keeps, only a kept root can be booted.
private func expectPlace(of name: Path) throws(Violation) {
    let parts = name.components.map { String(decoding: $0, as: UTF8.self) }
    if parts[0] != ".docker-btrfs" { return }
    try expect(parts.count == 4 && parts[1] == "roots" && Int(parts[3]) ?? -1 >= 0, "'\(name)' is a kept root's place")
}

private func expectNamed(_ device: DeviceName) throws(Violation) {
    switch device {
    case .path(let path): try expect(path.hasPrefix("/dev/"), "a device is below /dev: \(path)")
    default: try expect(device.tag?.value.isEmpty == false && DeviceName(device.specification) == device, "a device has a name: \(device)")
    }
}
