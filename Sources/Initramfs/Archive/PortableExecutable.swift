internal import Basics

/// An EFI program, of which a unified kernel image is one: the kernel, its command line and the initramfs are sections of it.
struct PortableExecutable {
    struct Section: Equatable {
        let name: String
        let address: Int
        /// In memory; what the file has may be padded.
        let size: Int
        let offset: Int
        let storedSize: Int

        var end: Int { address + size }
        fileprivate var fileEnd: Int { offset + min(size, storedSize) }
    }

    static let magic = Array("MZ".utf8)[...]

    let sections: [Section]
    let imageBase: Int
    let sectionAlignment: Int
    private let bytes: [UInt8]
    private let name: String

    init(_ bytes: [UInt8], name: String) throws(Failure) {
        self.bytes = bytes
        self.name = name
        let broken = Failure("could not read '\(name)': it is no EFI program for x86-64")
        guard let header = bytes.smallNumber(at: 0x3c, UInt32.self), bytes.smallNumber(at: header, UInt32.self) == 0x4550,
            bytes.smallNumber(at: header + 4, UInt16.self) == 0x8664, let count = bytes.smallNumber(at: header + 6, UInt16.self),
            let optionalSize = bytes.smallNumber(at: header + 20, UInt16.self), bytes.smallNumber(at: header + 24, UInt16.self) == 0x20b,
            let imageBase = bytes.smallNumber(at: header + 48, UInt64.self),
            let alignment = bytes.smallNumber(at: header + 56, UInt32.self),
            alignment > 0
        else { throw broken }
        self.imageBase = imageBase
        sectionAlignment = alignment
        var sections: [Section] = []
        for index in 0..<count {
            guard let section = Section(in: bytes, at: header + 24 + optionalSize + index * 40) else { throw broken }
            // Also one that nobody asks for: the firmware does.
            if section.fileEnd > bytes.count { throw Failure("could not read '\(name)': it is cut off in section '\(section.name)'") }
            sections.append(section)
        }
        self.sections = sections
    }

    /// The content of a section; nil where there is none of that name.
    func content(of section: String) -> [UInt8]? {
        sections.first { $0.name == section }.map { Array(bytes[$0.offset..<$0.fileEnd]) }
    }

    func initramfs() throws(Failure) -> [UInt8] {
        if let content = content(of: ".initrd") { return content }
        throw Failure("could not read '\(name)': it is an EFI program without an initramfs (section '.initrd')")
    }
}

/// Whether an EFI program for x86-64 has a signature, whoever made that: its directory of certificates is not empty.
package func isSignedProgram(_ bytes: [UInt8]) -> Bool {
    guard let header = bytes.smallNumber(at: 0x3c, UInt32.self), bytes.smallNumber(at: header, UInt32.self) == 0x4550,
        bytes.smallNumber(at: header + 24, UInt16.self) == 0x20b, let directories = bytes.smallNumber(at: header + 24 + 108, UInt32.self),
        directories > 4,
        let size = bytes.smallNumber(at: header + 24 + 112 + 4 * 8 + 4, UInt32.self)
    else { return false }
    return size > 0
}

extension PortableExecutable.Section {
    fileprivate init?(in bytes: [UInt8], at offset: Int) {
        guard let size = bytes.smallNumber(at: offset + 8, UInt32.self), let address = bytes.smallNumber(at: offset + 12, UInt32.self),
            let storedSize = bytes.smallNumber(at: offset + 16, UInt32.self), let place = bytes.smallNumber(at: offset + 20, UInt32.self)
        else { return nil }
        name = String(decoding: bytes[offset..<(offset + 8)].prefix { $0 != 0 }, as: UTF8.self)
        self.address = address
        self.size = size
        self.offset = place
        self.storedSize = storedSize
    }
}

extension RandomAccessCollection<UInt8> where Index == Int {
    /// A little-endian number, `offset` bytes from the first one; nil where the bytes end before it does, and where it is too large
    /// to be one of an offset or size.
    func smallNumber<Number: FixedWidthInteger>(at offset: Int, _ type: Number.Type) -> Int? {
        number(at: offset, type).flatMap { $0 <= UInt64(Int32.max) << 16 ? Int($0) : nil }
    }
}
