package import Basics

/// A bucket: a tree of pages with sorted keys, whose values are bytes or other buckets.
package struct BoltBucket {
    package enum Item {
        case value([UInt8])
        case bucket(BoltBucket)
    }

    enum Pages {
        case tree(UInt64)
        /// A small bucket lies in the value itself.
        case inline(BoltPage)
    }

    let database: BoltDatabase
    let pages: Pages

    /// What a key leads to; nil where it is not there.
    package func item(_ key: [UInt8]) throws(Failure) -> Item? {
        var (page, limits) = try top()
        var depth = 0
        while !page.isLeaf {
            (page, limits) = try below(page, page.index(notAfter: key) ?? 0, limits, &depth)
        }
        guard let index = page.index(notAfter: key), page.key(index).elementsEqual(key) else { return nil }
        return try item(page, index)
    }

    /// Hands out all keys with their values, in ascending order. Fails as `body` does.
    package func visitAll(_ body: (_ key: [UInt8], Item) throws(Failure) -> Void) throws(Failure) {
        var cursor = try Cursor(self)
        while let (key, item) = try cursor.next() { try body(key, item) }
    }

    /// Which keys a page may have.
    private struct Limits {
        var first: ArraySlice<UInt8> = []
        /// The first that is too large.
        var end: ArraySlice<UInt8>?
    }

    /// A tree of this depth would have more pages than any disk.
    private static let deepest = 32

    private func top() throws(Failure) -> (BoltPage, Limits) {
        switch pages {
        case .inline(let page): (page, Limits())
        case .tree(let number): (try database.page(number), Limits())
        }
    }

    /// The page below a branch. It has to have keys, all of them between the branch's key for it and the next one.
    private func below(
        _ branch: BoltPage, _ index: Int, _ limits: Limits, _ depth: inout Int
    ) throws(Failure) -> (BoltPage, Limits) {
        depth += 1
        guard depth <= Self.deepest, index < branch.count else { throw database.damage("its tree is damaged") }
        let end = index + 1 < branch.count ? branch.key(index + 1) : limits.end
        let inner = Limits(first: branch.key(index), end: end)
        let page = try database.page(branch.child(index))
        guard page.count > 0, !page.key(0).lexicographicallyPrecedes(inner.first),
            inner.end.map({ page.key(page.count - 1).lexicographicallyPrecedes($0) }) ?? true
        else { throw database.damage("page \(branch.child(index)) has keys of another one") }
        return (page, inner)
    }

    /// Goes through a bucket's keys, in ascending order.
    private struct Cursor {
        private let bucket: BoltBucket
        /// The pages from the top down to a leaf, each with what comes next of it.
        private var path: [(page: BoltPage, limits: Limits, index: Int)]
        private var visited: UInt64 = 1

        init(_ bucket: BoltBucket) throws(Failure) {
            self.bucket = bucket
            let (page, limits) = try bucket.top()
            path = [(page, limits, 0)]
        }

        mutating func next() throws(Failure) -> (key: [UInt8], item: Item)? {
            while let (page, limits, index) = path.last {
                if index == page.count {
                    path.removeLast()
                    continue
                }
                path[path.count - 1].index += 1
                if page.isLeaf { return (Array(page.key(index)), try bucket.item(page, index)) }
                var depth = path.count - 1
                let (child, inner) = try bucket.below(page, index, limits, &depth)
                visited += 1
                if visited > bucket.database.pageCount { throw bucket.database.damage("its tree is damaged") }
                path.append((child, inner, 0))
            }
            return nil
        }
    }

    /// The value of a bucket: the page of its root, a sequence, and after them, where there is no such page, the page itself.
    private func item(_ page: BoltPage, _ index: Int) throws(Failure) -> Item {
        let (value, isBucket) = page.value(index)
        let bytes = Array(value)
        if !isBucket { return .value(bytes) }
        guard bytes.count >= 16 else { throw database.damage("a bucket is damaged") }
        let root = bytes.number64(at: 0)
        if root != 0 { return .bucket(BoltBucket(database: database, pages: .tree(root))) }
        guard let inline = BoltPage(bytes, at: 16), inline.isLeaf else { throw database.damage("a bucket is damaged") }
        return .bucket(BoltBucket(database: database, pages: .inline(inline)))
    }
}

extension BoltBucket {
    /// The bucket of that name; nil where there is none.
    package func bucket(_ name: [UInt8]) throws(Failure) -> BoltBucket? {
        guard case .bucket(let bucket) = try item(name) else { return nil }
        return bucket
    }

    /// The bucket at the end of a path of names; nil where one of them is not there.
    func bucket(at names: [String]) throws(Failure) -> BoltBucket? {
        var bucket = self
        for name in names {
            guard let next = try bucket.bucket(Array(name.utf8)) else { return nil }
            bucket = next
        }
        return bucket
    }

    /// The bytes of a key; nil where there is none or it is a bucket.
    package func value(_ name: String) throws(Failure) -> [UInt8]? {
        guard case .value(let bytes) = try item(Array(name.utf8)) else { return nil }
        return bytes
    }

    /// The names of the buckets in this one.
    func bucketNames() throws(Failure) -> [[UInt8]] {
        var names: [[UInt8]] = []
        try visitAll { (name, item) throws(Failure) in
            if case .bucket = item { names.append(name) }
        }
        return names
    }
}
