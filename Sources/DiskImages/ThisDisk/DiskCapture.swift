internal import Basics
internal import CDisk
internal import CLinux
internal import Deployments
internal import Programs

/// A mounted and written btrfs as it is at one moment, for who reads its disk later.
///
/// btrfs never writes over what its last transaction needs, but over what an earlier one needed. So whoever reads a disk that goes on
/// being written needs a copy of all metadata of one moment, and data that somebody holds. To copy all metadata at that moment would
/// hold up those who write for seconds, so it is done twice: first all of it, at a time in which it changes; then, while the filesystem is
/// frozen, what a later transaction wrote than the one before the first copy. A block of an earlier one that is still needed was needed all the
/// time, and was not written over; and a parent is never of an earlier transaction than a child. So the trees are followed only along
/// pointers of later transactions. Data are held before the freeze: what is written between both, and written over later, has another checksum
/// and cannot be read.
struct DiskCapture {
    let device: DirectDevice
    /// Where the filesystem begins on the disk, in bytes.
    let start: Int
    /// nil where it is only looked at.
    let overlay: Overlay?

    struct Report: Equatable {
        /// The transaction that is captured.
        let generation: UInt64
        /// Those that ended while the first copy was made.
        let transactions: UInt64
        /// Tree blocks that changed since the first copy was begun.
        let blocks: Int
        /// Of these, what was read while the filesystem was frozen.
        let frozenBlocks: Int
        /// How long nobody could write to it.
        let frozenMilliseconds: Int
        /// What was copied before.
        let copiedBytes: Int
    }

    /// In bytes. Of the frozen trees more than half of it is refused: who writes would wait long. What is read before may take the other half.
    private static let room = 128 << 20
    /// So many blocks are read in a moment.
    private static let few = 100

    /// Copies to the overlay. `holdData` is called between both parts: from then on data stay where they are. Fails where the filesystem is
    /// none that can be captured, and where it is written too fast.
    func perform(of directory: Directory, holdData: () throws(Failure) -> Void) throws(Failure) -> Report {
        guard let overlay else { throw Failure("could not capture '\(device.path)': there is no place for it") }
        let before = try trees()
        var copied = 0
        for chunk in before.chunks.chunks where chunk.hasMetadata {
            let end = start + chunk.place + Int(chunk.size)
            for place in stride(from: start + chunk.place, to: end, by: 1 << 20) {
                try Interruption.check()
                let count = min(1 << 20, end - place)
                try overlay.put(device.read(at: place, count)[...], at: place)
                copied += count
            }
        }
        try holdData()
        let changed = ChangedBlocks(of: self, after: before.superblock.generation, room: Self.room)
        let took = try read(changed, of: directory, before.superblock)
        try changed.put(on: overlay)
        try overlay.finish()
        let generation = changed.generation
        return Report(
            generation: generation, transactions: generation - before.superblock.generation, blocks: changed.count,
            frozenBlocks: changed.frozenCount, frozenMilliseconds: took, copiedBytes: copied)
    }

    /// Also says how long nobody could write, in milliseconds.
    private func read(_ changed: ChangedBlocks, of directory: Directory, _ superblock: Superblock) throws(Failure) -> Int {
        let check = { () throws(Failure) in try checkQuiet(directory, superblock) }
        try check()
        let prepare = { () throws(Failure) in
            // The child that guards the freeze is there, and is not to be ended as one of the programs that this one runs.
            if Interruption.signal != nil { throw Failure("a signal interrupted the work") }
            return try changed.readBefore() < Self.few
        }
        do throws(Failure) {
            return try FrozenFilesystem.during(directory, after: prepare, check: check, changed.read).milliseconds
        } catch {
            try Interruption.check()
            throw error
        }
    }

