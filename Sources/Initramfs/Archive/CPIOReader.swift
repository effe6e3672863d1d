internal import Basics

/// Reads one cpio archive of the format `newc` that begins where `bytes` do.
struct CPIOReader {
    private let bytes: ArraySlice<UInt8>
    /// How messages name the file.
    private let name: String
    private var offset = 0
    private var entries: [CPIOEntry] = []
    /// Those of the archives before it.
    private let others: Int
    /// More than any initramfs has by far, in all its archives.
    private static let mostEntries = 1 << 18
    /// PATH_MAX. The kernel passes over an entry with a longer name, and over a symlink that leads to a longer one.
    static let longestPath = 4096

    private init(_ bytes: ArraySlice<UInt8>, name: String, after others: Int) {
        self.bytes = bytes
        self.name = name
        self.others = others
    }

    /// The entries, and what follows the archive. Hard links all have the content that one of them brings. `others` is how many files the
    /// initramfs has already.
    static func read(
        _ bytes: ArraySlice<UInt8>, name: String, after others: Int = 0
    ) throws(Failure) -> (entries: [CPIOEntry], rest: ArraySlice<UInt8>) {
        var reader = CPIOReader(bytes, name: name, after: others)
        while try reader.readEntry() {}
        return (reader.linked(), bytes.dropFirst(reader.offset))
    }

    /// False at the trailer.
    private mutating func readEntry() throws(Failure) -> Bool {
        let start = offset
        let header = Array(try take(CPIOFormat.headerSize))
        guard header.starts(with: CPIOFormat.magic) || header.starts(with: CPIOFormat.magicWithSum) else { throw broken(at: start) }
        var fields: [Int] = []
        for field in 0..<13 {
            guard let value = hexadecimalNumber(header[(6 + field * 8)..<(14 + field * 8)]) else { throw broken(at: start) }
            fields.append(value)
        }
        let written = try take(fields[11])
        guard written.last == 0 else { throw broken(at: start) }
        try skipPadding()
        if written.dropLast().elementsEqual(CPIOFormat.trailer) { return false }
        let content = try take(fields[6])
        try skipPadding()
        let isLink = CPIOEntry.Kind(rawValue: UInt32(fields[1]) & 0o170000) == .symlink
        if written.count > Self.longestPath || isLink && content.count > Self.longestPath { return true }
        guard let path = Path(written.dropLast()) else { throw broken(at: start) }
        if others + entries.count >= Self.mostEntries {
            throw Failure("could not read '\(name)': it has more than \(Self.mostEntries) files, as no initramfs has")
        }
        let device = CPIOEntry.DeviceNumber(major: fields[9], minor: fields[10])
        // Numbers of files on two devices may be the same: what identifies one is both.
        let inode = fields[7] << 48 ^ fields[8] << 32 ^ fields[0]
        entries.append(CPIOEntry(path, mode: UInt32(fields[1]), content: content, device: device, inode: inode, links: fields[4]))
        return true
    }

    private mutating func take(_ count: Int) throws(Failure) -> ArraySlice<UInt8> {
        guard count <= bytes.count - offset else {
            throw Failure("could not read '\(name)': it is cut off: its cpio archive goes on after byte \(bytes.endIndex)")
        }
        defer { offset += count }
        return bytes[(bytes.startIndex + offset)..<(bytes.startIndex + offset + count)]
    }

    /// The trailer's own padding may be missing: nothing is read behind it.
    private mutating func skipPadding() throws(Failure) {
        offset = min(CPIOFormat.padded(offset), bytes.count)
    }

    private func broken(at start: Int) -> Failure {
        Failure("could not read '\(name)': there is no cpio header at byte \(bytes.startIndex + start)")
    }

    private func linked() -> [CPIOEntry] {
        var contents: [Int: ArraySlice<UInt8>] = [:]
        for entry in entries where entry.kind == .file && entry.links > 1 && !entry.content.isEmpty {
            contents[entry.inode] = entry.content
        }
        return entries.map { entry in
            guard entry.kind == .file, entry.links > 1, let content = contents[entry.inode] else { return entry }
            var entry = entry
            entry.content = content
            return entry
        }
    }
}

private func hexadecimalNumber(_ digits: ArraySlice<UInt8>) -> Int? {
    var number = 0
    for digit in digits {
        let isUpper = (UInt8(ascii: "A")...UInt8(ascii: "F")).contains(digit)
        guard let value = hexValue(isUpper ? digit + 32 : digit) else { return nil }
        number = number << 4 | Int(value)
    }
    return number
}
