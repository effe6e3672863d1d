internal import Foundation
internal import TestSupport

/// A disk of an image that a real Docker has, made by us and by what others do.
struct Disks {
    enum Job: String, CaseIterable {
        case ours, exported, loaded, converted, received

        var title: String {
            switch self {
            case .ours: "`docker-btrfs image -o disk.qcow2`, all of it"
            case .exported: "`docker export`, `tar` into an ext3, `qemu-img convert` to qcow2"
            case .loaded: "`docker save`, into `docker load` of a Docker on an empty btrfs"
            case .converted: "after that, `qemu-img convert` to qcow2"
            case .received: "`btrfs send`, into `btrfs receive`, of the same layers; no disk yet"
            }
        }
    }

    let folder: String
    let companion: String
    let program: String
    /// Microseconds of each run.
    private(set) var times: [Job: [Double]] = [:]
    /// Of the image, in bytes.
    private(set) var size = 0
    private(set) var layers = 0

    static let image = "desktop"

    mutating func run(rounds: Int) async throws {
        progress("disks: an image of a Debian, in a store of Docker's")
        let lab = ProcessInfo.processInfo.environment["LAB"] ?? Repository.path(".build/lab")
        try await output(of: [Repository.path("Tests/Lab/article")])
        let disk = "\(folder)/article.img"
        try await output(of: ["cp", "--sparse=always", "--reflink=auto", "\(lab)/article.img", disk])
        progress("disks: \(rounds) rounds")
        let script = #"docker image inspect --format '{{.Size}} {{len .RootFS.Layers}}' "$5"; exec "$1" "$2" "$3" "$4" "$5""#
        let told = try await output(of: [
            Repository.path("Tests/Lab/with-store"), disk, "--docker", "bash", "-euc", script, "bash",
            Repository.path("Tests/Bench/disks"), "\(rounds)", companion, program, Self.image,
        ])
        for (index, line) in told.split(separator: "\n").enumerated() {
            let words = line.split(separator: " ")
            if index == 0 {
                (size, layers) = (Int(words[0]) ?? 0, Int(words[1]) ?? 0)
            } else if let job = Job(rawValue: String(words[0])), let time = Double(words[1]) {
                times[job, default: []].append(time)
            }
        }
        if Job.allCases.contains(where: { times[$0]?.count != rounds }) { throw BenchError("the disks were not all made:\n\(told)") }
        try FileManager.default.removeItem(atPath: disk)
    }
}

extension Result {
    var diskTable: String {
        let ours = disks.times[.ours]?.median ?? .nan
        let rows = Disks.Job.allCases.map { job in
            let times = disks.times[job] ?? []
            return [job.title] + [times.median, times.min() ?? 0, times.max() ?? 0].map(milliseconds) + [number(times.median / ours)]
        }
        return table(["job", "median, ms", "fastest, ms", "slowest, ms", "÷ ours"], rows, numbers: Array(1...4)) + """

            A Debian of \(disks.layers) layers with \(number(Double(disks.size) / 1e6)) MB in the store of Docker's btrfs driver. The ways take turns,
            \(longRounds) rounds, each cold; a first round is not counted. Each ends with all of it on the disk. Ours makes a disk that boots, with
            the layers apart and the store that they are in; the second way puts no boot loader on its disk, and neither does any after it.

            """
    }

    var diskGoals: [Goal] {
        let time = disks.times.mapValues { $0.median }
        let ours = time[.ours] ?? 1
        let what = "a qcow2 of a Debian by `docker-btrfs image`"
        return [
            Goal(
                what: "\(what), beside `docker export | tar`", bound: .atLeast(3), unit: "times as fast",
                found: (time[.exported] ?? .nan) / ours),
            Goal(
                what: "the same, beside `docker save | docker load`", bound: .atLeast(3), unit: "times as fast",
                found: ((time[.loaded] ?? .nan) + (time[.converted] ?? .nan)) / ours),
            Goal(
                what: "the same, beside `btrfs send | receive` of the layers", bound: .atMost(1.3), unit: "times its time",
                found: ours / (time[.received] ?? .nan),
                remark: "the initramfs is built, kernel and companion are copied, GRUB is made, and the disk is converted"),
        ]
    }
}
