internal import Foundation
internal import TestSupport

/// The disk that all contestants work on: a btrfs with the stores, images and top layers of every situation.
struct BenchDisk {
    let device: String
    /// Where it is mounted between boots. No boot needs it.
    let mountPoint: String

    private static let images = Set(Situation.small.map { $0.imageFiles }).sorted()
    private static let stores = Set(Situation.small.map { $0.layers }).sorted()
    private static let topLayers = Set((Situation.small + Situation.large).map { $0.topLayer })

    /// Makes the filesystem and all that is on it.
    func make() async throws {
        try await format()
        try await mounted {
            progress("images of \(Self.list(Self.images)) files")
            try await makeImages()
            progress("stores of \(Self.list(Self.stores)) layers")
            for layers in Self.stores { try await makeStore(Store(layers: layers)) }
            progress("top layers of \(Self.list(Set(Self.topLayers.map { $0.files }).sorted())) files")
            try FileManager.default.createDirectory(atPath: path("top-layers"), withIntermediateDirectories: true)
            for layer in Self.topLayers { try await makeTopLayer(layer) }
        }
    }

    /// Makes an empty filesystem.
    func format() async throws { try await output(of: ["mkfs.btrfs", "--quiet", "--force", device]) }

    private static func list(_ numbers: [Int]) -> String {
        numbers.map { "\($0)" }.joined(separator: ", ")
    }

    /// A path from the top level, while it is mounted.
    func path(_ path: String) -> String { "\(mountPoint)/\(path)" }

    /// The subvolume with an image's files, of which the stores have snapshots.
    static func image(of files: Int) -> String { "image-\(files)" }

    /// Each image is the one before with more files on top.
    private func makeImages() async throws {
        var made = 0
        for files in Self.images {
            let place = path(Self.image(of: files))
            try await subvolume(made == 0 ? ["create", place] : ["snapshot", path(Self.image(of: made)), place])
            var tree = Tree(in: place)
            if made == 0 { try Self.makeBootable(&tree) }
            try tree.add(made..<files, of: "of an image", at: Tree.imagePath)
            made = files
        }
    }

    /// What docker-btrfs asks of an image.
    static func makeBootable(_ tree: inout Tree) throws {
        try tree.add("etc/os-release", "ID=bench\n")
        try tree.add("sbin/init", "#!/bin/sh\n", mode: 0o755)
        for directory in ["proc", "sys", "dev", "run", "tmp", "var/lib", "lib"] { try tree.addDirectory(directory) }
    }

    private func makeStore(_ store: Store) async throws {
        try FileManager.default.createDirectory(atPath: path(store.path), withIntermediateDirectories: true)
        for image in try store.write(on: mountPoint, imageFiles: Self.images) {
            try await subvolume(["snapshot", path(Self.image(of: image.files)), path(image.layer)])
        }
    }

    private func makeTopLayer(_ layer: TopLayer) async throws {
        switch layer.kind {
        case .directory: try FileManager.default.createDirectory(atPath: path(layer.path), withIntermediateDirectories: true)
        case .subvolume: try await subvolume(["create", path(layer.path)])
        }
        var tree = Tree(in: path(layer.path))
        try tree.add(0..<layer.files, of: "of this machine", at: Tree.topLayerPath)
    }

    /// Runs `btrfs subvolume`.
    func subvolume(_ arguments: [String]) async throws {
        try await output(of: ["btrfs", "subvolume"] + arguments)
    }

    /// Runs `body` with the top level mounted.
    func mounted<Result>(_ body: () async throws -> Result) async throws -> Result {
        try await output(of: ["mount", "-o", "subvolid=5,noatime", device, mountPoint])
        let result: Swift.Result<Result, any Error>
        do {
            result = .success(try await body())
        } catch {
            result = .failure(error)
        }
        try await unmount()
        return try result.get()
    }

    /// Returns when nobody has the filesystem open any more.
    func unmount() async throws {
        try await output(of: ["umount", mountPoint])
        let name = URL(filePath: device).lastPathComponent
        let script = #"while compgen -G "/sys/fs/btrfs/*/devices/$1" > /dev/null; do sleep 0.01; done"#
        try await output(of: ["timeout", "60", "bash", "-c", script, "bash", name])
    }

    /// Waits until the kernel has cleared away what was deleted, which would be at work in the next run.
    func waitForCleaner() async throws {
        // This wakes the cleaner.
        try await output(of: ["btrfs", "filesystem", "sync", mountPoint])
        while try await !output(of: ["btrfs", "subvolume", "list", "-d", mountPoint]).isEmpty {
            try await Task.sleep(for: .milliseconds(20))
        }
    }
}

private let start = ContinuousClock.now

func progress(_ text: String) {
    let seconds = start.duration(to: .now).components.seconds
    FileHandle.standardError.write(Data("==> \(text) (after \(seconds) s)\n".utf8))
}
