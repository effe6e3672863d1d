import Basics

/// Goes through a log of writes, and stops wherever a power cut may have left the disk.
///
/// What was written before a flush is on the disk. Of what was written since, anything may be: all of it up to some point, or a
/// random half.
struct Replay {
    struct Counts {
        var flushes = 0
        var between = 0
        var halves = 0
        var all: Int { flushes + between + halves }
    }

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
        random = SplitMix(state: seed)
    }

    /// Calls `visit` with `limit` states at most, evenly spread over the log.
    mutating func run(limit: Int, _ visit: (History, Counts) async throws -> Void) async throws {
        let all = 3 * log.entries.count { $0.isFlush }
        let share = min(1, Double(limit) / Double(max(1, all)))
        var due = 0.0
        func isDue() -> Bool {
            due += share
            if due < 1 { return false }
            due -= 1
            return true
        }
        for entry in log.entries {
            try take(entry)
            if !entry.isFlush || pending.isEmpty { continue }
            if isDue() {
                counts.between += 1
                try await show(pending.prefix(Int.random(in: 0...pending.count, using: &random)), visit)
            }
            if isDue() {
                counts.halves += 1
                let half = pending.filter { _ in Bool.random(using: &random) }
                try await show(half[...], visit)
            }
            for (entry, _) in pending { try durable.write(log.data(of: entry), at: entry.place) }
            pending = []
            if isDue() {
                counts.flushes += 1
                try await show([], visit)
            }
        }
    }

    private mutating func take(_ entry: WriteLog.Entry) throws(Failure) {
        if entry.count == 0 { return }
        if entry.place >= filesystemSize { return history.take(try log.data(of: entry)) }
        if entry.isDurable {
            try durable.write(log.data(of: entry), at: entry.place)
        } else {
            pending.append((entry, history))
        }
    }

    private func show(
        _ entries: ArraySlice<(entry: WriteLog.Entry, history: History)>, _ visit: (History, Counts) async throws -> Void
    ) async throws {
        try state.become(durable)
        for (entry, _) in entries { try state.write(log.data(of: entry), at: entry.place) }
        try await visit(entries.last?.history ?? history, counts)
    }
}

/// A small generator that gives the same numbers for the same seed: <https://prng.di.unimi.it/splitmix64.c>
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
