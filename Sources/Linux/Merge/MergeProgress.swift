internal import CLinux

/// Who is told how far a merge is.
public protocol MergeObserver {
    /// At most once a second, and at the end. Files of every kind are counted, directories too; bytes are those of their contents,
    /// with their holes.
    func didMerge(files: Int, bytes: Int)
}

/// What a merge made.
public struct MergeCount: Equatable, Sendable {
    /// Of every kind, directories too; a file of several names counts once for each.
    public internal(set) var files: Int
    /// The sizes of the regular files.
    public internal(set) var bytes: Int
    /// How many of these the root does not share with the layers: they were copied.
    public internal(set) var copiedBytes: Int

    public init(files: Int = 0, bytes: Int = 0, copiedBytes: Int = 0) {
        self.files = files
        self.bytes = bytes
        self.copiedBytes = copiedBytes
    }
}

/// Counts what was made, and tells the observer from time to time.
struct MergeProgress<Observer: MergeObserver> {
    private let observer: Observer
    private var told: Int64
    private var count = MergeCount()

    init(_ observer: Observer) {
        self.observer = observer
        told = linux_monotonic_nanoseconds()
    }

    mutating func add(_ bytes: Int) {
        count.files += 1
        count.bytes += bytes
        let now = linux_monotonic_nanoseconds()
        if now - told < 1_000_000_000 { return }
        told = now
        observer.didMerge(files: count.files, bytes: count.bytes)
    }

    /// Returns what was made in all.
    mutating func end(copied: Int) -> MergeCount {
        count.copiedBytes = copied
        observer.didMerge(files: count.files, bytes: count.bytes)
        return count
    }
}
