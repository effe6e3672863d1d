package import Basics

/// A program, or a kernel module, for a 64-bit machine.
package struct ELF {
    /// What it is for; 62 is x86-64.
    let machine: Int
    /// In bytes.
    private let size: Int
    /// Reads a part that is within the file; nil where that fails.
    private let part: (_ start: Int, _ count: Int) -> ArraySlice<UInt8>?

    /// nil for what is no such file or is cut off.
    init?(_ bytes: ArraySlice<UInt8>) {
        self.init(size: bytes.count) { bytes.dropFirst($0).prefix($1) }
    }

    /// The same of a file of which only what is looked at is read.
    private init?(_ file: RegularFile) {
        self.init(size: file.size) { start, count in
            guard count <= Self.largest, let bytes = try? file.bytes(at: start, count), bytes.count == count else { return nil }
            return bytes[...]
        }
    }

    private init?(size: Int, part: @escaping (_ start: Int, _ count: Int) -> ArraySlice<UInt8>?) {
        guard size >= Self.headerSize, let header = part(0, Self.headerSize), header.starts(with: [0x7f, 0x45, 0x4c, 0x46, 2, 1]),
            let machine = header.smallNumber(at: 18, UInt16.self)
        else { return nil }
        (self.size, self.part, self.machine) = (size, part, machine)
    }

    private static let headerSize = 64
    /// No part of a program that is read has more bytes. A file without data may have any size.
    private static let largest = 256 << 20

    private func content(at offset: Int, _ count: Int) -> ArraySlice<UInt8>? {
        offset >= 0 && count >= 0 && count <= size - offset ? part(offset, count) : nil
    }

    private func smallNumber<Number: FixedWidthInteger>(at offset: Int, _ type: Number.Type) -> Int? {
        content(at: offset, MemoryLayout<Number>.size)?.smallNumber(at: 0, type)
    }

    /// Whether the kernel can start it without a dynamic linker.
    var isStatic: Bool {
        guard let segments = smallNumber(at: 32, UInt64.self), let count = smallNumber(at: 56, UInt16.self) else { return false }
        let interpreter = 3
        return !(0..<count).contains { smallNumber(at: segments + $0 * 56, UInt32.self) == interpreter }
    }

    static let x86 = 62

    /// The content of a section; nil where there is none of that name.
    func section(_ name: String) -> ArraySlice<UInt8>? {
        guard let table = smallNumber(at: 40, UInt64.self), let count = smallNumber(at: 60, UInt16.self),
            let namesIndex = smallNumber(at: 62, UInt16.self), let names = content(ofHeaderAt: table + namesIndex * 64)
        else { return nil }
        for index in 0..<count {
            guard let offset = smallNumber(at: table + index * 64, UInt32.self), offset < names.count else { continue }
            // Not the whole name: one of those that lead there may be as long as the file.
            if names.dropFirst(offset).starts(with: Array(name.utf8) + [0]) {
                return content(ofHeaderAt: table + index * 64)
            }
        }
        return nil
    }

    private func content(ofHeaderAt header: Int) -> ArraySlice<UInt8>? {
        guard let offset = smallNumber(at: header + 24, UInt64.self), let size = smallNumber(at: header + 32, UInt64.self) else {
            return nil
        }
        return content(at: offset, size)
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
    package static func newestGlibc(in file: RegularFile) -> Int? {
        let prefix = Array("GLIBC_2.".utf8)
        let names = ELF(file)?.section(".dynstr")?.split(separator: 0) ?? []
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
