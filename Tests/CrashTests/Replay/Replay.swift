import Basics
import TestSupport

/// How many states were looked at.
struct Counts {
    var flushes = 0
    var between = 0
    var halves = 0
    var all: Int { flushes + between + halves }
}

/// What a guest had done by some place in the log.
protocol Notes {
    /// Takes a note that the guest wrote behind the filesystems.
    mutating func take(_ note: [UInt8])
    /// The operations that had to go well, and did not.
    var failures: [Int] { get }
}

/// Goes through a log of writes, and stops wherever a power cut may have left the disk.
///
/// What was written before a flush is on the disk. Of what was written since, anything may be: all of it up to some point, or a
/// random half.
struct Replay<History: Notes> {
    let log: WriteLog
    /// What is on the disk for certain.
    let durable: Disk
    /// One state, to be looked at and spoilt.
    let state: Disk
    /// What lies behind is the guest's notes.
    let filesystemSize: Int
    private(set) var counts = Counts()
    private var random: SplitMix
    /// Written since the last flush, with what the guest had done by then.
    private var pending: [(entry: WriteLog.Entry, history: History)] = []
    private var history: History

    init(_ log: WriteLog, durable: Disk, state: Disk, filesystemSize: Int, history: History, seed: UInt64) {
        self.log = log
        self.durable = durable
        self.state = state
        self.filesystemSize = filesystemSize
        self.history = history
        random = SplitMix(seed: seed)
    }

    /// Calls `visit` with `limit` states at most, from all over the log.
    mutating func run(limit: Int, _ visit: (History, Counts) async throws -> Void) async throws {
        var left = states
        var wanted = min(limit, left)
        // Each with the same chance, and as many as are wanted in the end.
        func isDue(_ random: inout SplitMix) -> Bool {
            let isTaken = Int.random(in: 0..<left, using: &random) < wanted
            left -= 1
            wanted -= isTaken ? 1 : 0
            return isTaken
        }
        for entry in log.entries {
            try take(entry)
            if !entry.isFlush || pending.isEmpty { continue }
            // Of a single write, there is neither a part nor a half.
            if pending.count > 1 {
                if isDue(&random) { try await show(pending.prefix(.random(in: 1..<pending.count, using: &random)), \.between, visit) }
                if isDue(&random) { try await show(half(), \.halves, visit) }
            }
            for (entry, _) in pending { try durable.write(log.data(of: entry), at: entry.place) }
            pending = []
            if isDue(&random) { try await show([], \.flushes, visit) }
        }
    }

    /// How many there are: one for a flush, two between two of them.
    var states: Int {
        var count = 0
        var writes = 0
        for entry in log.entries {
            if isPending(entry) { writes += 1 }
            if !entry.isFlush { continue }
            count += writes > 1 ? 3 : writes
            writes = 0
        }
        return count
    }

    private mutating func half() -> ArraySlice<(entry: WriteLog.Entry, history: History)> {
        while true {
            let half = pending.filter { _ in Bool.random(using: &random) }
            if !half.isEmpty && half.count < pending.count { return half[...] }
        }
    }

    private func isPending(_ entry: WriteLog.Entry) -> Bool {
        entry.count > 0 && entry.place < filesystemSize && !entry.isDurable
    }

    private mutating func take(_ entry: WriteLog.Entry) throws(Failure) {
        if entry.count == 0 { return }
        if entry.place >= filesystemSize { return history.take(try log.data(of: entry)) }
        if isPending(entry) {
            pending.append((entry, history))
        } else {
            try durable.write(log.data(of: entry), at: entry.place)
        }
    }

    private mutating func show(
        _ entries: ArraySlice<(entry: WriteLog.Entry, history: History)>, _ kind: WritableKeyPath<Counts, Int>,
        _ visit: (History, Counts) async throws -> Void
    ) async throws {
        counts[keyPath: kind] += 1
        try state.become(durable)
        for (entry, _) in entries { try state.write(log.data(of: entry), at: entry.place) }
        try await visit(entries.last?.history ?? history, counts)
    }
}
