internal import CLinux
internal import Foundation
internal import TestSupport

/// How long nobody can write to a disk that `rehearse --this-disk` captures, with much metadata on it and somebody who writes all the time.
struct Captures {
    let disk: BenchDisk
    let folder: String
    let companion: String
    /// As the program says it: microseconds of each freeze, tree blocks that were read in it and all that had changed, and MiB of metadata
    /// that were copied before.
    private(set) var freezes: [Double] = []
    private(set) var frozenBlocks: [Double] = []
    private(set) var blocks: [Double] = []
    private(set) var copied: [Double] = []
    /// Microseconds of a freeze in which nothing is done.
    private(set) var bare: [Double] = []

    /// Of 16 KiB each, and one such block for its name and times: 1 GiB.
    static let files = 1 << 15
    private var boot: String { "\(folder)/capture-boot" }

    init(on disk: BenchDisk, folder: String, companion: String) {
        (self.disk, self.folder, self.companion) = (disk, folder, companion)
    }

    /// Writes small files and a large one, changes all files of a snapshot and some among all of the metadata, and deletes, until there is
    /// a file `stop`. Each round ends a transaction.
    private static let churn = #"""
        btrfs subvolume create image > /dev/null
        for file in {1..1600}; do echo "$file" > "image/$file"; done
        mkdir churn
        for ((round = 0; ; round++)); do
            [[ ! -e stop ]] || exit 0
            mkdir "churn/$round"
            for file in {1..150}; do echo "$round" > "churn/$round/$file"; done
            head -c 2000000 /dev/urandom > "churn/$round/large"
            for file in {1..50}; do echo "filler/$((RANDOM % 32768))"; done | xargs touch
            btrfs subvolume snapshot image "churn/$round/copy" > /dev/null
            touch "churn/$round/copy"/*
            btrfs filesystem sync .
            ((round < 3)) || { btrfs subvolume delete "churn/$((round - 3))/copy" > /dev/null; rm -r "churn/$((round - 3))"; }
        done
        """#

    mutating func run(rounds: Int) async throws {
        progress("captures: a gigabyte of metadata")
        try await disk.format()
        try await disk.mounted {
            try await makeMachine()
            let filler = disk.path("filler")
            try await disk.subvolume(["create", filler])
            let value = [UInt8](repeating: 0x78, count: 16_000)
            for number in 0..<Self.files {
                let file = "\(filler)/\(number)"
                try Data().write(to: URL(filePath: file))
                if setxattr(file, "user.filler", value, value.count, 0) != 0 { throw BenchError(call: "setxattr", file) }
            }
            try await output(of: ["sync", "--file-system", filler])
            progress("captures: \(rounds) rounds")
            let stop = disk.path("stop")
            async let writer = output(of: ["bash", "-euc", "cd \"$1\"; \(Self.churn)", "bash", disk.mountPoint])
            do {
                for _ in 0..<rounds {
                    try await Task.sleep(for: .seconds(2))
                    try await capture()
                    try measureFreeze()
                }
            } catch {
                try Data().write(to: URL(filePath: stop))
                _ = try await writer
                throw error
            }
            try Data().write(to: URL(filePath: stop))
            _ = try await writer
            try await output(of: ["umount", boot])
        }
    }

    /// An image that is deployed. What it would come to is no matter: it is ended when it was started.
    private func makeMachine() async throws {
        let store = Store(layers: Store.layersOfAnImage)
        try FileManager.default.createDirectory(atPath: disk.path(store.path), withIntermediateDirectories: true)
        for placed in try store.write(on: disk.mountPoint, imageFiles: [1]) {
            let place = disk.path(placed.layer)
            try await disk.subvolume(["create", place])
            var tree = Tree(in: place)
            try BenchDisk.makeBootable(&tree)
            let lab = try LabKernel()
            try await lab.addModules(to: tree)
            try lab.addBootFiles(to: place)
        }
        try await Companion.makeBoot(at: boot)
        let place = ["--top-level", disk.mountPoint, "--boot", boot]
        let setup = ["setup", "--loader", "systemd-boot", "--data-root", disk.path(store.path), "--root", folder, "--options", "quiet"]
        try await output(of: [companion] + setup + place)
        try await output(of: [companion, "deploy", "bench:1"] + place)
    }

    private mutating func capture() async throws {
        let words = ["rehearse", "--this-disk", "--rehearsal-time", "1", "--rehearsal-folder", folder]
        let ended = try await TestSupport.run([companion] + words + ["--top-level", disk.mountPoint, "--boot", boot])
        let line = ended.output.split(separator: "\n").first { $0.hasPrefix("captured generation") }
        let form = try Regex(#": (\d+) MiB of metadata; .* frozen for (\d+) ms, in which (\d+) of (\d+) changed blocks"#)
        let found = line?.firstMatch(of: form)
        let numbers = (1...4).compactMap { found?.output[$0].substring.flatMap { Double($0) } }
        if numbers.count < 4 { throw BenchError("the disk was not captured:\n\(ended.output)\(ended.errors)") }
        copied.append(numbers[0])
        freezes.append(numbers[1] * 1000)
        frozenBlocks.append(numbers[2])
        blocks.append(numbers[3])
    }

    /// As long as such a disk takes for it, when all is written as the program does it before.
    private mutating func measureFreeze() throws {
        let (freeze, thaw): (UInt, UInt) = (0xc004_5877, 0xc004_5878)
        let directory = open(disk.mountPoint, O_RDONLY | O_CLOEXEC)
        if directory < 0 { throw BenchError(call: "open", disk.mountPoint) }
        defer { close(directory) }
        let clock = ContinuousClock()
        for _ in 0..<10 where clock.measure({ _ = syncfs(directory) }) < .milliseconds(30) { break }
        var isFrozen = false
        let time = clock.measure { isFrozen = ioctl(directory, freeze, 0) == 0 && ioctl(directory, thaw, 0) == 0 }
        if !isFrozen { throw BenchError(call: "ioctl", disk.mountPoint) }
        bare.append(time.microseconds)
    }
}

extension Result {
    var captureTable: String {
        let kinds = [
            ("frozen by `docker-btrfs rehearse --this-disk`", captures.freezes), ("frozen and thawed at once", captures.bare),
        ]
        let rows = kinds.map { name, times in [name] + [times.median, times.min() ?? 0, times.max() ?? 0].map(milliseconds) }
        return table(["freeze", "median, ms", "shortest, ms", "longest, ms"], rows, numbers: [1, 2, 3]) + """

            The btrfs has \(number(captures.copied.median)) MiB of metadata, all of which are copied before; while that goes on, and all the time, somebody
            writes files, changes some anywhere among \(Captures.files), makes snapshots and deletes. \(number(captures.blocks.median)) tree blocks
            change in that time, of which \(number(captures.frozenBlocks.median)) are read in the freeze. What is given is what the program says: from the call that
            freezes, which waits until all is written, to the one that thaws. Medians of \(captures.freezes.count), in turns.

            """
    }

    var captureGoals: [Goal] {
        [
            Goal(
                what: "the freeze of `rehearse --this-disk`, with a gigabyte of metadata and a writer", bound: .atMost(100), unit: "ms",
                found: captures.freezes.median / 1000,
                remark: "a freeze in which nothing is done takes \(milliseconds(captures.bare.median)) ms")
        ]
    }
}
