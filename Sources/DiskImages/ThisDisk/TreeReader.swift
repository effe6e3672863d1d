internal import Basics
internal import Planning

/// Reads the trees of a btrfs that nobody has mounted here, from its bytes.
struct TreeReader {
    /// nil for what cannot be read.
    let read: (_ place: Int, _ count: Int) throws(Failure) -> [UInt8]?
    let superblock: Superblock
    let chunks: ChunkMap

    /// Blocks that are read at most, and entries of attributes.
    private static let limit = 1 << 16
    /// Chunks of 1 GiB are 16 TiB.
    private static let (chunkLimit, rootLimit) = (1 << 14, 1 << 14)

    /// Of a filesystem that begins at `start` of what is read. nil where it cannot be read, or not now: whoever writes to it is in the middle
    /// of something.
    init?(from start: Int = 0, reading source: @escaping (_ place: Int, _ count: Int) throws(Failure) -> [UInt8]?) throws(Failure) {
        // A damaged tree may have loops: this bounds the blocks that are read.
        var rest = Self.limit
        let read = { (place: Int, count: Int) throws(Failure) -> [UInt8]? in
            rest -= 1
            return rest < 0 ? nil : try source(start.clampedSum(with: place), count)
        }
        guard let bytes = try read(Superblock.places[0], Superblock.size), let superblock = try? Superblock(bytes) else { return nil }
        self.read = read
        self.superblock = superblock
        // The chunk tree itself is in the chunks of the superblock.
        var found = superblock.systemChunks
        let isWhole = try Self.walk(superblock.chunkRoot, read, superblock, superblock.systemChunks) { key, content throws(Failure) in
            // To add one is to look for its place.
            if found.chunks.count > Self.chunkLimit { throw Failure("its chunk tree is damaged: there is no end of chunks") }
            try? found.add(key, content, deviceSize: superblock.deviceSize)
        }
        if !isWhole { return nil }
        chunks = found
    }

    /// Hands out the items of a tree that are in a range of keys; false where a block was not what it must be.
    func forEachItem(
        of root: TreePointer, in range: ClosedRange<TreeKey>? = nil, _ take: (TreeKey, ArraySlice<UInt8>) throws(Failure) -> Void
    ) throws(Failure) -> Bool {
        try Self.walk(root, read, superblock, chunks, in: range, take)
    }

    private static func walk(
        _ pointer: TreePointer, _ read: (Int, Int) throws(Failure) -> [UInt8]?, _ superblock: Superblock, _ chunks: ChunkMap,
        in range: ClosedRange<TreeKey>? = nil, _ take: (TreeKey, ArraySlice<UInt8>) throws(Failure) -> Void
    ) throws(Failure) -> Bool {
        guard let place = chunks.place(of: pointer.logical, superblock.nodeSize), let bytes = try read(place, superblock.nodeSize),
            let block = TreeBlock(bytes, at: pointer), superblock.checksum.fits(bytes[...])
        else { return false }
        for (key, content) in block.items where range?.contains(key) != false { try take(key, content) }
        let below = block.pointers
        for (index, (key, next)) in below.enumerated() {
            if let range {
                if key > range.upperBound { break }
                if index + 1 < below.count, below[index + 1].key < range.lowerBound { continue }
            }
            if try !walk(next, read, superblock, chunks, in: range, take) { return false }
        }
        return true
    }

    /// Whether a root that a later transaction than this one made is marked as having booted well; nil where that is not to be told now.
    func hasGoodRoot(madeAfter generation: UInt64) throws(Failure) -> Bool? {
        var roots: [TreeRoot] = []
        let isWhole = try forEachItem(of: superblock.root) { key, content throws(Failure) in
            // From BTRFS_FIRST_FREE_OBJECTID on: subvolumes.
            guard key.type == TreeRoot.type, key.object >= 256, key.object <= 0 &- 256, let root = TreeRoot(content) else { return }
            if root.isBeingDeleted || root.createdGeneration <= generation { return }
            if roots.count >= Self.rootLimit { throw Failure("its tree of roots is damaged: there is no end of roots") }
            roots.append(root)
        }
        if !isWhole { return nil }
        var entries = Self.limit
        for root in roots where try isGood(root, &entries) { return true }
        return false
    }

    /// The attribute of the topmost directory: `struct btrfs_dir_item`, of which the name and the value are the end.
    private func isGood(_ root: TreeRoot, _ entries: inout Int) throws(Failure) -> Bool {
        var isGood = false
        let mark = Array(GoodMark.attribute.utf8) + Array(root.uuid.withUnsafeBytes { uuidText($0) }.utf8)
        let (first, last) = (TreeKey(object: 256, type: 24, offset: 0), TreeKey(object: 256, type: 24, offset: .max))
        _ = try forEachItem(of: root.pointer, in: first...last) { _, content throws(Failure) in
            var rest = content
            while let size = rest.number(at: 25, UInt16.self), let length = rest.number(at: 27, UInt16.self) {
                let end = 30 + Int(length) + Int(size)
                // Any number of items may have the same bytes.
                entries -= 1
                if rest.count < end || entries < 0 { break }
                // A template has the mark of the root that it is a copy of.
                if rest.dropFirst(30).prefix(end - 30).elementsEqual(mark) { isGood = true }
                rest = rest.dropFirst(end)
            }
        }
        return isGood
    }
}
