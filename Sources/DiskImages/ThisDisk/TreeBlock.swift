internal import Basics

// In this folder a "place" is in bytes on the device, and "logical" is an address of btrfs's own, for which ChunkMap has the place.

/// Where a block of a btrfs tree is, and what it must be.
struct TreePointer: Hashable {
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
