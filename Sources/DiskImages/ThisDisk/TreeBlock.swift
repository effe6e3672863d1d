internal import Basics
internal import CDisk

/// Where a block of a btrfs tree is, and what it must be.
struct TreePointer: Hashable {
    /// As btrfs counts, not where it is on a device.
    let logical: UInt64
    let generation: UInt64
    /// 0 for a leaf.
    let level: UInt8
}

/// A key of a btrfs tree (`struct btrfs_disk_key`).
struct TreeKey: Comparable {
    let object: UInt64
    let type: UInt8
    let offset: UInt64

    static func < (one: TreeKey, other: TreeKey) -> Bool {
        (one.object, one.type, one.offset) < (other.object, other.type, other.offset)
    }
}

/// A block of a btrfs tree (`struct btrfs_header`, then `btrfs_key_ptr` or `btrfs_item` of linux/btrfs_tree.h), which may hold anything:
/// what leads out of it is left out.
struct TreeBlock {
    /// BTRFS_MAX_LEVEL.
    static let maximumLevel: UInt8 = 8
    private static let header = 0x65
    private static let (keySize, pointerSize, itemSize) = (17, 33, 25)

    let bytes: [UInt8]
    private let count: Int
    private let isLeaf: Bool

    /// nil where it is not what the pointer says.
    init?(_ bytes: [UInt8], at pointer: TreePointer) {
        guard let logical = bytes.number(at: 0x30, UInt64.self), let generation = bytes.number(at: 0x50, UInt64.self),
            let count = bytes.number(at: 0x60, UInt32.self), let level = bytes.number(at: 0x64, UInt8.self),
            logical == pointer.logical, generation == pointer.generation, level == pointer.level, level < Self.maximumLevel
        else { return nil }
        isLeaf = level == 0
        guard Int(count) <= (bytes.count - Self.header) / (isLeaf ? Self.itemSize : Self.pointerSize) else { return nil }
        self.bytes = bytes
        self.count = Int(count)
    }

    /// The blocks below one that is no leaf, with the first key in each.
    var pointers: [(key: TreeKey, pointer: TreePointer)] {
        guard !isLeaf, let level = bytes.number(at: 0x64, UInt8.self) else { return [] }
        return (0..<count).compactMap { index in
            let place = Self.header + index * Self.pointerSize
            guard let key = key(at: place), let logical = bytes.number(at: place + Self.keySize, UInt64.self),
                let generation = bytes.number(at: place + Self.keySize + 8, UInt64.self)
            else { return nil }
            return (key, TreePointer(logical: logical, generation: generation, level: level - 1))
        }
    }

    /// The items of a leaf.
    var items: [(key: TreeKey, content: ArraySlice<UInt8>)] {
        guard isLeaf else { return [] }
        return (0..<count).compactMap { index in
            let place = Self.header + index * Self.itemSize
            guard let key = key(at: place), let offset = bytes.number(at: place + Self.keySize, UInt32.self),
                let size = bytes.number(at: place + Self.keySize + 4, UInt32.self)
            else { return nil }
            let start = Self.header + Int(offset)
            guard start + Int(size) <= bytes.count else { return nil }
            return (key, bytes[start..<(start + Int(size))])
        }
    }

    private func key(at place: Int) -> TreeKey? {
        guard let object = bytes.number(at: place, UInt64.self), let type = bytes.number(at: place + 8, UInt8.self),
            let offset = bytes.number(at: place + 9, UInt64.self)
        else { return nil }
        return TreeKey(object: object, type: type, offset: offset)
    }
}

/// What the root tree says of a tree (`struct btrfs_root_item`).
struct TreeRoot {
    /// BTRFS_ROOT_ITEM_KEY.
    static let type: UInt8 = 132

    let pointer: TreePointer
    /// Whether it is being deleted: blocks of it may be gone.
    let isDying: Bool
    /// The transaction that made it, of a subvolume; 0 of another tree.
    let made: UInt64
    let uuid: ArraySlice<UInt8>

    init?(_ content: ArraySlice<UInt8>) {
        guard let generation = content.number(at: 160, UInt64.self), let logical = content.number(at: 176, UInt64.self),
            let references = content.number(at: 216, UInt32.self), let level = content.number(at: 238, UInt8.self)
        else { return nil }
        pointer = TreePointer(logical: logical, generation: generation, level: level)
        isDying = references == 0
        // Version 1 of the item ends before both.
        made = content.number(at: 303, UInt64.self) ?? 0
        uuid = content.count >= 263 ? content.dropFirst(247).prefix(16) : []
    }
}

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

/// CRC-32C.
func checkedSum(_ bytes: ArraySlice<UInt8>) -> UInt32 {
    bytes.withUnsafeBytes { disk_crc32c($0.baseAddress, UInt64($0.count)) }
}

extension Collection<UInt8> where Index == Int {
    /// A little-endian number, counted from the first byte on; nil where it is not all there.
    func number<Number: FixedWidthInteger>(at offset: Int, _ type: Number.Type) -> Number? {
        let size = MemoryLayout<Number>.size
        guard offset >= 0, count >= offset + size else { return nil }
        var number: Number = 0
        for index in (0..<size).reversed() { number = number << 8 | Number(truncatingIfNeeded: self[startIndex + offset + index]) }
        return number
    }
}
