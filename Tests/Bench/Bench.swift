import ArgumentParser
import Foundation

/// Measures the program beside other ways of doing its job. `Tests/Bench/run` runs it, as root.
@main
struct Bench: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measures docker-btrfs-init beside other ways of doing its job."
    )

    @Option(help: "a block device of 6 GiB, which is written over") var device: String
    @Option(help: "an empty directory, for all else") var folder: String
    @Option(help: "docker-btrfs-init") var program: String
    @Option(help: "merge-layers, of the same build") var merger: String
    @Option(help: "look-up, of the same build") var lookup: String
    @Option(help: "docker-btrfs") var companion: String
    @Option(help: "the page to write") var page: String
    @Option(help: "how often each small boot is measured") var rounds = 9
    @Option(help: "how often each boot and each copy of 20000 files is") var longRounds = 5
    @Option(help: "how often a virtual machine starts with each initramfs") var startRounds = 5
    @Option(help: "measure this part only, and keep the rest of the page; may be given again") var only: [Part] = []

    /// What can be measured by itself.
    enum Part: String, CaseIterable, ExpressibleByArgument {
        case boots, copies, merges, engine, lookups, companion, differences, start, images, enter, captures
    }

    func run() async throws {
        let disk = BenchDisk(device: device, mountPoint: "\(folder)/disk")
        let workplace = Workplace(disk: disk, folder: folder, program: program)
        let parts = Set(only.isEmpty ? Part.allCases : only)
        if !parts.isSubset(of: [.start, .engine, .images, .enter]) { try await workplace.prepare() }
        if parts.isDisjoint(with: [.boots, .copies]) { try await disk.format() } else { try await disk.make() }
        var boots = Boots(in: workplace)
        if parts.contains(.boots) { try await run(&boots) }
        var copies = Copies(in: workplace)
        if parts.contains(.copies) {
            try await copies.run(Situation.large[0], rounds: longRounds)
            try await copies.count()
        }
        var merges = Merges(on: disk, folder: folder, program: merger)
        if parts.contains(.merges) { try await merges.run(rounds: longRounds) }
        var engine = Engine(folder: folder, program: program, merger: merger)
        if parts.contains(.engine) { try await engine.run(rounds: longRounds) }
        var lookups = Lookups(folder: folder, program: lookup)
        if parts.contains(.lookups) { try await lookups.run(rounds: rounds) }
        var companion = Companion(on: disk, folder: folder, program: companion)
        if parts.contains(.companion) { try await companion.run(rounds: rounds) }
        var differences = Differences(on: disk, folder: folder, program: program, companion: self.companion)
        if parts.contains(.differences) { try await differences.run(rounds: longRounds) }
        var starts = Starts(folder: folder)
        if parts.contains(.start) { try await starts.run(rounds: startRounds) }
        var disks = Disks(folder: folder, companion: self.companion, program: program)
        if parts.contains(.images) { try await disks.run(rounds: longRounds) }
        var entries = Entries(folder: folder, companion: self.companion)
        if parts.contains(.enter) { try await entries.run(rounds: 25) }
        var captures = Captures(on: disk, folder: folder, companion: self.companion)
        if parts.contains(.captures) { try await captures.run(rounds: 7) }
        let result = Result(
            parts: parts, boots: boots, copies: copies, merges: merges, engine: engine, lookups: lookups, companion: companion,
            differences: differences, starts: starts, disks: disks, entries: entries, captures: captures,
            size: try await ProgramSize(of: program), rounds: rounds, longRounds: longRounds, startRounds: startRounds)
        let text = only.isEmpty ? try await result.page() : result.updated(try String(contentsOfFile: page, encoding: .utf8))
        try text.write(toFile: page, atomically: true, encoding: .utf8)
        progress("written: \(page)")
        print(result.tables)
    }

    private func run(_ boots: inout Boots) async throws {
        try await boots.run(contestants(Situation.small), rounds: rounds)
        let scripts = [Way.predecessor, .careful].map { Boots.Contestant(way: $0, situation: Situation.large[0]) }
        try await boots.run(Situation.large.map { Boots.Contestant(way: .ours, situation: $0) } + scripts, rounds: longRounds)
    }

    private func contestants(_ situations: [Situation]) -> [Boots.Contestant] {
        situations.flatMap { situation in Way.allCases.map { Boots.Contestant(way: $0, situation: situation) } }
    }
}
