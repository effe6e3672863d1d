import ArgumentParser
import Basics
import Foundation

struct ReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(commandName: "replay", abstract: "Checks the states in a log of writes.")

    @OptionGroup var scenario: ScenarioOptions
    @OptionGroup var options: ReplayOptions
    @Option(help: "the block device with the top layers") var topDevice: String

    private var isCareful: Bool { scenario.careless == nil }

    func run() async throws {
        let start = ContinuousClock.now
        var replay = try options.replay(History(scenario.scenario.operations))
        var check = StateCheck(
            device: options.device, topDevice: topDevice, program: options.program, folder: try folder(),
            roots: RootCheck(images: try ids())
        )
        var violations = 0
        try await replay.run(limit: options.states) { history, counts in
            let found = try await violationsOf(&check, history, counts)
            if found.isEmpty { return }
            violations += 1
            // Of those that there have to be, one is enough to be seen.
            if !isCareful && violations > 1 { return }
            for violation in found { print("state \(counts.all), \(history.name): \(violation)") }
        }
        let name = "crash test" + (scenario.careless.map { " (\($0.rawValue), which must be caught)" } ?? "")
        options.report(name, replay.counts, violations, start.duration(to: .now))
        if isCareful {
            print("    booted once more: all; btrfs check: \((replay.counts.all + sample - 1) / sample); --seed \(options.seed)")
        }
        try options.judge(replay.counts, violations, isCareful: isCareful)
    }

    private func violationsOf(_ check: inout StateCheck, _ history: History, _ counts: Counts) async throws -> [String] {
        if !isCareful { return check.look(history) }
        // Before anything mounts it, and so changes it.
        let examined = counts.all % sample == 1 ? try await check.examine() : []
        return examined + check.look(history) + (try await check.bootOnce(history))
    }

    /// `btrfs check` takes as long as all the rest: it sees every 25th state.
    private var sample: Int { 25 }

    private func ids() throws -> [String: String] {
        let lines = try String(contentsOfFile: options.images, encoding: .utf8).split(separator: "\n")
        let words = lines.map { $0.split(separator: " ").map { String($0) } }
        return Dictionary(uniqueKeysWithValues: words.map { ($0[1], $0[0]) })
    }

    /// What /etc/docker-btrfs.json of the initramfs would be, for each image.
    private func folder() throws -> String {
        let folder = URL(filePath: options.state).deletingLastPathComponent()
        for image in Operation.Image.allCases {
            try Data("{ \"docker_image\": \"crash:\(image)\" }".utf8).write(to: folder.appending(path: "\(image).json"))
        }
        return folder.path
    }
}
