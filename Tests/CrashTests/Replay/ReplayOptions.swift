import ArgumentParser
import Basics

/// What all replays are told.
struct ReplayOptions: ParsableArguments {
    @Option(help: "the log") var log: String
    @Option(help: "the disk that the guest started with; it is written to") var disk: String
    @Option(help: "a file of the same size, for the states") var state: String
    @Option(help: "the block device of the btrfs in that file") var device: String
    @Option(help: "where the guest's notes begin, in bytes") var filesystemSize = 384 << 20
    @Option(help: "docker-btrfs-init, for one more boot on each state") var program: String
    @Option(help: "a list of the images and their ids") var images: String
    @Option(help: "how many states to check at most") var states = Int.max
    @Option(help: "how many to check at least") var atLeast = 1
    @Option(help: "for the same random states once more") var seed = UInt64.random(in: 0...9_999_999)

    /// Fails where the guest did not do all that it had to: what it never did has no states.
    func replay<History: Notes>(_ history: History) throws -> Replay<History> {
        let log = try WriteLog(opening: log)
        var end = history
        for entry in log.entries where entry.place >= filesystemSize { end.take(try log.data(of: entry)) }
        if !end.failures.isEmpty {
            print("the guest could not do all that it had to: operations \(end.failures) failed; see its console")
            throw ExitCode.failure
        }
        return Replay(
            log, durable: try Disk(opening: disk), state: try Disk(opening: state), filesystemSize: filesystemSize, history: history,
            seed: seed)
    }

    func report(_ name: String, _ counts: Counts, _ violations: Int, _ time: Duration) {
        let kinds = "\(counts.flushes) at a flush, \(counts.between) between two, \(counts.halves) with a random half"
        print("\(name): \(counts.all) states (\(kinds)), \(violations) violations, \(time.components.seconds) s")
    }

    /// Fails unless a careful program made no mistake and a careless one did.
    func judge(_ counts: Counts, _ violations: Int, isCareful: Bool) throws {
        if isCareful != (violations == 0) { throw ExitCode.failure }
        if counts.all < atLeast {
            print("could not check \(atLeast) states: there are not as many")
            throw ExitCode.failure
        }
    }
}
