internal import Basics
internal import Decompression

/// A layer's archive in the content store of containerd: the names in it, with size and checksum. Format: POSIX pax with what GNU tar
/// added for long names and sparse files, https://www.gnu.org/software/tar/manual/html_node/Standard.html.
struct TarArchive {
    private let file: CompressedFile
    private let name: String
    /// Whether the content is looked at, and not only passed over.
    private let hasChecksums: Bool

    init(_ file: CompressedFile, name: String, hasChecksums: Bool) {
        self.file = file
        self.name = name
        self.hasChecksums = hasChecksums
    }

    private static let block = 512
    /// In bytes, of a name or of the attributes of one file.
    private static let longestText = 8 << 20

    /// Fails where the archive is damaged, and as `body` does.
    func visitAll(_ body: (RecordedFile) throws(Failure) -> Void) throws(Failure) {
        // What headers before it say of the next file.
        var next = Extension()
        while let header = try header() {
            switch header.kind {
            case UInt8(ascii: "x"): try next.read(text(header.size), damage: damage)
            case UInt8(ascii: "L"): next.name = Array(try text(header.size).prefix { $0 != 0 })
            case UInt8(ascii: "g"), UInt8(ascii: "K"): try skip(header.size)
            default:
                try body(try recorded(header, next))
                next = Extension()
            }
        }
    }

    private func recorded(_ header: Header, _ next: Extension) throws(Failure) -> RecordedFile {
        let name = next.name ?? header.name
        let size = next.size ?? header.size
        let isFile = [0, UInt8(ascii: "0"), UInt8(ascii: "7")].contains(header.kind) && name.last != UInt8(ascii: "/")
        if isFile && !next.isSparse && size > 0 {
            return RecordedFile(name: name, size: size, checksum: try checksum(size))
        }
        // Sparse files of GNU tar are not compared: their content is not in one piece.
        if header.kind == UInt8(ascii: "S") {
            var hasMore = header.hasMoreHoles
            while hasMore { hasMore = try bytes(Self.block)[504] != 0 }
        }
        // Links, directories and devices have no content, whatever their size says.
        let hasContent = isFile || header.kind == UInt8(ascii: "S")
        if hasContent { try skip(size) }
        let slash = [UInt8(ascii: "/")]
        let isFolder = header.kind == UInt8(ascii: "5") && name.last != slash[0]
        return RecordedFile(name: isFolder ? name + slash : name, size: 0, checksum: nil)
    }

    private func checksum(_ size: Int) throws(Failure) -> UInt64? {
        guard hasChecksums else {
            try skip(size)
            return nil
        }
        var checksum = Checksum()
        try forEachPiece(of: size) { checksum.add($0) }
        return checksum.value
    }

    /// nil at the archive's end.
    private func header() throws(Failure) -> Header? {
        guard let block = try bytes(Self.block, orEnd: true), block.contains(where: { $0 != 0 }) else { return nil }
        guard let header = Header(block) else { throw damage("it has no header of tar where one should be") }
        return header
    }

    private func text(_ size: Int) throws(Failure) -> [UInt8] {
        guard size <= Self.longestText else { throw damage("it has a name of more than 8 MiB") }
        var text: [UInt8] = []
        try forEachPiece(of: size) { text += $0 }
        return text
    }

    private func skip(_ size: Int) throws(Failure) { try forEachPiece(of: size) { _ in } }

    /// Content is filled up to whole blocks.
    private func forEachPiece(of size: Int, _ body: (UnsafeRawBufferPointer) -> Void) throws(Failure) {
        var left = size
        var buffer = [UInt8](repeating: 0, count: min(size, 1 << 17))
        while left > 0 {
            let wanted = min(left, buffer.count)
            let count = try file.read(into: &buffer, 0..<wanted)
            buffer[..<count].withUnsafeBytes(body)
            if count == 0 { throw damage("it is cut off") }
            left -= count
        }
        let padding = (Self.block - size % Self.block) % Self.block
        if padding > 0 { _ = try bytes(padding) }
    }

    private func bytes(_ count: Int) throws(Failure) -> [UInt8] { try bytes(count, orEnd: false) ?? [] }

    private func bytes(_ count: Int, orEnd: Bool) throws(Failure) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: count)
        var filled = 0
        while filled < count {
            let read = try file.read(into: &bytes, filled..<count)
            if read == 0 && filled == 0 && orEnd { return nil }
            if read == 0 { throw damage("it is cut off") }
            filled += read
        }
        return bytes
    }

    private func damage(_ reason: String) -> Failure { Failure("could not read '\(name)': \(reason)") }
}

/// The 512 bytes before a file.
private struct Header {
    let name: [UInt8]
    let size: Int
    let kind: UInt8
    /// Of the old sparse format: whether the next block has more of its list.
    let hasMoreHoles: Bool

    /// nil where it is none: its sum is another one.
    init?(_ block: [UInt8]) {
        var sum = 0
        for (index, byte) in block.enumerated() { sum += (148..<156).contains(index) ? 0x20 : Int(byte) }
        guard Self.number(block[148..<156]) == sum, let size = Self.number(block[124..<136]), size >= 0 else { return nil }
        self.size = size
        kind = block[156]
        hasMoreHoles = block[482] != 0
        let text = { (field: Range<Int>) in Array(block[field].prefix { $0 != 0 }) }
        // Only POSIX's form has the first part of a name there: GNU tar's magic ends with a space.
        let prefix = block[257..<263].elementsEqual("ustar\0".utf8) ? text(345..<500) : []
        name = (prefix.isEmpty ? [] : prefix + [UInt8(ascii: "/")]) + text(0..<100)
    }

    /// Octal digits, or with the highest bit a number in big-endian order.
    private static func number(_ field: ArraySlice<UInt8>) -> Int? {
        if let first = field.first, first & 0x80 != 0 {
            let digits = [first & 0x7f] + field.dropFirst()
            guard digits.dropLast(7).allSatisfy({ $0 == 0 }) else { return nil }
            return digits.reduce(0) { $0 << 8 | Int($1) }
        }
        let digits = field.drop { $0 == 0x20 }.prefix { $0 != 0x20 && $0 != 0 }
        return digits.isEmpty ? 0 : Int(String(decoding: digits, as: UTF8.self), radix: 8)
    }
}

/// What pax headers say of the file behind them.
private struct Extension {
    var name: [UInt8]?
    var size: Int?
    var isSparse = false

    /// Records of the form `LENGTH KEY=VALUE\n`, where the length counts all of it.
    mutating func read(_ text: [UInt8], damage: (String) -> Failure) throws(Failure) {
        var rest = text[...]
        while !rest.isEmpty {
            let digits = rest.prefix { $0 != 0x20 }
            guard let length = Int(String(decoding: digits, as: UTF8.self)), length > digits.count + 1, length <= rest.count else {
                throw damage("it has a damaged header")
            }
            let record = rest.prefix(length).dropFirst(digits.count + 1).dropLast()
            rest = rest.dropFirst(length)
            let key = record.prefix { $0 != UInt8(ascii: "=") }
            let value = Array(record.dropFirst(key.count + 1))
            switch String(decoding: key, as: UTF8.self) {
            case "path": name = value
            case "size":
                guard let number = Int(String(decoding: value, as: UTF8.self)), number >= 0 else { throw damage("it has a damaged header") }
                size = number
            case let key where key.hasPrefix("GNU.sparse."): isSparse = true
            default: break
            }
        }
    }
}
