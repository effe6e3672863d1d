internal import Basics
internal import CLinux

/// How far a merge is, or what it made.
public struct MergeCount: Equatable, Sendable {
    /// Of every kind, directories too; a file of several names counts once for each.
    public internal(set) var files: Int
    /// The sizes of the regular files, with their holes.
    public internal(set) var bytes: Int
    /// How many bytes the root does not share with the layers: they were copied.
    public internal(set) var copiedBytes: Int

    public init(files: Int = 0, bytes: Int = 0, copiedBytes: Int = 0) {
        self.files = files
        self.bytes = bytes
        self.copiedBytes = copiedBytes
    }
}

/// Counts what was made, and tells of it from time to time.
struct MergeProgress {
    private let tell: (MergeCount) throws(Failure) -> Void
    private var told: Int64
    private(set) var count = MergeCount()
    /// More files than this are a fault; nil where there is no such limit.
    var most: Int?

    init(_ tell: @escaping (MergeCount) throws(Failure) -> Void) {
        self.tell = tell
        told = linux_monotonic_nanoseconds()
    }

    mutating func add(bytes: Int = 0, copied: Int) throws(Failure) {
        count.files += 1
        if let most, count.files > most {
            throw Failure("its layers show more files than they have", hint: "it was made so, or the store is damaged: remove the image")
        }
        // A file without data may say that it has any size.
        count.bytes &+= bytes
        count.copiedBytes = copied
        let now = linux_monotonic_nanoseconds()
        if now - told < 1_000_000_000 { return }
        told = now
        try tell(count)
    }
}
