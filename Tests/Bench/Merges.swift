internal import Foundation
internal import TestSupport

/// A way to make one tree of the layers of an image.
enum Merger: String, CaseIterable {
    case ours = "docker-btrfs-init"
    /// It cannot share contents with a mount of an overlay, so it copies what was merged before.
    case cpReflink = "cp -a --reflink=always, of the merged tree"
    case rsync = "rsync -aHAXS, of the mounted layers"
}

/// Merging alone, with all that is read in memory: 200,000 files in ten layers, of which the lowest has most.
struct Merges {
    let disk: BenchDisk
    let folder: String
    /// merge-layers, which merges as docker-btrfs-init does and does nothing else.
    let program: String
    /// Microseconds a file of each run, without and with the writing to the disk.
    private(set) var times: [Merger: [Double]] = [:]
    private(set) var calls: [Merger: Double] = [:]
    private(set) var memory: [Merger: Int] = [:]
    /// KiB that ours takes with many layers.
    private(set) var deepMemory = 0
    /// What is in the files.
    private(set) var bytes = 0

    static let files = 200_000
    static let manyLayers = 128
    static let layerCount = 10
    private static let layers = (0..<layerCount).reversed().map { "layers/\($0)" }
    private var mounted: String { "\(folder)/mounted" }
    private var target: String { disk.path("merged") }

    init(on disk: BenchDisk, folder: String, program: String) {
        self.disk = disk
        self.folder = folder
        self.program = program
    }

    mutating func run(rounds: Int) async throws {
        try await disk.mounted {
            for number in 0..<Self.layerCount { try Self.makeLayer(number, in: disk.path("layers/\(number)")) }
            let sum = #"find "$1" -type f -printf '%s\n' | awk '{ sum += $1 } END { print sum }'"#
            bytes = Int(try await output(of: ["bash", "-c", sum, "bash", disk.path("layers")]).dropLast()) ?? 0
            try await output(of: [program, disk.mountPoint, "example"] + Self.layers.map(disk.path))
            let lower = Self.layers.map(disk.path).joined(separator: ":")
            try await output(of: ["mkdir", "-p", mounted])
            try await output(of: ["mount", "-t", "overlay", "-o", "lowerdir=\(lower)", "overlay", mounted])
            for round in 0...rounds {
                progress(round == 0 ? "merges: \(Merger.allCases.count) contestants" : "merges: round \(round) of \(rounds)")
                for merger in Merger.allCases {
                    let time = try await with(merger) { try $0.duration().microseconds }
                    // The first one reads the files.
                    if round > 0 { times[merger, default: []].append(time / Double(Self.files)) }
                }
            }
            progress("merges: system calls and memory")
            for merger in Merger.allCases {
                calls[merger] = try await with(merger) { Double(try $0.systemCalls()) / Double(Self.files) }
                memory[merger] = try await with(merger) { try $0.peakMemory() }
            }
            try await output(of: ["umount", mounted])
            deepMemory = try await with(.ours, try makeManyLayers()) { try $0.peakMemory() }
        }
    }

    /// As many files as in few layers. Overlayfs itself could not be told of so many in one line.
    private func makeManyLayers() throws -> [String] {
        let layers = (0..<Self.manyLayers).map { "many/\($0)" }
        for (number, layer) in layers.enumerated() {
            try FileManager.default.createDirectory(atPath: disk.path(layer), withIntermediateDirectories: true)
            var tree = Tree(in: disk.path(layer))
            let range = number * Self.files / Self.manyLayers..<(number + 1) * Self.files / Self.manyLayers
            // Each has a directory of its own and one that all have.
            try tree.add(range, of: "of layer \(number)") { $0 % 2 == 0 ? Tree.imagePath($0) : "usr/share/all/\($0)" }
        }
        return layers
    }

    /// The lowest is number 0.
    static func makeLayer(_ number: Int, in folder: String) throws {
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        var tree = Tree(in: folder)
        let first = number == 0 ? 0 : 150_000 + number * 5_000
        try tree.add(first..<155_000 + number * 5_000, of: "of layer \(number)", at: Tree.imagePath)
    }

    /// All write to the disk what they made: ours does so before its root is seen.
    private func command(_ merger: Merger, _ layers: [String]) -> [String] {
        switch merger {
        case .ours: [program, disk.mountPoint, "merged"] + layers.map(disk.path)
        case .cpReflink: synced("cp -a --reflink=always \"$1/.\" \"$2\"", disk.path("example"))
        case .rsync: synced("rsync -aHAXS \"$1/\" \"$2\"", mounted)
        }
    }

    private func synced(_ script: String, _ source: String) -> [String] {
        ["bash", "-c", "\(script) && sync --file-system \"$2\"", "bash", source, target]
    }

    private func with<Result>(
        _ merger: Merger, _ layers: [String] = Self.layers, _ body: (Command) throws -> Result
    ) async throws -> Result {
        if merger != .ours { try await disk.subvolume(["create", target]) }
        try await output(of: ["sync", "--file-system", disk.mountPoint])
        let result = try body(Command(arguments: command(merger, layers), folder: folder))
        try await disk.subvolume(["delete", target])
        try await disk.waitForCleaner()
        return result
    }
}
