public import Basics
internal import Boot
public import BootEntries

/// What `docker-btrfs setup` found, or was told: how images get into this machine's boot menu. A JSON object at
/// `/.docker-btrfs/settings`, where every system on the filesystem finds it.
public struct Settings: Equatable, Sendable {
    /// Where kernels and initramfs images lie.
    public enum Kernels: String, Sendable, CaseIterable {
        /// On the root's filesystem, which the boot loader reads.
        case btrfs
        /// On the boot loader's own partition.
        case boot
        /// There too, each with its initramfs and command line in one unified kernel image.
        case uki
    }

    public var loader: BootLoader
    /// Where the loader's partition is mounted, in the running system; nil for `print`.
    public var boot: String?
    /// The loader's folder there, from the top of its filesystem; nil where that is not known.
    public var loaderFolder: Path?
    /// The filesystem that is on, by its UUID; nil where that is not known.
    public var bootVolume: DeviceName?
    public var kernels: Kernels
    /// The images' store, from the top of its filesystem: Docker's data-root.
    public var store: Path
    /// The device of that filesystem, where it is another one than the root's.
    public var storeDevice: DeviceName?
    /// What `subvol=` calls the root.
    public var root: Path
    /// The top layer, from the top level.
    public var topLayer: Path
    /// What the machine's own command line has beside what docker-btrfs says.
    public var options: KernelOptions
    /// How the root is mounted; nil where an earlier version did not look for it.
    public var rootFlags: RootFlags?
    /// Where a boot loader's partition was mounted that was set up before: its menu may be there still.
    public var formerBoots: [String] = []
    /// Whether an uninstall began: what it took from the boot menu is not there to tell that this is the machine's own filesystem.
    var isUninstalled = false

    public init(
        loader: BootLoader, boot: String?, loaderFolder: Path? = nil, bootVolume: DeviceName? = nil, kernels: Kernels, store: Path,
        storeDevice: DeviceName? = nil,
        root: Path, topLayer: Path,
        options: KernelOptions, rootFlags: RootFlags? = nil
    ) {
        self.loader = loader
        self.boot = boot
        self.loaderFolder = loaderFolder
        self.bootVolume = bootVolume
        self.kernels = kernels
        self.store = store
        self.storeDevice = storeDevice
        self.root = root
        self.topLayer = topLayer
        self.options = options
        self.rootFlags = rootFlags
    }

    private static let uninstalled = "uninstalled"

    /// What helps where they are damaged.
    static let repair = "docker-btrfs setup writes it anew"

    /// nil where there are none.
    public static func current(on topLevel: Directory) throws(Failure) -> Settings? {
        guard let content = try topLevel.contents(of: Layout.settings) else { return nil }
        do throws(Failure) { return try Settings(parsing: content, name: topLevel.show(Layout.settings)) } catch {
            throw error.hinting(repair)
        }
    }

    /// Fails on what this version does not know.
    public init(parsing bytes: [UInt8], name: String) throws(Failure) {
        let json = try JSON(parsing: bytes, name: name)
        func text(_ key: String) throws(Failure) -> String {
            if let text = json[key]?.string { return text }
            throw Failure("could not read '\(name)': '\(key)' is not there, or is no text")
        }
        func path(_ key: String) throws(Failure) -> Path {
            let text = try text(key)
            if let path = Path(text) { return path }
            throw Failure("could not read '\(name)': '\(key)' must not have '..' in it")
        }
        func word<Word: RawRepresentable<String>>(_ key: String, _ type: Word.Type) throws(Failure) -> Word {
            let text = try text(key)
            if let word = Word(rawValue: text) { return word }
            throw Failure(
                "could not read '\(name)': '\(key)' is '\(text)', which this version does not know",
                hint: "a later one wrote it: install that")
        }
        let device = try json["store_device"]?.string.map { text throws(Failure) in
            if let device = DeviceName(text) { return device }
            throw Failure("could not read '\(name)': 'store_device' is '\(text)', which is no device")
        }
        try self.init(
            loader: word("loader", BootLoader.self), boot: json["boot"]?.string,
            loaderFolder: json["loader_folder"]?.string.flatMap { Path($0) },
            bootVolume: json["boot_device"]?.string.flatMap { DeviceName($0) }, kernels: word("kernels", Kernels.self),
            store: path("store"), storeDevice: device, root: path("root"), topLayer: path("top_layer"),
            options: KernelOptions(text("options")),
            rootFlags: json["rootflags"]?.string.map { text throws(Failure) in try RootFlags(text) }
        )
        formerBoots = (json["former_boots"]?.elements ?? []).compactMap(\.string)
        isUninstalled = json["state"]?.string == Self.uninstalled
    }

    public var text: String {
        var members: [(String, JSONOutput)] = [("loader", .string(loader.rawValue)), ("boot", .text(boot))]
        if let loaderFolder { members.append(("loader_folder", .string(display(loaderFolder.bytes)))) }
        if let bootVolume { members.append(("boot_device", .string(bootVolume.description))) }
        members += [("kernels", .string(kernels.rawValue)), ("store", .string(display(store.bytes)))]
        if let storeDevice { members.append(("store_device", .string(storeDevice.description))) }
        members += [
            ("root", .string(display(root.bytes))), ("top_layer", .string(display(topLayer.bytes))),
            ("options", .string(options.description)),
        ]
        if let rootFlags { members.append(("rootflags", .string(rootFlags.description))) }
        if !formerBoots.isEmpty { members.append(("former_boots", .array(formerBoots.map { .string($0) }))) }
        if isUninstalled { members.append(("state", .string(Self.uninstalled))) }
        return JSONOutput.object(members).text
    }
}

extension Settings {
    /// Where the boot loader's partition is mounted in the running system: where it was when this was set up, or else where it is now, as
    /// when that system was another one. nil for `print`.
    var currentBoot: String? {
        guard let boot, let bootVolume, !has(bootVolume, at: boot), let table = try? MachineMounts() else { return boot }
        return table.entries.last { $0.source.hasPrefix("/dev/") && has(bootVolume, at: $0.target) }?.target ?? boot
    }

    private func has(_ volume: DeviceName, at place: String) -> Bool {
        guard let tree = try? Directory(opening: place) else { return false }
        let loaders = (try? InstalledLoader.all(in: tree)) ?? []
        let folders = loader == .print ? [tree] : loaders.filter { $0.kind == loader }.map(\.directory)
        return folders.contains { folder in
            guard let found = try? MountedFolder(folder), let uuid = try? found.volume().uuid else { return false }
            return .uuid(uuid) == volume && (loaderFolder == nil ? found.path.isTop : found.path == loaderFolder)
        }
    }
}
