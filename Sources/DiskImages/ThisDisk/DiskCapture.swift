internal import Basics
internal import CDisk
internal import CLinux
internal import Deployments
internal import Programs

/// A mounted and written btrfs as it is at one moment, for who reads its disk later.
///
/// btrfs never writes over what its last transaction needs, but over what an earlier one needed. So whoever reads a disk that goes on being
/// written needs a copy of all metadata of one moment, and data that somebody holds. To copy all metadata at that moment would hold up
/// those who write for seconds, so it is done twice: first all of it, at a time in which it changes; then, while the filesystem is frozen,
/// tree blocks of transactions newer than the one that was current when copying began. A block of an earlier one that is still needed was
/// needed all the time, and was not written over; and a parent is never of an earlier transaction than a child. So the trees are followed
/// only along pointers of later transactions. Data are held before the freeze: what is written between both, and written over later, has
/// another checksum and cannot be read.
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
