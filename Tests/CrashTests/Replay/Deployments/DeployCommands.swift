import ArgumentParser
import Basics
import Foundation

struct DeployOperationsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deploy-operations", abstract: "Prints what the guest that deploys images is to do.")

    @Option(help: "only this loader's, and few") var careless: DeployOperation.Loader?

    func run() {
        for operation in careless.map({ DeployOperation.careless($0) }) ?? DeployOperation.all { print(operation.line) }
    }
}

struct DeployReplayCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "deploy-replay", abstract: "Checks the states in a log of writes of deployments.")

    @OptionGroup var options: ReplayOptions
    @Option(help: "the loader of a program that has to be caught") var careless: DeployOperation.Loader?
    @Option(help: "the block device of the ESP") var systemDevice: String
    @Option(help: "docker-btrfs, to run a command again that was cut off") var companion: String
    @Option(help: "the folder of the lab's scripts") var lab: String
    @Option(help: "how many states to start the kernel of") var starts = 0

    func run() async throws {
        let start = ContinuousClock.now
        var replay = try options.replay(DeployHistory(careless.map { DeployOperation.careless($0) } ?? DeployOperation.all))
        let check = try DeployCheck(
            reader: DiskReader(disk: options.state, folder: folder()), systemDevice: systemDevice, device: options.device,
            program: options.program, companion: companion, images: ids())
        // Those that are started come from all over the log.
        let stride = max(1, min(options.states, replay.states) / max(1, starts))
        var violations = 0
        var started = 0
        try await replay.run(limit: options.states) { history, counts in
            var found = try await check.look(history)
            if careless == nil {
                found.violations += try await check.examineSystemPartition(history)
                if let entry = found.entry, let image = found.image {
                    if started < starts && counts.all > started * stride {
                        started += 1
                        found.violations += try await check.start(found, lab: lab)
                    }
                    if found.hasNamedRoot { found.violations += try await check.examineNamedRoot() }
                    found.violations += try await check.examineTopLayer()
                    if let loader = history.loader { found.violations += try await check.again(history, loader) }
                    found.violations += try await check.boot(entry, image)
                }
            }
            if found.violations.isEmpty { return }
            violations += 1
            // Of those that there have to be, one is enough to be seen.
            if careless != nil && violations > 1 { return }
            for violation in found.violations { print("state \(counts.all), \(history.name): \(violation)") }
        }
        let name = "crash test of deploy" + (careless.map { " (without sync, \($0.rawValue), which must be caught)" } ?? "")
        options.report(name, replay.counts, violations, start.duration(to: .now))
        if careless == nil { print("    roots made by the menu's default: all; its kernel started: \(started); --seed \(options.seed)") }
        try options.judge(replay.counts, violations, isCareful: careless == nil)
    }

    private func folder() throws -> String {
        let folder = URL(filePath: options.state).deletingLastPathComponent().appending(path: "read")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        return folder.path
    }

    private func ids() throws -> [DeployOperation.Image: String] {
        var found: [DeployOperation.Image: String] = [:]
        for line in try String(contentsOfFile: options.images, encoding: .utf8).split(separator: "\n") {
            let words = line.split(separator: " ")
            guard let image = DeployOperation.Image(rawValue: String(words[0])) else { continue }
            found[image] = String(words[1].dropFirst("sha256:".count))
        }
        return found
    }
}

extension DeployOperation.Loader: ExpressibleByArgument {}
