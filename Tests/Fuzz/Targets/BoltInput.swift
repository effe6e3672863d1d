import Basics
import Images

/// The input is the pages of a bbolt database behind the first two, 512 bytes each, of which the first is the root: a fuzzer does
/// not find out checksums.
struct BoltInput {
    private static let pageSize = 512
    private let file: [UInt8]

    init(_ input: [UInt8]) {
        let count = (input.count + Self.pageSize - 1) / Self.pageSize
        let filling = [UInt8](repeating: 0, count: count * Self.pageSize - input.count)
        let meta = Self.meta(pages: UInt64(2 + count))
        file = meta + meta + input + filling
    }

    func check() throws {
        let folder = try Folder()
        try folder.write(file, to: "meta.db", in: "io.containerd.metadata.v1.bolt")
        let directory = try Directory(opening: folder.path, label: "/containerd")
        // What the reader of a store makes of it.
        if let stores = try parsed({ () throws(Failure) in try ImageStores(in: directory, at: .top) }) {
            _ = try parsed { () throws(Failure) in try stores.listing() }
            _ = try parsed { () throws(Failure) in try stores.image(ImageReference("small:1")) }
        }
        let path: Path = "io.containerd.metadata.v1.bolt/meta.db"
        guard let database = try parsed({ () throws(Failure) in try BoltDatabase(at: path, in: directory) }) else { return }
        var left = 10_000
        try check(database.root, depth: 0, &left)
    }

    /// All keys come in order, and each is found by itself.
    private func check(_ bucket: BoltBucket, depth: Int, _ left: inout Int) throws {
        if depth > 4 { return }
        var items: [([UInt8], BoltBucket.Item)] = []
        let isWhole: Bool? = try parsed { () throws(Failure) in
            try bucket.visitAll { (key, item) in items.append((key, item)) }
            return true
        }
        for (index, (key, item)) in items.enumerated() {
            if index > 0 { try expect(items[index - 1].0.lexicographicallyPrecedes(key), "keys are in order") }
            left -= 1
            if left < 0 { return }
            let found = try parsed { () throws(Failure) in try bucket.item(key) }
            switch (item, found) {
            case (.value(let value), .value(let other)?): try expect(value == other, "a key has one value")
            case (.bucket(let inner), .bucket?): try check(inner, depth: depth + 1, &left)
            default: try expect(isWhole == nil, "a key that was visited is found")
            }
        }
    }

    /// Its number, flags and sizes; magic, version, page size; the root bucket's page; pages, transaction, checksum.
    private static func meta(pages: UInt64) -> [UInt8] {
        let header = numbers(0, size: 8) + numbers(4, size: 8)
        let body =
            numbers(0xed0c_daed, size: 4) + numbers(2, size: 4) + numbers(UInt64(pageSize), size: 4) + numbers(0, size: 4)
            + numbers(2, size: 8) + numbers(0, size: 8) + numbers(.max, size: 8) + numbers(pages, size: 8) + numbers(1, size: 8)
        let sum = body.reduce(0xcbf2_9ce4_8422_2325 as UInt64) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
        let page = header + body + numbers(sum, size: 8)
        return page + [UInt8](repeating: 0, count: pageSize - page.count)
    }

    private static func numbers(_ value: UInt64, size: Int) -> [UInt8] {
        (0..<size).map { UInt8(truncatingIfNeeded: value >> UInt64(8 * $0)) }
    }
}
