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
    @Option(help: "the page to write") var page: String
    @Option(help: "how often each small boot is measured") var rounds = 9
    @Option(help: "how often each boot and each copy of 20000 files is") var longRounds = 5

    func run() async throws {
        let disk = BenchDisk(device: device, mountPoint: "\(folder)/disk")
        let workplace = Workplace(disk: disk, folder: folder, program: program)
        try await workplace.prepare()
        try await disk.make()
        var boots = Boots(in: workplace)
        try await boots.run(contestants(Situation.small), rounds: rounds)
        let scripts = [Way.predecessor, .careful].map { Boots.Contestant(way: $0, situation: Situation.large[0]) }
        try await boots.run(Situation.large.map { Boots.Contestant(way: .ours, situation: $0) } + scripts, rounds: longRounds)
        var copies = Copies(in: workplace)
        try await copies.run(Situation.large[0], rounds: longRounds)
        try await copies.count()
        let size = try await ProgramSize(of: program)
        let result = Result(boots: boots, copies: copies, size: size, rounds: rounds, longRounds: longRounds)
        let text = try await result.page()
        try text.write(toFile: page, atomically: true, encoding: .utf8)
        progress("written: \(page)")
        print(result.tables)
    }

    private func contestants(_ situations: [Situation]) -> [Boots.Contestant] {
        situations.flatMap { situation in Way.allCases.map { Boots.Contestant(way: $0, situation: situation) } }
    }
}
