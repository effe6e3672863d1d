/// The smallest file that is a program or a module for x86-64: a header, no segments, one section and the names.
public func sampleELF(section: String, _ content: [UInt8]) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 64)
    func put(_ value: Int, at offset: Int, size: Int = 8) {
        for byte in 0..<size { bytes[offset + byte] = UInt8(truncatingIfNeeded: value >> (8 * byte)) }
    }
    bytes.replaceSubrange(0..<6, with: [0x7f, 0x45, 0x4c, 0x46, 2, 1])
    put(62, at: 18, size: 2)
    put(2, at: 60, size: 2)
    put(1, at: 62, size: 2)
    let names = [0] + Array(section.utf8) + [0]
    let header = 64 + content.count + names.count
    put(header, at: 40)
    bytes += content + names + [UInt8](repeating: 0, count: 128)
    put(1, at: header, size: 4)
    put(64, at: header + 24)
    put(content.count, at: header + 32)
    put(64 + content.count, at: header + 64 + 24)
    put(names.count, at: header + 64 + 32)
    return bytes
}

/// What passes for docker-btrfs-init: a static program with our note.
public func sampleProgram(_ version: String) -> [UInt8] {
    sampleELF(section: ".note.docker-btrfs", [UInt8](repeating: 0, count: 28) + Array(version.utf8) + [0])
}

public func sampleModule(_ information: String...) -> [UInt8] {
    sampleELF(section: ".modinfo", information.flatMap { Array($0.utf8) + [0] })
}
