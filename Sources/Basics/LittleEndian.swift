/// Numbers in files of other programs, for the companion: docker-btrfs-init has two readers of its own, which are smaller there.
extension RandomAccessCollection<UInt8> where Index == Int {
    /// A little-endian number, counted from the first byte on; nil where it is not all there.
    package func number<Number: FixedWidthInteger>(at offset: Int, _ type: Number.Type) -> Number? {
        let size = MemoryLayout<Number>.size
        guard offset >= 0, offset <= count - size else { return nil }
        var number: Number = 0
        for index in (0..<size).reversed() { number = number << 8 | Number(truncatingIfNeeded: self[startIndex + offset + index]) }
        return number
    }
}
