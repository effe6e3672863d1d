public import Basics
package import Boot
package import BootEntries
internal import Linux

/// A btrfs that images are deployed on, open, with the boot loader that starts them.
public struct Site: Sendable {
    let filesystem: MachineBtrfs
    public let settings: Settings
    /// What it is on in the running machine; nil for a disk that is being made.
    let disk: MachineDisk?
    /// nil where a person writes the entries, and where it is gone.
    let loader: InstalledLoader?
    /// Where it was looked for; nil where it was not.
    let boot: String?
    let kernels: KernelFolder
    /// Where kernels may lie from before `setup --kernels` chose another place; nil where that is not known.
    let former: KernelFolder?
    /// nil where nothing is to be changed.
    let lock: FilesystemLock?

    /// `topLevel` is where subvolume 5 is mounted, else the filesystem is looked for; `boot` where the boot loader's partition
    /// is, else where the settings say. With `isLocked` nobody else changes anything there as long as this lives; fails where
    /// somebody does.
    public init(topLevel given: String?, boot: String?, isLocked: Bool, loader need: LoaderNeed = .present) throws(Failure) {
        guard let site = try Self.found(topLevel: given, boot: boot, isLocked: isLocked, loader: need) else {
            if let given {
                throw Failure("could not find '\(Layout.settings)' of the btrfs at '\(given)'", hint: "run 'docker-btrfs setup' first")
            }
            throw Failure("could not find a btrfs that was set up for docker-btrfs", hint: try Self.setupHint())
        }
        self = site
    }

    private static func setupHint() throws(Failure) -> String {
        let isLeftOut = try MachineMounts().entries.contains { $0.type == "btrfs" && $0.isAnybodys }
        return "run 'docker-btrfs setup' once on this machine; a btrfs that was set up before has to be mounted"
            + (isLeftOut ? "; one that is mounted with nosuid and nodev, as a stick is, has to be named: --top-level DIR" : "")
    }

    /// What a command needs of the boot loader.
    public enum LoaderNeed: Sendable {
        /// Fails where it is not found.
        case present
        /// One that is gone from its partition is none.
        case ifThere
        /// None where it is not found, as where its partition is not mounted: the menu is not written.
        case ifFound
    }

    /// The same; nil where nothing was set up.
    public static func found(
        topLevel given: String?, boot: String?, isLocked: Bool, loader need: LoaderNeed = .present
    ) throws(Failure) -> Site? {
        let filesystem: MachineBtrfs? = if let given { try MachineBtrfs(at: given) } else { try MachineBtrfs.withSettings() }
        guard let filesystem else { return nil }
        let lock = isLocked ? try FilesystemLock(on: filesystem.topLevel, seconds: 0) { _ in } : nil
        guard let settings = try Settings.current(on: filesystem.topLevel) else { return nil }
        return try Site(filesystem, settings, boot: boot, lock, need)
    }

    init(
        _ filesystem: MachineBtrfs, _ settings: Settings, boot: String?, _ lock: FilesystemLock?, _ need: LoaderNeed = .present
    ) throws(Failure) {
        self.filesystem = filesystem
        disk = MachineDisk(device: filesystem.device, uuid: filesystem.volume.uuid)
        self.settings = settings
        self.lock = lock
        let place: LoaderPlace? =
            switch need {
            case .present: try Self.place(of: settings, filesystem, boot: boot, isRequired: true)
            case .ifThere: try Self.place(of: settings, filesystem, boot: boot, isRequired: false)
            case .ifFound: try? Self.place(of: settings, filesystem, boot: boot, isRequired: true)
            }
        loader = place?.loader
        self.boot = place?.folder
        kernels = place?.kernels ?? KernelFolder(onTopLevel: filesystem.topLevel, filesystem.volume)
        former = place?.former
    }

    /// Where the boot loader and its kernels are.
    private struct LoaderPlace {
        let loader: InstalledLoader?
        let folder: String
        let kernels: KernelFolder
        let former: KernelFolder
    }

    private static let choosing =
        "mount that there, or name its place: --boot DIR; if this one starts the machine, 'docker-btrfs setup' takes it"

    /// nil where a person writes the entries. With `isRequired` a boot loader that is gone from its partition is an error, else none.
    private static func place(
        of settings: Settings, _ filesystem: MachineBtrfs, boot: String?, isRequired: Bool
    ) throws(Failure) -> LoaderPlace? {
        guard settings.loader != .print || settings.kernels != .btrfs, let folder = boot ?? settings.currentBoot else { return nil }
        let tree: Directory
        do throws(Failure) { tree = try Directory(opening: folder) } catch {
            throw error.hinting("mount the boot loader's partition there")
        }
        let all = try InstalledLoader.all(in: tree)
        let fitting = all.filter { $0.kind == settings.loader }
        // There may be a second one on its partition, as a copy in EFI/BOOT.
        let known = fitting.first { (try? MountedFolder($0.directory))?.path == settings.loaderFolder }
        let found = known ?? fitting.first
        if found == nil && settings.loader != .print {
            try checkIsGone(settings, in: tree, folder, beside: all, isNamed: boot != nil, isRequired: isRequired)
        }
        if boot == nil { try checkIsSame(settings, found, in: tree, folder) }
        let own = KernelFolder(onTopLevel: filesystem.topLevel, filesystem.volume)
        let isOwn = settings.kernels == .btrfs
        return LoaderPlace(
            loader: found, folder: folder, kernels: isOwn ? own : try KernelFolder(onBootPartition: tree),
            former: isOwn ? KernelFolder(inTopOf: tree, filesystem.volume) : own)
    }

