internal import Foundation
internal import TestSupport

/// The bytes of the program, as it is and as an initramfs has it.
struct ProgramSize {
    let bytes: Int
    let compressed: Int

    init(of program: String) async throws {
        bytes = try FileManager.default.attributesOfItem(atPath: program)[.size] as? Int ?? 0
        let count = try await output(of: ["bash", "-c", "zstd -19 --quiet --stdout \"$1\" | wc -c", "bash", program])
        compressed = Int(count.trimmingCharacters(in: .whitespacesAndNewlines)) ?? 0
    }
}

/// A figure that the project wants to reach.
struct Goal {
    enum Bound {
        case atMost(Double)
        case atLeast(Double)
    }

    let what: String
    let bound: Bound
    let unit: String
    /// Not a number where it was not measured, which reaches nothing.
    let found: Double
    /// The boot that it is about, and the one that this must not take much longer than: for where the time goes.
    var situation: Situation?
    var base: Situation?
    /// The same for what is no boot.
    var remark = ""

    var isReached: Bool {
        switch bound {
        case .atMost(let limit): found <= limit
        case .atLeast(let limit): found >= limit
        }
    }

    /// What is missing.
    var gap: Double {
        switch bound {
        case .atMost(let limit): found - limit
        case .atLeast(let limit): limit - found
        }
    }

    var wanted: String {
        switch bound {
        case .atMost(let limit): "at most \(number(limit)) \(unit)"
        case .atLeast(let limit): "at least \(number(limit)) \(unit)"
        }
    }
}

extension Result {
    /// Of what was measured.
    var goals: [Goal] {
        var goals: [Goal] = []
        if parts.contains(.boots) { goals += speed + growth }
        if parts.isSuperset(of: [.boots, .copies]) { goals += cost }
        if parts.contains(.merges) { goals += merging }
        if parts.contains(.engine) { goals += besideDocker }
        if parts.contains(.lookups) { goals += finding }
        if parts.contains(.companion) { goals += typing }
        if parts.contains(.differences) { goals += changes }
        if parts.contains(.images) { goals += diskGoals }
        if parts.contains(.enter) { goals += entryGoals }
        if parts.contains(.captures) { goals += captureGoals }
        return goals
    }

    private var speed: [Goal] {
        let many = Situation(layers: 1_000)
        let unchanged = Situation.large.filter { $0.topLayer.change == .unchanged }
        return [
            Goal(what: "100 layers, 10 files", bound: .atLeast(2.3), unit: "times", found: ratio(.usual), situation: .usual),
            Goal(what: "1000 layers, 10 files", bound: .atLeast(4.5), unit: "times", found: ratio(many), situation: many),
        ].map { $0.than("predecessor") }
            + unchanged.map { situation in
                Goal(
                    what: "20000 unchanged files in a \(situation.topLayer.kind)", bound: .atLeast(40), unit: "times",
                    found: ratio(situation), situation: situation
                ).than("predecessor")
            }
    }

    private var growth: [Goal] {
        let layers = [100, 5_000].map { Situation(layers: $0) }
        let images = [5_000, 200_000].map { Situation(imageFiles: $0) }
        return [
            Goal(
                what: "5000 layers instead of 100", bound: .atMost(3), unit: "ms more",
                found: (boots.time(.ours, layers[1]) - boots.time(.ours, layers[0])) / 1000, situation: layers[1], base: layers[0]
            ),
            Goal(
                what: "an image of 200000 files instead of 5000", bound: .atMost(10), unit: "ms more",
                found: (boots.time(.ours, images[1]) - boots.time(.ours, images[0])) / 1000, situation: images[1], base: images[0]
            ),
        ]
    }

    private var cost: [Goal] {
        let copy = copies.times.mapValues { $0.median }
        let calls =
            "\(number(copies.calls[.ours] ?? 0)) system calls a file, with the look at it before; cp makes \(number(copies.calls[.cpReflink] ?? 0))"
        let memory = boots.memory.filter { $0.key.way == .ours }.values.max().map { Double($0) } ?? .nan
        let flat = boots.kibibytes(.ours, Situation(layers: 5_000)) - boots.kibibytes(.ours, .usual)
        return [
            Goal(
                what: "copying a changed top layer, warm", bound: .atMost(60), unit: "µs a file", found: copy[.ours] ?? .nan, remark: calls),
            Goal(
                what: "the same, beside `\(Copier.cpReflink.rawValue)`", bound: .atMost(1), unit: "times its time",
                found: (copy[.ours] ?? .nan) / (copy[.cpReflink] ?? .nan), remark: calls
            ),
            Goal(what: "peak memory of any boot here", bound: .atMost(8), unit: "MiB", found: memory / 1024),
            Goal(what: "peak memory with 5000 layers instead of 100", bound: .atMost(0.25), unit: "MiB more", found: Double(flat) / 1024),
            Goal(what: "the program, with `zstd -19`", bound: .atMost(850), unit: "KB", found: Double(size.compressed) / 1000),
        ]
    }

