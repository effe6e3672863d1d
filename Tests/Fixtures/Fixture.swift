public import Basics
public import Foundation
internal import Testing

/// A store that a real Docker wrote (its metadata, without the layers' content), unpacked for one test and removed after it.
public final class Fixture {
    public enum Name: String, CaseIterable, Sendable {
        case docker20 = "docker20.10-graphdriver-btrfs"
        case buildKit = "docker28.5-graphdriver-btrfs-buildkit"
        case docker29 = "docker29.7-graphdriver-btrfs"
        case overlay2 = "docker28.5-overlay2-on-btrfs"
        case mixed = "docker28.5-btrfs-then-containerd"
        case containerdOverlayfs = "docker29.7-containerd-overlayfs"
        case containerdBtrfs = "containerd1.6-btrfs-500images-killedpull"
        case podmanBtrfs = "podman4.3-btrfs"
        case podmanOverlay = "podman5.8-overlay-on-btrfs"
    }

    public static let stores = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "stores")
    public let folder: URL

    /// An empty directory. In memory: /tmp may be on btrfs, where the layers would have to be subvolumes.
    public init(in parent: String = "/dev/shm") {
        folder = URL(filePath: "\(parent)/docker-btrfs-tests-\(UUID().uuidString)")
    }

    /// Call it on a property of the suite: that one lives until the test is over.
    public func unpack(_ name: Name, at path: String = "") throws {
        try makeDirectory(path)
        let archive = Self.stores.appending(path: "\(name.rawValue).tar.gz").path
        try run("tar", "-xzf", archive, "-C", folder.appending(path: path).path)
        try run("bash", "-c", Self.completion, "complete", folder.appending(path: path).path)
    }

    /// The archives have metadata alone: makes the folders of the layers that some of them lack.
    private static let completion = #"""
        set -eu; shopt -s nullglob; cd "$1"
        for file in io.containerd.metadata.v1.bolt/*.gz; do gunzip "$file"; done
        for file in image/*/layerdb/*/*/{cache-id,mount-id,init-id}; do
            layer=$(<"$file")
            case $file in
            image/btrfs/*) mkdir -p "btrfs/subvolumes/$layer" ;;
            image/overlay2/*) mkdir -p "overlay2/$layer/diff" ;;
            esac
        done
        for layer in overlay/????????????????????????????????????????????????????????????????; do mkdir -p "$layer/diff"; done
        for store in containerd/daemon/io.containerd.snapshotter.v1.overlayfs; do
            [[ ! -d $store ]] || mkdir -p "$store"/snapshots/{1..11}/fs
        done
        """#

    /// Runs a program, which is expected to succeed.
    public func run(_ command: String...) throws { try run(command) }

    public func run(_ command: [String]) throws {
        let process = try Process.run(URL(filePath: "/usr/bin/env"), arguments: command)
        process.waitUntilExit()
        #expect(process.terminationStatus == 0)
    }

    deinit {
        // Unlike FileManager, rm removes subvolumes too.
        do { try run("rm", "-rf", folder.path) } catch { Issue.record(error) }
    }

    /// The store, which messages call `/docker`.
    public func directory() throws -> Directory {
        try makeDirectory("")
        return try Directory(opening: folder.path, label: "/docker")
    }

    public func read(_ path: String) throws -> String {
        try String(contentsOf: folder.appending(path: path), encoding: .utf8)
    }

    public func names(in path: String) throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: folder.appending(path: path).path)
    }

    public func write(_ text: String, to path: String) throws {
        let file = folder.appending(path: path)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: file)
    }

    public func bytes(of path: String) throws -> Data {
        try Data(contentsOf: folder.appending(path: path))
    }

    public func write(_ bytes: Data, to path: String) throws {
        try bytes.write(to: folder.appending(path: path))
    }

    /// The files of the store that say something, by their paths, in a fixed order.
    public func files() throws -> [String] {
        let paths = try FileManager.default.subpathsOfDirectory(atPath: folder.path)
        return paths.sorted().filter { path in
            let values = try? folder.appending(path: path).resourceValues(forKeys: [.isRegularFileKey, .fileSizeKey])
            return values?.isRegularFile == true && values?.fileSize ?? 0 > 0
        }
    }

    /// Sets the time of the last change, in seconds since 1970.
    public func touch(_ path: String, at seconds: Int) throws {
        try run("touch", "-d", "@\(seconds)", folder.appending(path: path).path)
    }

    public func makeDirectory(_ path: String) throws {
        try FileManager.default.createDirectory(at: folder.appending(path: path), withIntermediateDirectories: true)
    }

    public func link(_ path: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: folder.appending(path: path).path, withDestinationPath: target)
    }

    public func remove(_ path: String) throws {
        try FileManager.default.removeItem(at: folder.appending(path: path))
    }
}