    /// The trees as they are, which may be in change. Fails by a sentence on a filesystem that cannot be captured.
    func trees() throws(Failure) -> TreeReader {
        do throws(Failure) {
            for _ in 0..<20 {
                // Says what is not to be captured.
                _ = try Superblock(read(Superblock.places[0], Superblock.size))
                if let reader = try TreeReader(reading: read) { return reader }
            }
        } catch {
            throw Failure("could not capture '\(device.path)': \(error.message)", hint: error.hint)
        }
        throw Failure("could not capture '\(device.path)': its chunk tree is damaged, or changes too fast", hint: "try it again")
    }

    /// Fails where btrfs is moving what is on the disk (/sys/fs/btrfs/UUID/exclusive_operation), and in a scrub: a freeze waits until that
    /// has ended, and whoever writes waits for the freeze.
    func checkQuiet(_ directory: Directory, _ superblock: Superblock) throws(Failure) {
        let name = superblock.id.withUnsafeBytes { uuidText($0) }
        let isScrubbed = disk_btrfs_is_scrubbed(directory.descriptor)
        if isScrubbed < 0 { throw .system("ask btrfs whether \(name) is being scrubbed", hint: "run this as root") }
        let operation = isScrubbed > 0 ? "scrub" : firstLine(of: "/sys/fs/btrfs/\(name)/exclusive_operation") ?? "none"
        if operation != "none" {
            let hint = operation == "balance paused" ? "resume or cancel it" : "wait for its end, or cancel it"
            throw Failure("could not capture the btrfs \(name): its '\(operation)' is not over", hint: hint)
        }
    }

    /// From the filesystem's beginning on.
    func read(_ place: Int, _ count: Int) throws(Failure) -> [UInt8] { try device.read(at: start.clampedSum(with: place), count) }
}

/// The tree blocks that were written after a transaction, in memory: nothing is written while the filesystem is frozen.
///
/// Most of them can be read before. A block of a transaction that has ended is not written again until nothing needs it, and is then of
/// a later one. So one that the frozen trees lead to, and that was read before, needs no second look.
private final class ChangedBlocks {
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
        let isDying: Bool
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
            Visit(pointer: superblock.root, isOfRoots: true, isDying: false),
            Visit(pointer: superblock.chunkRoot, isOfRoots: false, isDying: false),
        ].filter { $0.pointer.generation > last }
        while !next.isEmpty {
            let places = next.map { trees.chunks.place(of: $0.pointer.logical, superblock.nodeSize) }
            var below: [Visit] = []
            // A disk that turns has them in one turn.
            for index in next.indices.sorted(by: { places[$0] ?? -1 < places[$1] ?? -1 }) {
                let visit = next[index]
                guard seen.insert(visit.pointer).inserted else { continue }
                if (isFrozen ? blocks.count * superblock.nodeSize : used) + superblock.nodeSize > memory.count / 2 {
                    if !isFrozen { return }
                    throw Failure(
                        "could not capture '\(capture.device.path)': more than \(memory.count >> 21) MiB of its metadata changed while the rest was copied",
                        hint: "end what writes so much to it, or rehearse without --this-disk")
                }
                guard let place = places[index], let block = try block(visit, at: place, superblock, isFrozen: isFrozen) else {
                    if visit.isDying || !isFrozen { continue }
                    throw Failure("could not capture '\(capture.device.path)': a block of its metadata is not what its tree says")
                }
                if isFrozen { blocks.append(block) }
                below += block.below.map { Visit(pointer: $0.pointer, isOfRoots: $0.isOfRoots, isDying: $0.isDying || visit.isDying) }
            }
            next = below
        }
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
            below.append(Visit(pointer: pointer, isOfRoots: visit.isOfRoots, isDying: false))
        }
        if visit.isOfRoots {
            for (key, content) in tree.items where key.type == TreeRoot.type {
                guard let root = TreeRoot(content), root.pointer.generation > last else { continue }
                below.append(Visit(pointer: root.pointer, isOfRoots: false, isDying: root.isDying))
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