    private var merging: [Goal] {
        let time = merges.times.mapValues { $0.median }
        let ratio = { (merger: Merger) in (time[.ours] ?? .nan) / (time[merger] ?? .nan) }
        return [
            Goal(
                what: "merging \(Merges.files) files, beside `cp -a --reflink=always`", bound: .atMost(1.2), unit: "times its time",
                found: ratio(.cpReflink)
            ),
            Goal(
                what: "a merge's peak memory", bound: .atMost(8), unit: "MiB", found: merges.memory[.ours].map { Double($0) / 1024 } ?? .nan
            ),
            Goal(
                what: "the same, with \(Merges.manyLayers) layers", bound: .atMost(8), unit: "MiB", found: Double(merges.deepMemory) / 1024
            ),
        ]
    }

    private var besideDocker: [Goal] {
        let time = { (job: Engine.Job) in (engine.times[job] ?? []).median }
        return [
            Goal(
                what: "merging a Debian, beside `docker export | tar -x`", bound: .atLeast(4), unit: "times as fast",
                found: time(.exportOfDebian) / time(.mergeOfDebian)
            ),
            Goal(
                what: "the same, \(Merges.files) small files", bound: .atLeast(4), unit: "times as fast",
                found: time(.export) / time(.merge), remark: "making them is most of both"
            ),
            Goal(
                what: "a boot after that, beside one with Docker's btrfs driver", bound: .atMost(1.1), unit: "times its time",
                found: time(.bootOfMerged) / time(.bootOfSubvolume)
            ),
        ]
    }

    private var finding: [Goal] {
        let time = { (times: [Lookups.Store: [Double]]) in (times[.containerd] ?? []).median / 1000 }
        return [
            Goal(
                what: "an image among \(Lookups.images) in one bbolt file", bound: .atMost(5), unit: "ms", found: time(lookups.times)
            ),
            Goal(what: "the same, cold", bound: .atMost(5), unit: "ms", found: time(lookups.coldTimes), remark: "reads of the disk"),
        ]
    }

    private var typing: [Goal] {
        let time = { (job: Companion.Job) in (companion.times[job]?.median ?? .nan) / 1000 }
        let work = { (job: Companion.Job) in "\(number((companion.work[job]?.median ?? 0) / 1000)) ms of a processor" }
        let quick = [Companion.Job.images, .plan, .status].map { job in
            Goal(
                what: "`\(job.rawValue)`, \(Companion.images) images", bound: .atMost(50), unit: "ms", found: time(job),
                remark: "\(work(job)): some 60 system calls for each image, a third of them for its size, on two threads"
            )
        }
        return quick + [
            Goal(what: "`\(Companion.Job.unchanged.rawValue)`", bound: .atMost(300), unit: "ms", found: time(.unchanged)),
            Goal(
                what: "`\(Companion.Job.kernel.rawValue)`, beside `cp` of the same files", bound: .atMost(1.3), unit: "times its time",
                found: time(.kernel) / time(.cp),
                remark: """
                    \(work(.kernel)); the held layer, the kernel, the record and the menu wait for the disk one after the other, cp waits once
                    """
            ),
        ]
    }

    private var changes: [Goal] {
        let time = differences.times.mapValues { $0.median }
        let what = "`docker-btrfs diff`, \(Differences.changes) changes among \(Differences.files) files, cold"
        return [
            Goal(what: what, bound: .atMost(200), unit: "ms", found: (time[.ours] ?? .nan) / 1000),
            Goal(
                what: "the same, beside `find -newer`", bound: .atLeast(20), unit: "times as fast",
                found: (time[.find] ?? .nan) / (time[.ours] ?? .nan)),
        ]
    }

    /// How many times as long the predecessor takes. It makes no difference between top layers of one size.
    func ratio(_ situation: Situation) -> Double {
        boots.time(.predecessor, comparable(situation)) / boots.time(.ours, situation)
    }

    /// The situation that the scripts were measured in.
    func comparable(_ situation: Situation) -> Situation {
        Situation.large.contains(situation) ? Situation.large[0] : situation
    }
}

extension Goal {
    fileprivate func than(_ other: String) -> Goal {
        Goal(what: what, bound: bound, unit: "\(unit) as fast as \(other)", found: found, situation: situation)
    }
}

/// With as many digits as say something.
func number(_ value: Double) -> String {
    if abs(value) < 0.005 { return "0" }
    let digits = abs(value) >= 100 || value == value.rounded() ? 0 : abs(value) >= 10 ? 1 : 2
    return String(format: "%.\(digits)f", value)
}
