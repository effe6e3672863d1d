/// The checksum of a file's content in tar-split: CRC-64 with the polynomial of ISO 3309, as Go's hash/crc64 computes it.
struct Checksum: Equatable {
    private var state = UInt64.max

    var value: UInt64 { ~state }

    mutating func add(_ bytes: UnsafeRawBufferPointer) {
        var state = state
        Self.tables.withUnsafeBufferPointer { tables in
            var rest = bytes[...]
            // Eight bytes at once: each of them has a table of its own.
            while rest.count >= 8 {
                state ^= UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: rest.startIndex, as: UInt64.self))
                var next: UInt64 = 0
                for place in 0..<8 { next ^= tables[(7 - place) * 256 + Int(truncatingIfNeeded: state >> UInt64(8 * place) & 0xff)] }
                state = next
                rest = rest.dropFirst(8)
            }
            for byte in rest { state = tables[Int(UInt8(truncatingIfNeeded: state) ^ byte)] ^ state >> 8 }
        }
        self.state = state
    }

    private static let polynomial: UInt64 = 0xd800_0000_0000_0000

    /// 8 tables of 256: what a byte becomes that is followed by 0 to 7 others.
    private static let tables: [UInt64] = {
        var tables = (0..<256).map { byte in
            (0..<8).reduce(UInt64(byte)) { value, _ in value & 1 == 0 ? value >> 1 : value >> 1 ^ polynomial }
        }
        for index in 256..<2048 {
            let before = tables[index - 256]
            tables.append(tables[Int(before & 0xff)] ^ before >> 8)
        }
        return tables
    }()
}
