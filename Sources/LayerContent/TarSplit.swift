internal import Basics
internal import Decompression

/// What Docker and Podman keep of a layer's archive, to be able to make it once more: https://github.com/vbatts/tar-split. A line of
/// JSON for each name, with its size and checksum, and one for each piece that is no content.
struct TarSplit {
    let file: CompressedFile
    let name: String

    /// In bytes. A piece has the header of a file with its attributes.
    private static let longestLine = 16 << 20

    /// Fails where the file is damaged, and as `body` does.
    func visitAll(_ body: (RecordedFile) throws(Failure) -> Void) throws(Failure) {
        var piece = [UInt8](repeating: 0, count: 1 << 18)
        var line: [UInt8] = []
        while true {
            let count = try file.read(into: &piece, piece.indices)
            if count == 0 { break }
            var rest = piece[..<count]
            while let end = rest.firstIndex(of: UInt8(ascii: "\n")) {
                line += rest[..<end]
                try read(line, body)
                line.removeAll(keepingCapacity: true)
                rest = rest[(end + 1)...]
            }
            line += rest
            if line.count > Self.longestLine { throw Failure("could not read '\(name)': it has a line of more than 16 MiB") }
        }
        try read(line, body)
    }

    /// What Go writes before a piece without content, which is half of all lines and needs no parser.
    private static let segment = Array(#"{"type":2,"#.utf8)

    private func read(_ line: [UInt8], _ body: (RecordedFile) throws(Failure) -> Void) throws(Failure) {
        if line.isEmpty || line.starts(with: Self.segment) { return }
        let json = try JSON(parsing: line, name: name)
        guard json["type"]?.integer == 1 else { return }
        let raw = json["name_raw"]?.string.flatMap { bytes(ofBase64: $0) }
        guard let path = raw ?? json["name"]?.string.map({ Array($0.utf8) }) else { return }
        let checksum = json["payload"]?.string.flatMap { bytes(ofBase64: $0) }
        try body(
            RecordedFile(
                name: path, size: json["size"]?.integer ?? 0,
                checksum: checksum.flatMap { $0.count == 8 ? $0.reduce(0) { $0 << 8 | UInt64($1) } : nil }))
    }
}

/// RFC 4648; nil for anything else.
private func bytes(ofBase64 text: String) -> [UInt8]? {
    var bytes: [UInt8] = []
    var (value, bits) = (0, 0)
    for digit in text.utf8 {
        let number: UInt8
        switch digit {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): number = digit - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): number = digit - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): number = digit - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"): number = 62
        case UInt8(ascii: "/"): number = 63
        case UInt8(ascii: "="): return bytes
        default: return nil
        }
        value = (value << 6 | Int(number)) & 0xffff
        bits += 6
        if bits >= 8 {
            bits -= 8
            bytes.append(UInt8(truncatingIfNeeded: value >> bits))
        }
    }
    return bytes
}
