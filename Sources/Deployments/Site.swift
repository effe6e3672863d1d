public import Basics
internal import Boot
internal import BootEntries
internal import CLinux
internal import Linux

/// A btrfs that images are deployed on, open, with the boot loader that starts them.
public struct Site: Sendable {
    /// Subvolume 5.
    public let topLevel: Directory
    public let settings: Settings
    /// What the root's filesystem is called.
    let volume: BootVolume
    /// nil where a person writes the entries.
    let loader: InstalledLoader?
    let kernels: KernelFolder

    /// `topLevel` is where subvolume 5 is mounted, else the filesystem is looked for; `boot` where the boot loader's partition
    /// is, else where the settings say.
    public init(topLevel given: String?, boot: String?) throws(Failure) {
        let filesystem = if let given { try RootFilesystem(at: given) } else { try RootFilesystem.withSettings() }
        guard let settings = try Settings.current(on: filesystem.topLevel) else {
            throw Failure("could not find '\(filesystem.topLevel.show(Layout.settings))'", hint: "run 'docker-btrfs setup' first")
        }
        try self.init(filesystem, settings, boot: boot)
    }

    init(_ filesystem: RootFilesystem, _ settings: Settings, boot: String?) throws(Failure) {
        topLevel = filesystem.topLevel
        volume = filesystem.volume
        self.settings = settings
        guard settings.loader != .print || settings.kernels == .boot, let folder = boot ?? settings.boot else {
            loader = nil
            kernels = KernelFolder(onTopLevel: topLevel, volume)
            return
        }
        let tree: Directory
        do throws(Failure) { tree = try Directory(opening: folder) } catch {
            throw error.hinting("mount the boot loader's partition there")
        }
        let found = try InstalledLoader.all(in: tree).first { $0.kind == settings.loader }
        if found == nil && settings.loader != .print {
            throw Failure(
                "could not find \(settings.loader.title) in '\(folder)'",
                hint: "mount its partition there, or say where it is: --boot DIR, or docker-btrfs setup"
            )
        }
        loader = found
        kernels = settings.kernels == .btrfs ? KernelFolder(onTopLevel: topLevel, volume) : try KernelFolder(onBootPartition: tree)
    }

    /// Lets nobody else change anything of it until this process ends. Fails where somebody does, and says who.
    public func lock() throws(Failure) {
        try topLevel.makeWritable()
        let path: Path = ".docker-btrfs/lock"
        let file = linux_openat2(topLevel.descriptor, path.cString, O_RDWR | O_CREAT | O_CLOEXEC, 0o600, linux_resolve_no_links)
        if file < 0 { throw .system("lock '\(topLevel.show(path))'") }
        if !linux_lock(file) {
            var text = [UInt8](repeating: 0, count: 32)
            let count = max(0, read(file, &text, text.count))
            close(file)
            let holder = display(text[..<count].prefix { $0 != 0x0a })
            throw Failure("could not begin: process \(holder.isEmpty ? "another" : holder) is at it", hint: "wait until it has ended")
        }
        // It stays open, and so locked, for as long as the process lives, however that ends.
        let text = Array("\(getpid())\n".utf8)
        _ = ftruncate(file, 0)
        _ = linux_write_all(file, text, text.count)
    }
}
