internal import Basics

/// A program, or a kernel module, for a 64-bit machine.
package struct ELF {
    /// What it is for; 62 is x86-64.
    let machine: Int
    private let bytes: ArraySlice<UInt8>

    /// nil for what is no such file or is cut off.
    init?(_ bytes: ArraySlice<UInt8>) {
        guard bytes.starts(with: [0x7f, 0x45, 0x4c, 0x46, 2, 1]), let machine = bytes.number(at: 18, size: 2) else { return nil }
        self.bytes = bytes
        self.machine = machine
    }

    /// Whether the kernel can start it without a dynamic linker.
    var isStatic: Bool {
        guard let segments = bytes.number(at: 32, size: 8), let count = bytes.number(at: 56, size: 2) else { return false }
        let interpreter = 3
        return !(0..<count).contains { bytes.number(at: segments + $0 * 56, size: 4) == interpreter }
    }

    static let x86 = 62

    /// The content of a section; nil where there is none of that name.
    func section(_ name: String) -> ArraySlice<UInt8>? {
        guard let table = bytes.number(at: 40, size: 8), let count = bytes.number(at: 60, size: 2),
            let namesIndex = bytes.number(at: 62, size: 2), let names = content(ofHeaderAt: table + namesIndex * 64)
        else { return nil }
        for index in 0..<count {
            guard let offset = bytes.number(at: table + index * 64, size: 4), offset < names.count else { continue }
            // Not the whole name: one of those that lead there may be as long as the file.
            if names.dropFirst(offset).starts(with: Array(name.utf8) + [0]) {
                return content(ofHeaderAt: table + index * 64)
            }
        }
        return nil
    }

    private func content(ofHeaderAt header: Int) -> ArraySlice<UInt8>? {
        guard let offset = bytes.number(at: header + 24, size: 8), let size = bytes.number(at: header + 32, size: 8),
            offset + size <= bytes.count
        else { return nil }
        return bytes.dropFirst(offset).prefix(size)
    }
}

extension ELF {
    /// What the linker made of all that it linked.
    private var buildID: ArraySlice<UInt8>? { section(".note.gnu.build-id") }

    /// Whether two files are one program. dracut takes out what only a debugger reads, and moves the rest.
    package static func areOneProgram(_ file: ArraySlice<UInt8>, _ other: ArraySlice<UInt8>) -> Bool {
        if file == other { return true }
        guard let buildID = ELF(file)?.buildID else { return false }
        return buildID == ELF(other)?.buildID
    }

    /// The newest version of the GNU C library that a program asks for, or that a library has: 36 for GLIBC_2.36; nil where there is none.
    package static func newestGlibc(in file: [UInt8]) -> Int? {
        let prefix = Array("GLIBC_2.".utf8)
        let names = ELF(file[...])?.section(".dynstr")?.split(separator: 0) ?? []
        return names.filter { $0.starts(with: prefix) }.compactMap { Int(String(decoding: $0.dropFirst(prefix.count), as: UTF8.self)) }
            .max()
    }

    /// The version of docker-btrfs-init that a file is; nil for another program.
    package static func initVersion(of file: [UInt8]) -> String? { ELF(file[...])?.initVersion }

    /// The same of this one.
    var initVersion: String? {
        let header = 12
        let name = 16
        guard let note = section(".note.docker-btrfs"), note.count > header + name else { return nil }
        return display(note.dropFirst(header + name).prefix { $0 != 0 })
    }
}
