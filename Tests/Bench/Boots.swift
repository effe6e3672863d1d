internal import Foundation
internal import TestSupport

/// The whole step, from the start of a program until the root that it made is mounted. Each with a cold disk.
struct Boots {
    struct Contestant: Hashable {
        let way: Way
        let situation: Situation
    }

    let workplace: Workplace
    /// Microseconds of each run.
    private(set) var times: [Contestant: [Double]] = [:]
    /// The same for each step of docker-btrfs-init.
    private(set) var steps: [Situation: [String: [Double]]] = [:]
    /// In the order in which they were first seen.
    private(set) var stepNames: [String] = []
    /// KiB
    private(set) var memory: [Contestant: Int] = [:]

    static let rest = "start, end, mount of the root"

    init(in workplace: Workplace) {
        self.workplace = workplace
    }

    /// Runs the contestants one after the other, that many rounds.
    mutating func run(_ contestants: [Contestant], rounds: Int) async throws {
        for round in 0...rounds {
            progress(round == 0 ? "boots: \(contestants.count) contestants" : "boots: round \(round) of \(rounds)")
            for contestant in contestants {
                // A root to replace, one that is kept, and what else a boot leaves for the next one. A script leaves its root only.
                if contestant.way == .ours { _ = try await boot(contestant) { try $0.duration() } }
                try await makeCold(contestant.situation)
                let (time, mount) = try await boot(contestant) { try $0.duration() }
                if round == 0 {
                    try await checkRoot(of: contestant)
                    memory[contestant] = try await boot(contestant) { try $0.peakMemory() }.measured
                } else {
                    try add(time + mount, contestant)
                }
            }
        }
    }

    /// Measures a command that makes a root, and mounts that.
    private func boot<Measured>(
        _ contestant: Contestant, _ measure: (Command) throws -> Measured
    ) async throws -> (measured: Measured, mount: Duration) {
        let measured = try measure(try workplace.boot(contestant.way, contestant.situation))
        let mount = try workplace.mount(contestant.way).duration()
        try await workplace.disk.unmount()
        return (measured, mount)
    }

    /// Who does nothing is fast.
    private func checkRoot(of contestant: Contestant) async throws {
        let disk = workplace.disk
        let (layer, root) = (disk.path(contestant.situation.topLayer.path), disk.path(contestant.way.root))
        let differences = try await disk.mounted { try await TestSupport.run(["diff", "--recursive", "--brief", layer, root]) }
        let wrong = differences.output.split(separator: "\n").filter { !$0.hasPrefix("Only in \(root)") }
        // The root has more than the top layer: that is a difference.
        if differences.status == 1 && wrong.isEmpty { return }
        throw BenchError("\(contestant.way.rawValue) made a wrong root: \(wrong.first ?? Substring(differences.errors))")
    }

    private mutating func add(_ time: Duration, _ contestant: Contestant) throws {
        times[contestant, default: []].append(time.microseconds)
        if contestant.way != .ours { return }
        var laps: [String: Double] = [:]
        var rest = time.microseconds
        for step in try workplace.steps() {
            laps[step.name, default: 0] += step.microseconds
            rest -= step.microseconds
            if !stepNames.contains(step.name) { stepNames.append(step.name) }
        }
        laps[Self.rest] = rest
        for (name, time) in laps { steps[contestant.situation, default: [:]][name, default: []].append(time) }
    }

    private func makeCold(_ situation: Situation) async throws {
        let disk = workplace.disk
        try await disk.mounted {
            if situation.topLayer.change == .changed {
                let file = disk.path("\(situation.topLayer.path)/\(Tree.topLayerPath(1))")
                try await output(of: ["touch", file])
            }
            try await disk.waitForCleaner()
        }
        try await output(of: ["sync"])
        try Data("3\n".utf8).write(to: URL(filePath: "/proc/sys/vm/drop_caches"))
        try await workplace.readPrograms()
    }

    /// The median in microseconds; not a number where that was not measured.
    func time(_ way: Way, _ situation: Situation) -> Double {
        times[Contestant(way: way, situation: situation)]?.median ?? .nan
    }

    func step(_ name: String, _ situation: Situation) -> Double? {
        steps[situation]?[name]?.median
    }

    func kibibytes(_ way: Way, _ situation: Situation) -> Int {
        memory[Contestant(way: way, situation: situation)] ?? 0
    }
}
