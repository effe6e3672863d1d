internal import Basics
internal import Boot
internal import BootEntries
internal import Files
internal import Initramfs

/// Where kernels and initramfs images lie, and how the boot loader comes there.
///
/// A file's name is made of its content: deployments share it, and none that is there is ever written again.
struct KernelFolder {
    /// What the folder is in.
    let tree: Directory
    /// From there.
    let path: Path
    /// From where the boot loader looks.
    let base: Path
    let volume: BootVolume

    init(onTopLevel topLevel: Directory, _ volume: BootVolume) {
        tree = topLevel
        path = Layout.bootFiles
        base = Layout.bootFiles
        self.volume = volume
    }

    /// Below `tree`, where the boot loader's partition is mounted.
    init(onBootPartition tree: Directory) throws(Failure) {
        let place = try MountedFolder(tree)
        self.tree = tree
        path = "docker-btrfs"
        base = place.path / "docker-btrfs"
        volume = try place.volume()
    }

    /// Below `tree`, which is the top of the partition, or where it is from there means nothing.
    init(inTopOf tree: Directory, _ volume: BootVolume) {
        self.tree = tree
        path = "docker-btrfs"
        base = path
        self.volume = volume
    }

    func place(of file: Deployment.File) -> Path { path.appending(file.name) }

    /// Whether a file is there with all its bytes. What they are was looked at when it was written.
    func has(_ file: Deployment.File) throws(Failure) -> Bool {
        guard let found = try tree.status(of: place(of: file)) else { return false }
        return found.kind == .file && found.size == file.size
    }

    /// The same, and that the bytes are those.
    func isIntact(_ file: Deployment.File) throws(Failure) -> Bool {
        guard try has(file) else { return false }
        return try tree.digest(of: place(of: file)) == file.digest
    }

    /// A deployment's initramfs, or what has that in it; nil where that cannot be read.
    func initramfs(of deployment: Deployment) async throws(Failure) -> InitramfsImage? {
        guard let file = deployment.files.last, let content = try tree.contents(of: place(of: file), limit: ImageKernel.limit) else {
            return nil
        }
        return try? await InitramfsImage(content, name: file.name)
    }

    /// In bytes; of what the folder is to be in where it is not there.
    func freeSpace() throws(Failure) -> Int {
        try (tree.directory(at: path) ?? tree).freeSpace()
    }

    /// Whether it is none of these, or not there.
    func isOther(than others: [KernelFolder]) throws(Failure) -> Bool {
        guard let own = try tree.target(of: path) else { return true }
        for other in others {
            if try other.tree.target(of: other.path)?.isSameFile(as: own) == true { return false }
        }
        return true
    }

    /// Our files that no deployment has: of those that were removed, or never finished.
    func unused(by deployments: [Deployment]) throws(Failure) -> [Path] {
        let needed = Set(deployments.flatMap { $0.files.map(\.name) })
        return try tree.directory(at: path)?.names().filter { name in
            let name = display(name)
            return !needed.contains(name) && Self.prefixes.contains { name.hasPrefix($0 + "-") && name.count == $0.count + 17 }
        }.map { path.appending(name: $0) } ?? []
    }

    private static let prefixes = BootFile.Kind.allCases.map(\.rawValue)
}

/// A file that a boot loader is to read.
struct BootFile: Equatable, Sendable {
    enum Kind: String, CaseIterable, Sendable { case vmlinuz, microcode, initrd, uki }

    let kind: Kind
    let file: Deployment.File
    let content: [UInt8]
    /// Where it is in the image; nil for what was built.
    let source: Path?

    init(_ kind: Kind, _ content: [UInt8], source: Path?) {
        let digest = Digest.of(content)
        file = Deployment.File(name: "\(kind.rawValue)-\(digest.hex.prefix(16))", size: content.count, digest: digest)
        self.kind = kind
        self.content = content
        self.source = source
    }
}
