internal import Basics

/// What the devices of the running machine call themselves, for modules.alias.
func modaliases(below devices: Directory) throws(Failure) -> Set<String> {
    var found: Set<String> = []
    for name in try devices.names() {
        let path = Path.top.appending(name: name)
        guard let status = try devices.status(of: path) else { continue }
        if status.kind == .directory, let below = try devices.directory(at: path) {
            found.formUnion(try modaliases(below: below))
        } else if status.kind == .file, path == "modalias", let text = try? devices.contents(of: path) {
            // Some are empty, and those of devices that just went away cannot be read.
            let name = String(decoding: text, as: UTF8.self).prefix { $0 != "\n" }
            if !name.isEmpty { found.insert(String(name)) }
        }
    }
    return found
}

/// The filesystems that the running kernel knows and that have a disk: the top layer's is one of them where it is in use.
func knownFilesystems(_ list: [UInt8]) -> [String] {
    String(decoding: list, as: UTF8.self).split(separator: "\n").filter { $0.hasPrefix("\t") }.map { String($0.dropFirst()) }
}
