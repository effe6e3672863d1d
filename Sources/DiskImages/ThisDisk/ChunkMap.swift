internal import Basics

/// Which parts of a device btrfs calls what: chunks with one copy of everything, or two on the same device of which the first counts.
struct ChunkMap: Equatable {
    struct Chunk: Equatable {
        let logical: UInt64
        let size: UInt64
        /// On the device, in bytes.
        let place: Int
        /// Whether tree blocks are in it.
        let hasMetadata: Bool
    }

    /// BTRFS_FIRST_CHUNK_TREE_OBJECTID, BTRFS_CHUNK_ITEM_KEY.
    private static let (object, type): (UInt64, UInt8) = (256, 228)

    /// By their logical addresses.
    private(set) var chunks: [Chunk] = []

    init() {}

    /// The superblock's list: keys and items, one after the other.
    init(parsing list: ArraySlice<UInt8>, deviceSize: Int) throws(Failure) {
        var rest = list
        while !rest.isEmpty {
            guard let logical = rest.number(at: 9, UInt64.self), rest.number(at: 8, UInt8.self) == Self.type,
                let stripes = rest.number(at: 17 + 44, UInt16.self)
            else { throw Failure("its superblock is damaged: the list of its chunks") }
            let size = 48 + 32 * Int(stripes)
            try add(TreeKey(object: Self.object, type: Self.type, offset: logical), rest.dropFirst(17).prefix(size), deviceSize: deviceSize)
            rest = rest.dropFirst(17 + size)
        }
    }

    /// Takes an item of the chunk tree (`struct btrfs_chunk`); one of something else is no matter. Fails on a layout with several devices.
    mutating func add(_ key: TreeKey, _ content: ArraySlice<UInt8>, deviceSize: Int) throws(Failure) {
        guard key.object == Self.object, key.type == Self.type else { return }
        guard let size = content.number(at: 0, UInt64.self), let flags = content.number(at: 24, UInt64.self),
            let stripes = content.number(at: 44, UInt16.self), let offset = content.number(at: 56, UInt64.self),
            let place = Int(exactly: offset), let length = Int(exactly: size), length > 0, stripes > 0,
            place <= deviceSize, length <= deviceSize - place, key.offset <= UInt64.max - size
        else { throw Failure("its chunk tree is damaged") }
        // BTRFS_BLOCK_GROUP_DUP; without a profile there is one copy.
        let profile = flags >> 3 & 0xff
        guard profile == 0 || profile == 1 << 2 || stripes == 1 else { throw Failure("it has RAID profiles") }
        let chunk = Chunk(logical: key.offset, size: size, place: place, hasMetadata: flags & (1 << 1 | 1 << 2) != 0)
        let index = chunks.firstIndex { $0.logical >= chunk.logical } ?? chunks.endIndex
        if index < chunks.endIndex, chunks[index].logical == chunk.logical {
            chunks[index] = chunk
        } else {
            chunks.insert(chunk, at: index)
        }
    }

    /// Where bytes are on the device; nil where no chunk has all of them.
    func place(of logical: UInt64, _ count: Int) -> Int? {
        var (low, high) = (0, chunks.count)
        while low < high {
            let middle = (low + high) / 2
            if chunks[middle].logical <= logical { low = middle + 1 } else { high = middle }
        }
        guard low > 0 else { return nil }
        let chunk = chunks[low - 1]
        let offset = logical - chunk.logical
        guard offset < chunk.size, UInt64(count) <= chunk.size - offset else { return nil }
        return chunk.place + Int(offset)
    }
}
