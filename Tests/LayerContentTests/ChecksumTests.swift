import Testing

@testable import LayerContent

struct ChecksumTests {
    private func checksum(_ pieces: [[UInt8]]) -> UInt64 {
        var checksum = Checksum()
        for piece in pieces { piece.withUnsafeBytes { checksum.add($0) } }
        return checksum.value
    }

    /// The check value of CRC-64/GO-ISO in the catalogue of parametrised CRC algorithms.
    @Test func `it is the one of Go`() {
        #expect(checksum([Array("123456789".utf8)]) == 0xb909_56c7_75a4_1001)
        #expect(checksum([]) == 0)
    }

    @Test func `pieces of any length are as the whole`() {
        let bytes = (0..<1000).map { UInt8(truncatingIfNeeded: $0 &* 167 &+ $0 >> 3) }
        let whole = checksum([bytes])
        for length in [1, 3, 7, 8, 9, 64, 500] {
            let pieces = stride(from: 0, to: bytes.count, by: length).map { Array(bytes[$0..<min($0 + length, bytes.count)]) }
            #expect(checksum(pieces) == whole, "\(length)")
        }
    }
}
