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

    func run() async throws {
        let start = ContinuousClock.now
        let history = History(options.scenario.operations)
        var check = try StateCheck(device: device, topDevice: topDevice, program: program, folder: folder(), roots: RootCheck(images: ids()))
        var replay = Replay(
            try WriteLog(opening: log), durable: try Disk(opening: disk), state: try Disk(opening: state),
            filesystemSize: filesystemSize, history: history, seed: seed
        )
        var violations = 0
        var examined = 0
        try await replay.run(limit: states) { history, counts in
            var found: [String] = []
            if counts.all % 25 == 1 && options.careless == nil {
                examined += 1
                found += try await check.examine()
            }
            found += check.look(history)
            if options.careless == nil { found += try await check.bootOnce(history) }
            violations += found.isEmpty ? 0 : 1
            if options.careless == nil || violations == 1 {
                for violation in found { print("state \(counts.all), \(history.name): \(violation)") }
            }
        }
        let counts = replay.counts
        let time = (ContinuousClock.now - start).formatted(.units(allowed: [.seconds], width: .narrow))
        print(
            "crash test\(options.careless.map { " (\($0.rawValue))" } ?? ""): \(counts.all) states (\(counts.flushes) at a flush, \(counts.between) between, \(counts.halves) random halves), \(violations) violations, \(time)"
        )
        if options.careless == nil { print("    a boot on each; btrfs check on \(examined); seed \(seed)") }
        guard options.careless == nil ? violations == 0 : violations > 0 else { throw ExitCode.failure }
        if counts.all < atLeast {
            print("could not check \(atLeast) states: there are not as many")
            throw ExitCode.failure
        }
    }

    private func ids() throws -> [String: String] {
        let lines = try String(contentsOfFile: images, encoding: .utf8).split(separator: "\n").map { $0.split(separator: " ").map { String($0) } }
        return Dictionary(uniqueKeysWithValues: lines.map { ($0[1], $0[0]) })
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
