internal import Foundation
internal import TestSupport

/// A command in an image that a real Docker has: entered by us and by what others do.
struct Entries {
    enum Job: String, CaseIterable {
        case snapshot, enter, docker, nspawn

        var title: String {
            switch self {
            case .snapshot: "`btrfs subvolume snapshot`, and `delete`"
            case .enter: "`docker-btrfs enter`"
            case .docker: "`docker run --rm --network none`"
            case .nspawn: "`systemd-nspawn -x --private-network`"
            }
        }
    }

    let folder: String
    let companion: String
    /// Microseconds of each run.
    private(set) var times: [Job: [Double]] = [:]

    mutating func run(rounds: Int) async throws {
        progress("enter: a Debian, in a store of Docker's")
        try await output(of: [Repository.path("Tests/Lab/tools")])
        try await output(of: [Repository.path("Tests/Lab/base")])
        let disk = "\(folder)/enter.img"
        try await output(of: ["bash", "-euc", #"truncate --size 3G "$1"; mkfs.btrfs --quiet "$1""#, "bash", disk])
        try FileManager.default.createDirectory(atPath: "\(folder)/entered/etc", withIntermediateDirectories: true)
        progress("enter: \(rounds) rounds")
        let told = try await output(of: [
            Repository.path("Tests/Lab/with-store"), disk, "--docker", "bash", "-euc", Self.turns, "bash", "\(rounds)", companion,
            "\(folder)/entered",
        ])
        for line in told.split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 2, let job = Job(rawValue: String(words[0])), let time = Double(words[1]) else { continue }
            times[job, default: []].append(time)
        }
        if Job.allCases.contains(where: { times[$0]?.count != rounds }) { throw BenchError("not all ways were gone:\n\(told)") }
        try FileManager.default.removeItem(atPath: disk)
    }

    /// Prints a name and microseconds for each. The machine's top layer has a file, as after `setup`; the image has no template.
    private static let turns = #"""
        rounds=$1 companion=$2 system=$3 log=$3/log
        docker import "$LAB/base.tar" bench > "$log"
        cd "$TOP"
        "$companion" setup --top-level . --data-root docker --root "$system" --loader print --options quiet >> "$log"
        layer=$(echo docker/btrfs/subvolumes/*)
        snapshot() { btrfs --quiet subvolume snapshot "$layer" copy; btrfs --quiet subvolume delete copy; }
        enter() { "$companion" enter --top-level . bench -- true; }
        docker() { command docker run --rm --network none bench true; }
        # It is unpacked and not installed; nothing is said to a systemd.
        nspawn() {
            LD_LIBRARY_PATH=$(echo "$LAB"/tools/usr/lib/*/systemd) \
                systemd-nspawn --quiet --register=no --keep-unit --private-network -xD "$layer" true
        }
        for ((round = 0; round <= rounds; round++)); do
            for way in snapshot enter docker nspawn; do
                start=${EPOCHREALTIME/./}; "$way" &>> "$log" || { tail -n 5 "$log" >&2; exit 1; }; end=${EPOCHREALTIME/./}
                # The first round warms up.
                ((round == 0)) || echo "$way $((end - start))"
            done
        done
        """#
}

extension Result {
    var entryTable: String {
        let rows = Entries.Job.allCases.map { job in
            let times = entries.times[job] ?? []
            return [job.title] + [times.median, times.min() ?? 0, times.max() ?? 0].map(milliseconds)
                + [number(times.median / (entries.times[.enter] ?? []).median)]
        }
        return table(["way", "median, ms", "fastest, ms", "slowest, ms", "÷ ours"], rows, numbers: Array(1...4)) + """

            `true` in a Debian that is in the store of Docker's btrfs driver, from the program's start to its end, with everything in memory. Each
            way begins with a snapshot of the image and ends with its deletion. The ways take turns, \(entries.times[.enter]?.count ?? 0) rounds; a first
            one is not counted. Ours copies the machine's top layer over it besides, which has both programs in it and some files of
            this machine, where no boot has left a template.

            """
    }

    var entryGoals: [Goal] {
        let time = entries.times.mapValues { $0.median / 1000 }
        let ours = time[.enter] ?? 1
        return [
            Goal(
                what: "`docker-btrfs enter`, beyond a snapshot and its deletion", bound: .atMost(100), unit: "ms",
                found: ours - (time[.snapshot] ?? .nan)),
            Goal(
                what: "the same, all of it, beside `docker run`", bound: .atLeast(8), unit: "times as fast",
                found: (time[.docker] ?? .nan) / ours),
        ]
    }
}
