internal import Basics

/// What the root tree says of a tree (`struct btrfs_root_item`).
struct TreeRoot {
    /// BTRFS_ROOT_ITEM_KEY.
    static let type: UInt8 = 132

    let pointer: TreePointer
    /// Blocks of it may be gone then.
    let isBeingDeleted: Bool
    /// The transaction that made a subvolume; 0 of another tree.
    let createdGeneration: UInt64
    let uuid: ArraySlice<UInt8>

    init?(_ content: ArraySlice<UInt8>) {
        guard let generation = content.number(at: 160, UInt64.self), let logical = content.number(at: 176, UInt64.self),
            let references = content.number(at: 216, UInt32.self), let level = content.number(at: 238, UInt8.self)
        else { return nil }
        pointer = TreePointer(logical: logical, generation: generation, level: level)
        isBeingDeleted = references == 0
        // Version 1 of the item ends before both.
        createdGeneration = content.number(at: 303, UInt64.self) ?? 0
        uuid = content.count >= 263 ? content.dropFirst(247).prefix(16) : []
    }
}
