internal import Basics
internal import CLinux

/// The tree blocks that were written after a transaction, in memory: nothing is written while the filesystem is frozen.
///
/// Most of them can be read before. A block of a transaction that has ended is not written again until nothing needs it, and is then of
/// a later one. So one that the frozen trees lead to, and that was read before, needs no second look.
final class ChangedBlocks {
    private struct Block {
        let place: Int
        /// In the memory.
        let offset: Int
        /// What it leads to of later transactions.
        let below: [Visit]
    }

    private struct Visit {
        let pointer: TreePointer
        /// Whether its leaves say where other trees are.
        let isOfRoots: Bool
        /// Whether it may be gone.
        let isBeingDeleted: Bool
    }

    private let capture: DiskCapture
    private let last: UInt64
    private let memory: UnsafeMutableRawBufferPointer
    private var used = 0
    private var known: [TreePointer: Block] = [:]
    /// Those of the frozen trees.
    private var blocks: [Block] = []
    private(set) var frozenCount = 0
    private var superblocks: [(place: Int, bytes: [UInt8])] = []
    private var current: Superblock?

    init(of capture: DiskCapture, after last: UInt64, room: Int) {
        self.capture = capture
        self.last = last
        memory = .allocate(byteCount: room, alignment: 1 << 16)
        // All of it is there before anything is frozen.
        memory.initializeMemory(as: UInt8.self, repeating: 1)
        // The child that guards the freeze needs none of it.
        madvise(memory.baseAddress, room, MADV_DONTFORK)
    }

    deinit { memory.deallocate() }

    var count: Int { blocks.count }
    var generation: UInt64 { current?.generation ?? 0 }

    /// Reads those of the last transaction while others come after it, as far as they are still there and half of the room has them. Says
    /// how many are new.
    func readBefore() throws(Failure) -> Int {
        let before = known.count
        try walk(try capture.trees(), isFrozen: false)
        return known.count - before
    }

    func read() throws(Failure) {
        let trees = try capture.trees()
        let superblock = trees.superblock
        if superblock.hasLog { throw Failure("could not capture '\(capture.device.path)': its log is not empty", hint: "try it again") }
        current = superblock
        for place in Superblock.places where place + Superblock.size <= superblock.deviceSize {
            superblocks.append((place, try capture.read(place, Superblock.size)))
        }
        try walk(trees, isFrozen: true)
    }

    private func walk(_ trees: TreeReader, isFrozen: Bool) throws(Failure) {
        let superblock = trees.superblock
        var seen: Set<TreePointer> = []
        var next = [
            Visit(pointer: superblock.root, isOfRoots: true, isBeingDeleted: false),
            Visit(pointer: superblock.chunkRoot, isOfRoots: false, isBeingDeleted: false),
        ].filter { $0.pointer.generation > last }
        while !next.isEmpty {
            let places = next.map { trees.chunks.place(of: $0.pointer.logical, superblock.nodeSize) }
            var below: [Visit] = []
            // A disk that turns has them in one turn.
            for index in next.indices.sorted(by: { places[$0] ?? -1 < places[$1] ?? -1 }) {
                let visit = next[index]
                guard seen.insert(visit.pointer).inserted else { continue }
                if try !checkRoom(for: superblock.nodeSize, isFrozen: isFrozen) { return }
                guard let place = places[index], let block = try block(visit, at: place, superblock, isFrozen: isFrozen) else {
                    if visit.isBeingDeleted || !isFrozen { continue }
                    throw Failure("could not capture '\(capture.device.path)': a block of its metadata is not what its tree says")
                }
                if isFrozen { blocks.append(block) }
                below += block.below.map { child in
                    Visit(
                        pointer: child.pointer, isOfRoots: child.isOfRoots, isBeingDeleted: child.isBeingDeleted || visit.isBeingDeleted)
                }
            }
            next = below
        }
    }

    /// Whether there is room for one more block. While the filesystem is frozen it fails where there is none.
    private func checkRoom(for nodeSize: Int, isFrozen: Bool) throws(Failure) -> Bool {
        let taken = isFrozen ? blocks.count * nodeSize : used
        if taken + nodeSize <= memory.count / 2 { return true }
        if !isFrozen { return false }
        throw Failure(
            "could not capture '\(capture.device.path)': more than \(memory.count >> 21) MiB of its metadata changed while the rest was copied",
            hint: "end what writes so much to it, or rehearse without --this-disk")
    }

    /// nil where it is not what the pointer says.
    private func block(_ visit: Visit, at place: Int, _ superblock: Superblock, isFrozen: Bool) throws(Failure) -> Block? {
        if let block = known[visit.pointer] { return block }
        let (size, offset) = (superblock.nodeSize, used)
        try capture.device.read(at: capture.start + place, size, into: .init(rebasing: memory[offset..<(offset + size)]))
        let bytes = bytes(at: offset, size)
        guard let tree = TreeBlock(bytes, at: visit.pointer) else { return nil }
        // While the filesystem is frozen there is no time for it, and nobody who writes half a block.
        if !isFrozen && !superblock.checksum.fits(bytes[...]) { return nil }
        var below: [Visit] = []
        for (_, pointer) in tree.pointers where pointer.generation > last {
            below.append(Visit(pointer: pointer, isOfRoots: visit.isOfRoots, isBeingDeleted: false))
        }
        if visit.isOfRoots {
            for (key, content) in tree.items where key.type == TreeRoot.type {
                guard let root = TreeRoot(content), root.pointer.generation > last else { continue }
                below.append(Visit(pointer: root.pointer, isOfRoots: false, isBeingDeleted: root.isBeingDeleted))
            }
        }
        used += size
        if isFrozen { frozenCount += 1 }
        let block = Block(place: place, offset: offset, below: below)
        known[visit.pointer] = block
        return block
    }

    private func bytes(at offset: Int, _ size: Int) -> [UInt8] { [UInt8](memory[offset..<(offset + size)]) }

    func put(on overlay: Overlay) throws(Failure) {
        guard let current else { return }
        for block in blocks {
            let bytes = bytes(at: block.offset, current.nodeSize)
            if !current.checksum.fits(bytes[...]) {
                throw Failure("could not read a block of the metadata of '\(capture.device.path)': its checksum is another one")
            }
            try overlay.patch(bytes[...], at: capture.start + block.place)
        }
        for (place, bytes) in superblocks { try overlay.patch(bytes[...], at: capture.start + place) }
    }
}
