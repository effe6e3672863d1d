internal import Foundation
internal import TestSupport

/// All that was measured, as a page.
struct Result {
    let parts: Set<Bench.Part>
    let boots: Boots
    let copies: Copies
    let merges: Merges
    let engine: Engine
    let lookups: Lookups
    let companion: Companion
    let differences: Differences
    let starts: Starts
    let disks: Disks
    let entries: Entries
    let captures: Captures
    let size: ProgramSize
    let rounds: Int
    let longRounds: Int
    let startRounds: Int

    private var situations: [Situation] { Situation.small + Situation.large }

    /// Of what was measured.
    var tables: String { sections.map { "## \($0.title)\n\n\($0.table)" }.joined(separator: "\n") }

    var sections: [(title: String, table: String)] {
        var sections: [(title: String, table: String)] = [(Self.goals, goalTable)]
        if parts.contains(.boots) { sections += [("Boots", bootTable), ("Where the time goes", stepTable)] }
        if parts.contains(.copies) { sections.append(("Copies", copyTable)) }
        if parts.contains(.merges) { sections.append(("Merges", mergeTable)) }
        if parts.contains(.engine) { sections.append(("Beside Docker", engineTable)) }
        if parts.contains(.lookups) { sections.append(("Looking an image up", lookupTable)) }
        if parts.contains(.companion) { sections.append(("The companion", companionTable)) }
        if parts.contains(.differences) { sections.append(("What was changed", differenceTable)) }
        if parts.contains(.start) { sections.append(("From the kernel's start to the root's init", startTable)) }
        if parts.contains(.images) { sections.append(("Disks of images", diskTable)) }
        if parts.contains(.enter) { sections.append(("Entering an image", entryTable)) }
        if parts.contains(.captures) { sections.append(("A disk in use, captured", captureTable)) }
        return sections
    }

    static let goals = "Goals"

    private var goalTable: String {
        let rows = goals.map { goal in
            [goal.what, goal.wanted, number(goal.found), goal.isReached ? "✔" : "✘ by \(number(goal.gap))", explanation(of: goal)]
        }
        return table(["what", "goal", "found", "", "where the time goes"], rows, numbers: [2])
    }

    /// The three steps of a missed goal's boot that take longest, or that much longer than in the other boot.
    private func explanation(of goal: Goal) -> String {
        if goal.isReached { return "" }
        guard let situation = goal.situation else { return goal.remark }
        let steps = (boots.stepNames + [Boots.rest]).map { name in
            (name: name, time: (boots.step(name, situation) ?? 0) - (goal.base.flatMap { boots.step(name, $0) } ?? 0))
        }
        let longest = steps.sorted { $0.time > $1.time }.prefix(3)
        return longest.map { "\($0.name) \(milliseconds($0.time)) ms" }.joined(separator: ", ")
    }

    private var bootTable: String {
        let rows = situations.map { situation in
            let other = comparable(situation)
            let times = Way.allCases.map { boots.time($0, $0 == .ours ? situation : other) }
            let memory = Way.allCases.map { boots.kibibytes($0, $0 == .ours ? situation : other) }
            return ["\(situation.layers)", "\(situation.imageFiles)", situation.topLayer.words] + times.map(milliseconds)
                + [number(times[1] / times[0]), number(times[2] / times[0])] + memory.map { number(Double($0) / 1024) }
        }
        let head =
            ["layers", "image", "top layer"] + Way.allCases.map { "\($0.rawValue), ms" }
            + ["predecessor ÷ ours", "careful ÷ ours"] + ["ours, MiB", "predecessor, MiB", "careful, MiB"]
        return table(head, rows, numbers: [0, 1] + Array(3..<head.count))
    }

    private var stepTable: String {
        let shown = [Situation.usual, Situation(layers: 5_000), Situation(topLayer: TopLayer(files: 1_000))] + Situation.large
        let rows = (boots.stepNames + [Boots.rest]).map { name in
            [name] + shown.map { boots.step(name, $0).map(milliseconds) ?? "" }
        }
        let head = ["step, ms"] + shown.map { "\($0.layers) layers, \($0.topLayer.words)" }
        return table(head, rows, numbers: Array(1..<head.count))
    }

    private var copyTable: String {
        let rows = Copier.allCases.map { copier in
            [
                "`\(copier.rawValue)`", number(copies.times[copier]?.median ?? 0), number(copies.syncs[copier]?.median ?? 0),
                number(copies.calls[copier] ?? 0), number(Double(copies.memory[copier] ?? 0) / 1024),
            ]
        }
        return table(["copier", "µs a file", "then to the disk, µs a file", "system calls a file", "MiB"], rows, numbers: [1, 2, 3, 4])
    }

    private var mergeTable: String {
        let ours = merges.times[.ours]?.median ?? 0
        let rows = Merger.allCases.map { merger in
            let time = merges.times[merger]?.median ?? 0
            return [
                "`\(merger.rawValue)`", number(time * Double(Merges.files) / 1e6), number(time), number(time / ours),
                number(merges.calls[merger] ?? 0), number(Double(merges.memory[merger] ?? 0) / 1024),
            ]
        }
        return table(["way", "s", "µs a file", "÷ ours", "system calls a file", "MiB"], rows, numbers: Array(1...5)) + """

            A *merge* makes one tree of ten layers with \(Merges.files) files, \(number(Double(merges.bytes) / 1e6)) MB of them, with everything in
            memory, and writes it to the disk; medians of \(longRounds), the contestants take turns. cp cannot share contents with a mount of
            an overlay: it copies the tree that was merged before. With as many files in \(Merges.manyLayers) layers ours takes
            \(number(Double(merges.deepMemory) / 1024)) MiB.

            """
    }

