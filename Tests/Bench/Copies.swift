internal import Foundation
internal import TestSupport

/// A way to lay one tree over another.
enum Copier: String, CaseIterable {
    case ours = "docker-btrfs-init"
    case cp = "cp -a"
    case cpReflink = "cp -a --reflink=always"
    case rsync = "rsync -aHAXS"
    case tar = "tar, with attributes and holes, into tar"

    /// nil for ours, which copies in a boot.
    func arguments(from source: String, to destination: String) -> [String]? {
        let attributes = "--xattrs --xattrs-include='*' --acls"
        return switch self {
        case .ours: nil
        case .cp: ["cp", "-a", "\(source)/.", destination]
        case .cpReflink: ["cp", "-a", "--reflink=always", "\(source)/.", destination]
        case .rsync: ["rsync", "-aHAXS", "\(source)/", destination]
        case .tar:
            ["bash", "-c", "tar -C \"$1\" \(attributes) -Sc . | tar -C \"$2\" \(attributes) -x", "bash", source, destination]
        }
    }
}

/// Copying alone, into a snapshot of an image that has every second file already, with all that is read in memory.
struct Copies {
    let workplace: Workplace
    /// Microseconds a file of each run, and to write it all to the disk afterwards.
    private(set) var times: [Copier: [Double]] = [:]
    private(set) var syncs: [Copier: [Double]] = [:]
    private(set) var calls: [Copier: Double] = [:]
    private(set) var memory: [Copier: Int] = [:]

    private var disk: BenchDisk { workplace.disk }
    private var target: String { disk.path("copy") }

    init(in workplace: Workplace) {
        self.workplace = workplace
    }

    mutating func run(_ situation: Situation, rounds: Int) async throws {
        try await output(of: ["mount", "-o", "subvolid=5,noatime", disk.device, disk.mountPoint])
        for round in 0...rounds {
            progress(round == 0 ? "copies: \(Copier.allCases.count) contestants" : "copies: round \(round) of \(rounds)")
            for copier in Copier.allCases {
                let (time, sync) = try await copy(copier, situation)
                // The first one reads the files.
                if round == 0 { continue }
                times[copier, default: []].append(time / Double(situation.topLayer.files))
                syncs[copier, default: []].append(sync / Double(situation.topLayer.files))
            }
        }
        try await output(of: ["umount", disk.mountPoint])
    }

    /// The system calls that a file costs: what a thousand files more make. docker-btrfs-init looks at them as well.
    mutating func count() async throws {
        progress("copies: system calls and memory")
        let many = Situation(topLayer: TopLayer(files: 1_000))
        try await output(of: ["mount", "-o", "subvolid=5,noatime", disk.device, disk.mountPoint])
        for copier in Copier.allCases {
            let more = try await with(copier, many) { try $0.systemCalls() }
            let less = try await with(copier, .usual) { try $0.systemCalls() }
            calls[copier] = Double(more - less) / Double(many.topLayer.files - Situation.usual.topLayer.files)
            memory[copier] = try await with(copier, Situation.large[0]) { try $0.peakMemory() }
        }
        try await output(of: ["umount", disk.mountPoint])
    }

    private func copy(_ copier: Copier, _ situation: Situation) async throws -> (time: Double, sync: Double) {
        try await with(copier, situation) { command in
            let time = try command.duration().microseconds
            if copier != .ours { return (time, try sync.duration().microseconds) }
            let steps = try workplace.steps()
            let sum = { (name: String) in steps.filter { $0.name == name }.map { $0.microseconds }.reduce(0, +) }
            if sum("copy the top layer") == 0 { throw BenchError("the boot did not copy its top layer") }
            return (sum("copy the top layer"), sum("write everything to the disk"))
        }
    }

    private var sync: Command { Command(arguments: ["sync", "--file-system", disk.mountPoint], folder: workplace.folder) }

    private func with<Result>(
        _ copier: Copier, _ situation: Situation, _ body: (Command) throws -> Result
    ) async throws -> Result {
        guard let arguments = copier.arguments(from: disk.path(situation.topLayer.path), to: target) else {
            // Without a change there is nothing to copy.
            try await output(of: ["touch", disk.path("\(situation.topLayer.path)/\(Tree.topLayerPath(1))")])
            // Its own mount begins read-only, and so must be that of the same filesystem here.
            try await output(of: ["mount", "-o", "remount,ro", disk.mountPoint])
            let result = try body(workplace.command(situation))
            try await output(of: ["mount", "-o", "remount,rw", disk.mountPoint])
            try await disk.waitForCleaner()
            return result
        }
        try await disk.subvolume(["snapshot", disk.path(BenchDisk.image(of: situation.imageFiles)), target])
        let result = try body(Command(arguments: arguments, folder: workplace.folder))
        try await disk.subvolume(["delete", target])
        try await disk.waitForCleaner()
        return result
    }
}
