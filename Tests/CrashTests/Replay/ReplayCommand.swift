import ArgumentParser
import Basics
import Foundation

struct ReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "replay", abstract: "Checks the states in a log of writes.")

    @OptionGroup var options: ScenarioOptions
    @Option(help: "the log") var log: String
    @Option(help: "the disk that the guest started with; it is written to") var disk: String
    @Option(help: "a file of the same size, for the states") var state: String
    @Option(help: "the block device of that file") var device: String
    @Option(help: "the block device with the top layers") var topDevice: String
    @Option(help: "the size of the filesystem in bytes") var filesystemSize = 384 << 20
    @Option(help: "docker-btrfs-init, for one more boot on each state") var program: String
    @Option(help: "a list of the images and their ids") var images: String
    @Option(help: "how many states to check at most") var states = Int.max
    @Option(help: "how many to check at least") var atLeast = 1
    @Option(help: "for the same random states once more") var seed = UInt64.random(in: 0...9_999_999)

    private var isCareful: Bool { options.careless == nil }

    func run() async throws {
        let start = ContinuousClock.now
        let history = History(options.scenario.operations)
        var replay = Replay(
            try WriteLog(opening: log), durable: try Disk(opening: disk), state: try Disk(opening: state),
            filesystemSize: filesystemSize, history: history, seed: seed
        )
        var check = StateCheck(
            device: device, topDevice: topDevice, program: program, folder: try folder(), roots: RootCheck(images: try ids())
        )
        var violations = 0
        try await replay.run(limit: states) { history, counts in
            let found = try await violationsOf(&check, history, counts)
            if found.isEmpty { return }
            violations += 1
            // Of those that there have to be, one is enough to be seen.
            if !isCareful && violations > 1 { return }
            for violation in found { print("state \(counts.all), \(history.name): \(violation)") }
        }
        report(replay.counts, violations, start.duration(to: .now))
        if isCareful != (violations == 0) { throw ExitCode.failure }
        if replay.counts.all < atLeast {
            print("could not check \(atLeast) states: there are not as many")
            throw ExitCode.failure
        }
    }

    private func violationsOf(_ check: inout StateCheck, _ history: History, _ counts: Replay.Counts) async throws -> [String] {
        if !isCareful { return check.look(history) }
        // Before anything mounts it, and so changes it.
        let examined = counts.all % sample == 1 ? try await check.examine() : []
        return examined + check.look(history) + (try await check.bootOnce(history))
    }

    /// `btrfs check` takes as long as all the rest: it sees every 25th state.
    private var sample: Int { 25 }

    private func report(_ counts: Replay.Counts, _ violations: Int, _ time: Duration) {
        let name = "crash test" + (options.careless.map { " (\($0.rawValue), which must be caught)" } ?? "")
        let kinds = "\(counts.flushes) at a flush, \(counts.between) between two, \(counts.halves) with a random half"
        print("\(name): \(counts.all) states (\(kinds)), \(violations) violations, \(time.components.seconds) s")
        if isCareful { print("    booted once more: all; btrfs check: \((counts.all + sample - 1) / sample); --seed \(seed)") }
    }

    private func ids() throws -> [String: String] {
        let lines = try String(contentsOfFile: images, encoding: .utf8).split(separator: "\n")
        let words = lines.map { $0.split(separator: " ").map { String($0) } }
        return Dictionary(uniqueKeysWithValues: words.map { ($0[1], $0[0]) })
    }

    /// What /etc/docker-btrfs.json of the initramfs would be, for each image.
    private func folder() throws -> String {
        let folder = URL(filePath: state).deletingLastPathComponent()
        for image in Operation.Image.allCases {
            try Data("{ \"docker_image\": \"crash:\(image)\" }".utf8).write(to: folder.appending(path: "\(image).json"))
        }
        return folder.path
    }
}