    private var engineTable: String {
        let merges = [Engine.Job.export: Engine.Job.merge, .exportOfDebian: .mergeOfDebian]
        let rows = Engine.Job.allCases.map { job in
            let times = engine.times[job] ?? []
            let ratio = merges[job].map { number(times.median / (engine.times[$0]?.median ?? 0)) }
            return [job.rawValue] + [times.median, times.min() ?? 0, times.max() ?? 0].map(milliseconds) + [ratio ?? ""]
        }
        return table(["job", "median, ms", "fastest, ms", "slowest, ms", "÷ the merge"], rows, numbers: Array(1...4)) + """

            Docker of Debian's newest suite built one image of ten layers with \(Merges.files) files, once with overlay2 and once with its btrfs
            driver. The first two take turns while it runs, on its store's own filesystem, and end when all is on the disk. A *boot* here ends
            with docker-btrfs-init, and follows one that made the root before: with overlay2 that one has merged the layers. Each is cold;
            medians of \(longRounds). The *Debian* has a kernel, systemd and Docker, and lies in overlay2 as Debian's own Docker left it.

            """
    }

    private var lookupTable: String {
        let rows = Lookups.Store.allCases.map { store in
            let times = [lookups.times[store], lookups.coldTimes[store]].map { milliseconds(($0 ?? []).median) }
            return [store.title, number(Double(lookups.sizes[store] ?? 0) / 1e6)] + times
        }
        return table(["store", "the file, MB", "in memory, ms", "cold, ms"], rows, numbers: Array(1...3)) + """

            One image among \(Lookups.images) that containerd and Podman of Debian's newest suite loaded from an archive, from the opened directory to
            the folder of the image's layer; medians of \(rounds), each of a process of its own, which has the code of docker-btrfs-init. *Cold* is
            with the store's filesystem just mounted and nothing of it in memory, as at a boot.

            """
    }

    private var companionTable: String {
        let rows = Companion.Job.allCases.map { job in
            let times = companion.times[job] ?? []
            return ["`\(job.rawValue)`"]
                + [times.median, times.min() ?? 0, times.max() ?? 0, companion.work[job]?.median ?? 0].map(milliseconds)
        }
        let head = ["command", "median, ms", "fastest, ms", "slowest, ms", "of a processor, ms"]
        return table(head, rows, numbers: Array(1...4)) + """

            The store of Docker's btrfs driver has \(Companion.images) images of 20 layers, of which each shares 15 with 49 others; all can be
            booted. Kernel and initramfs of the deployment have \(number(Double(companion.size) / 1e6)) MB, and are written to an ext4 that stands
            for the boot loader's FAT; the image brings its initramfs. The commands take turns, \(rounds) rounds, with everything in memory; a
            first round is not counted. What a processor worked is the median too: other work of the machine is in the other columns only.

            """
    }

    private var differenceTable: String {
        let rows = Differences.Job.allCases.map { job in
            let times = differences.times[job] ?? []
            return ["`\(job.rawValue)`"]
                + [times.median, times.min() ?? 0, times.max() ?? 0, differences.work[job]?.median ?? 0].map(milliseconds)
        }
        return table(["command", "median, ms", "fastest, ms", "slowest, ms", "of a processor, ms"], rows, numbers: Array(1...4)) + """

            \(Differences.changes) files of a root of \(Differences.files) were written, added, renamed, deleted or given another mode. Each
            command finds the filesystem just mounted and nothing of it in memory, and takes turns with the other one, \(longRounds) rounds; a
            first one is not counted. find sees nothing of renames, modes and deletions but that a directory was changed.

            """
    }

    private var startTable: String {
        let ours = starts.times[.ours]?.median ?? 0
        let rows = Initramfs.allCases.map { initramfs in
            let times = starts.times[initramfs] ?? []
            let size = Double(starts.sizes[initramfs] ?? 0) / 1_048_576
            return [initramfs.rawValue, number(size)]
                + [times.median, times.min() ?? 0, times.max() ?? 0, times.median / ours].map(number)
        }
        return table(["initramfs", "its size, MiB", "median, s", "fastest, s", "slowest, s", "÷ ours"], rows, numbers: Array(1...5))
    }

    func milliseconds(_ microseconds: Double) -> String { number(microseconds / 1000) }

    /// A table of Markdown.
    func table(_ head: [String], _ rows: [[String]], numbers: [Int]) -> String {
        let rule = head.indices.map { numbers.contains($0) ? "--:" : "---" }
        return ([head, rule] + rows).map { "| " + $0.joined(separator: " | ") + " |\n" }.joined()
    }
}

extension TopLayer {
    var words: String {
        files < 20_000 ? "\(files) files" : "\(files) files, \(kind), \(change)"
    }
}