    /// Fails where a boot loader that is not in a folder may be there still: its partition is not seen; with `isRequired`, in any case.
    private static func checkIsGone(
        _ settings: Settings, in tree: Directory, _ folder: String, beside all: [InstalledLoader], isNamed: Bool, isRequired: Bool
    ) throws(Failure) {
        // A partition that is not mounted has its menu still.
        let place = try MountedFolder(tree)
        let now = (try? place.volume().uuid).map { DeviceName.uuid($0) }
        let isOther = if let wanted = settings.bootVolume, now != wanted { try BlockDevices.has(wanted) } else { false }
        // Of a btrfs that says nothing of the subvolume.
        let isSame = now != nil && now == settings.bootVolume && place.type != "btrfs"
        let isSeen = isSame || !isOther && (isNamed || !all.isEmpty || place.isMountPoint)
        if isRequired || !isSeen {
            let title = settings.loader.title
            let others = all.map {
                "there is \($0.kind.title), which 'docker-btrfs setup --loader \($0.kind.rawValue) --boot \(folder)' takes"
            }
            let ways =
                (others.count == 1 ? others : []) + ["mount its partition there, or say where it is: --boot DIR, or docker-btrfs setup"]
            throw Failure("could not find \(title) in '\(folder)'", hint: ways.joined(separator: "; or "))
        }
    }

    /// Fails where a folder that no person named is not the one that was set up.
    private static func checkIsSame(
        _ settings: Settings, _ found: InstalledLoader?, in tree: Directory, _ folder: String
    ) throws(Failure) {
        // Another system may have something else at that place, as an image that brings a boot loader of its own. What a person names is taken.
        if let wanted = settings.loaderFolder, let found, case let now = try MountedFolder(found.directory).path, now != wanted {
            let (place, title) = (found.directory.show(.top), settings.loader.title)
            throw Failure(
                "could not use '\(place)': on its filesystem it is '\(now)', and the \(title) that was set up is '\(wanted)'",
                hint: choosing)
        }
        // Another machine's partition, or a stick's, has the same folders. One that was made anew is taken.
        if let wanted = settings.bootVolume, let now = try? MountedFolder(found?.directory ?? tree).volume(),
            .uuid(now.uuid) != wanted, try BlockDevices.has(wanted)
        {
            throw Failure(
                "could not use '\(folder)': UUID=\(now.uuid) is mounted there, and what was set up is \(wanted), which is here too",
                hint: choosing)
        }
    }

    /// Subvolume 5.
    public var topLevel: Directory { filesystem.topLevel }

    /// What the root's filesystem is called.
    package var volume: BootVolume { filesystem.volume }

    /// A path below /dev.
    package var device: String { filesystem.device }

    /// The filesystem of the images' store, open; nil where that is the root's.
    package func storeFilesystem() throws(Failure) -> StoreFilesystem? {
        try settings.storeDevice.map { device throws(Failure) in try StoreFilesystem(inRunningSystem: device) }
    }

    /// A boot loader that has a menu for this filesystem from before.
    struct FormerLoader {
        let loader: InstalledLoader
        /// All of its menu.
        let menu: String
        /// On its partition.
        let kernels: KernelFolder
    }

    /// Those that are not the one that was set up: another one was before, or in another place.
    func formerLoaders() throws(Failure) -> [FormerLoader] {
        if disk == nil { return [] }
        var known = try [loader?.directory.status(of: .top)].compactMap { $0 }
        var found: [FormerLoader] = []
        for folder in [boot, settings.boot].compactMap({ $0 }) + settings.formerBoots + InstalledLoader.usualFolders {
            // One that cannot be read holds up nothing.
            guard let tree = try? Directory(opening: folder), let all = try? InstalledLoader.all(in: tree) else { continue }
            for other in all {
                guard let place = try other.directory.status(of: .top), !known.contains(where: { $0.isSameFile(as: place) }) else {
                    continue
                }
                known.append(place)
                if let menu = try? other.textOfAll(), menu.contains("root=UUID=\(volume.uuid)") {
                    found.append(FormerLoader(loader: other, menu: menu, kernels: KernelFolder(inTopOf: tree, volume)))
                }
            }
        }
        return found
    }

    /// The kernels that only such a menu names. Another filesystem may have its own beside them.
    func leftKernels(of former: FormerLoader) throws(Failure) -> [Path] {
        guard try former.kernels.isOther(than: [kernels, self.former].compactMap { $0 }) else { return [] }
        return try unused(in: former.kernels).filter { former.menu.contains(display($0.name)) }
    }
}
