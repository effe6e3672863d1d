extension Sequence {
    /// The elements in the order of the bytes that each one has. Swift's own order of strings needs tables of Unicode, which would go
    /// into the initramfs.
    public func sortedByBytes(_ bytes: (Element) -> some Sequence<UInt8>) -> [Element] {
        let elements = Array(self)
        return order(of: elements.map { Array(bytes($0)) }).map { elements[$0] }
    }
}

/// Which comes first, second and so on. Not generic: the program has one sort of bytes, and not one for each type.
private func order(of keys: [[UInt8]]) -> [Int] {
    keys.indices.sorted { keys[$0].lexicographicallyPrecedes(keys[$1]) }
}
