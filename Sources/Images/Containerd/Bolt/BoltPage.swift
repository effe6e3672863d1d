/// A page of a tree (bbolt, internal/common/page.go): a header, an element of 16 bytes for each key, then keys and values.
struct BoltPage {
    struct Header {
        static let size = 16
        let number: UInt64
        let flags: UInt16
        let count: Int
        /// How many more pages this one goes on in.
        let overflow: UInt32

        init?(_ bytes: [UInt8], at start: Int) {
            guard bytes.count >= start + Self.size else { return nil }
            number = bytes.number64(at: start)
            flags = bytes.number16(at: start + 8)
            count = Int(bytes.number16(at: start + 10))
            overflow = bytes.number32(at: start + 12)
        }
    }

    private struct Element {
        let key: Range<Int>
        let value: Range<Int>
        let isBucket: Bool
        /// The page below, of a branch.
        let child: UInt64
    }

    let isLeaf: Bool
    private let bytes: [UInt8]
    private let elements: [Element]

    /// Takes a page that begins at `start`. nil where it is neither branch nor leaf, where something of it lies outside the bytes,
    /// and where its keys are not in ascending order.
    init?(_ bytes: [UInt8], at start: Int) {
        guard let header = Header(bytes, at: start), [Self.branch, Self.leaf].contains(header.flags) else { return nil }
        isLeaf = header.flags == Self.leaf
        self.bytes = bytes
        var elements: [Element] = []
        elements.reserveCapacity(header.count)
        for index in 0..<header.count {
            let place = start + Header.size * (index + 1)
            guard let element = Self.element(of: bytes, at: place, isLeaf: isLeaf) else { return nil }
            if let last = elements.last, !bytes[last.key].lexicographicallyPrecedes(bytes[element.key]) { return nil }
            elements.append(element)
        }
        self.elements = elements
    }

    private static let branch: UInt16 = 1
    private static let leaf: UInt16 = 2

    /// A branch has position, size and page; a leaf has flags, position, and the sizes of key and value.
    private static func element(of bytes: [UInt8], at place: Int, isLeaf: Bool) -> Element? {
        guard bytes.count >= place + 16 else { return nil }
        let first = isLeaf ? place + 4 : place
        let start = place + Int(bytes.number32(at: first))
        let middle = start + Int(bytes.number32(at: first + 4))
        let end = isLeaf ? middle + Int(bytes.number32(at: place + 12)) : middle
        let flags = isLeaf ? bytes.number32(at: place) : 0
        guard start >= place + 16, end <= bytes.count, flags <= 1 else { return nil }
        let child = isLeaf ? 0 : bytes.number64(at: place + 8)
        return Element(key: start..<middle, value: middle..<end, isBucket: flags == 1, child: child)
    }

    var count: Int { elements.count }

    func key(_ index: Int) -> ArraySlice<UInt8> { bytes[elements[index].key] }

    func child(_ index: Int) -> UInt64 { elements[index].child }

    /// A leaf's value, and whether it is a bucket.
    func value(_ index: Int) -> (bytes: ArraySlice<UInt8>, isBucket: Bool) {
        (bytes[elements[index].value], elements[index].isBucket)
    }

    /// The last key that is not after `key`; nil where all are.
    func index(notAfter key: [UInt8]) -> Int? {
        var low = 0
        var high = elements.count
        while low < high {
            let middle = (low + high) / 2
            if key.lexicographicallyPrecedes(self.key(middle)) { high = middle } else { low = middle + 1 }
        }
        return low == 0 ? nil : low - 1
    }
}
