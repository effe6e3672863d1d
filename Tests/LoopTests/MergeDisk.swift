import Basics
import CLinux
import Linux
import TestSupport
import Testing

/// A disk for layers and what is made of them, mounted while a test runs.
struct MergeDisk {
    let disk: Disk
    /// Where its top level is.
    let top: String

    static func with(
        _ command: [String] = ["mkfs.btrfs", "-q"], size: String = "512M", _ body: (MergeDisk) async throws -> Void
    ) async throws {
        try await Disk.with(command, size: size) { disk in
            let top = "\(disk.folder)/top"
            let isBtrfs = command[0] == "mkfs.btrfs"
            let request = MountRequest(
                device: disk.device, filesystemType: isBtrfs ? "btrfs" : "ext4", options: isBtrfs ? ["subvolid=5"] : [])
            try await output(of: ["mkdir", top])
            try request.mount(at: top, .readWrite)
            let ended: Result<Void, any Error>
            do { ended = .success(try await body(MergeDisk(disk: disk, top: top))) } catch { ended = .failure(error) }
            try await output(of: ["umount", "--recursive", top])
            try ended.get()
        }
    }

    /// Runs a Bash script in the top level.
    @discardableResult
    func run(_ script: String) async throws -> String {
        try await output(of: ["bash", "-euo", "pipefail", "-c", "cd \"$1\"; eval \"$2\"", "bash", top, script])
    }

    /// The directory at a path.
    func directory(_ path: String) throws -> Directory { try Directory(opening: "\(top)/\(path)") }

    /// Merges layers, the topmost first, and returns the root.
    func merge(_ layers: [String], as name: String) throws -> Directory {
        _ = try count(layers, as: name)
        return try directory(name)
    }

    func count(_ layers: [String], as name: String) throws -> MergeCount {
        let opened = try layers.map { try directory($0) }
        let path = try #require(Path(name))
        return try LayerMerge(of: opened, into: directory(path.parent.description), as: path.name).run { _ in }
    }

    /// What the kernel's mount of these layers shows, the topmost first.
    func mounted(_ layers: [String]) throws -> Directory {
        // A mount of one layer alone is none.
        let all = layers.count == 1 ? layers + [try emptyLayer()] : layers
        let options = all.map { "lowerdir+=\(top)/\($0)" } + ["redirect_dir=on", "metacopy=on"]
        return try Directory.mounting(MountRequest(device: "overlay", filesystemType: "overlay", options: options), label: "")
    }

    /// Merges layers under a name, and compares the root with what the kernel's mount of them shows.
    @discardableResult
    func expectAsMounted(_ layers: [String], as name: String, _ about: String = "") throws -> Inventory {
        let merged = try Inventory(of: merge(layers, as: name)).ofOverlay
        try merged.expectSame(as: Inventory(of: mounted(layers)).ofOverlay, about)
        return merged
    }

    private func emptyLayer() throws -> String {
        let name = "an empty layer"
        try #require(mkdir("\(top)/\(name)", 0o755) == 0 || linux_errno() == EEXIST)
        return name
    }
}

extension Inventory {
    /// What a merge and a mount have alike. How many names a file has a mount tells by the layer, also of names that are hidden;
    /// and how large a directory is, is the filesystem's own affair.
    var ofOverlay: Inventory { without("names").withoutDirectorySizes }
}
