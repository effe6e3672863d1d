extension Sequence {
    /// The elements in the order of the bytes that each one has. Swift's own order of strings needs tables of Unicode, which would go
    /// into the initramfs.
    public func sortedByBytes(_ bytes: (Element) -> some Sequence<UInt8>) -> [Element] {
        let elements = Array(self)
        return order(of: elements.map { Array(bytes($0)) }).map { elements[$0] }
    }

    /// The elements in the order of the numbers that each one has; where the first ones are equal the next one counts.
    public func sortedByNumbers(_ numbers: (Element) -> [Int]) -> [Element] { sortedByBytes { bytes(ordering: numbers($0)) } }
}

/// The bytes of numbers, the highest first, are in their order once the sign is turned round.
private func bytes(ordering numbers: [Int]) -> [UInt8] {
    numbers.flatMap { number in (0..<8).map { UInt8(truncatingIfNeeded: (number ^ .min) >> (56 - 8 * $0)) } }
}

/// Which comes first, second and so on. Not generic: the program has one sort, and not one for each type.
private func order(of keys: [[UInt8]]) -> [Int] {
    keys.indices.sorted { keys[$0].lexicographicallyPrecedes(keys[$1]) }
}
