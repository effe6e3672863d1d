internal import Basics
internal import Boot
internal import BootEntries
internal import CLinux
internal import Images
internal import Linux
internal import Planning

/// What setup found of a machine, with what it was told.
struct FoundMachine {
    let filesystem: MachineBtrfs
    let system: Directory
    let settings: Settings
    /// Where the images' store is in the running system.
    let dataRoot: MountedFolder
    /// What the other engines keep on the same filesystem: Docker its volumes and containers where the images are containerd's, containerd
    /// the images that Docker is to have in it.
    let beside: [MountedFolder]
    /// Where the engine of that store looks for it by its configuration, and where all engines look.
    let enginePlace: String
    let enginePlaces: [String]
    /// Where the boot loader's files are, if that is on the running system's own filesystem, which no root is; with the folder of kernels,
    /// if that is there too.
    let ownBoot: MountedFolder?
    /// The boot loader's folder, wherever that is, and the UUID of the filesystem.
    let loaderFolder: MountedFolder?
    let bootVolume: String?
    let engine: Engine
    /// What a person should know.
    private(set) var notes: [String] = []
    /// What was found, and the option that changes it.
    private(set) var lines: [String] = []

    init(_ choices: SetupChoices) throws(Failure) {
        system = try Directory(opening: choices.system, label: choices.system == "/" ? "" : choices.system)
        let (roots, dataRoot) = try Self.storePlace(choices, in: system, &notes)
        let data: Directory
        do throws(Failure) { data = try Directory(opening: dataRoot) } catch {
            throw roots.flatMap { Self.otherNamespace(of: $0) }
                ?? (choices.dataRoot == nil ? error.hinting("\(Self.whereStoresAre): --data-root DIR") : error)
        }
        if choices.dataRoot != nil { try Self.checkMayBeStore(data, dataRoot) }
        let place = try MountedFolder(data)
        self.dataRoot = place
        beside =
            if let roots {
                try Self.folders([roots.docker, roots.containerd, roots.podman], on: place.device).filter { $0.place != place.place }
            } else { [] }
        (enginePlace, enginePlaces) = Self.enginePlaces(of: data, at: place.place, system)
        filesystem = if let path = choices.topLevel { try MachineBtrfs(at: path) } else { try Self.filesystem(for: place) }
        let volume = try place.volume()
        let storeDevice = volume.uuid == filesystem.volume.uuid ? nil : DeviceName.uuid(volume.uuid)
        let before = try Self.earlierSettings(on: filesystem, &notes)
        if choices.dataRoot == nil, let before, before.store != place.path || before.storeDevice != storeDevice {
            notes.append(
                "the images' store was '\(before.storeDevice.map { "\($0):" } ?? "")\(before.store)' before: --data-root DIR names it again"
            )
        }
        let (loader, boot) = try Self.loader(choices, before, system, &notes)
        let kernels: Settings.Kernels =
            if let chosen = choices.kernels ?? ((loader?.kind ?? .print) == before?.loader ? before?.kernels : nil) { chosen } else {
                try Self.kernels(for: loader, on: filesystem)
            }
        try Self.check(kernels, loader, boot, isChosen: choices.kernels != nil, on: filesystem)
        let options = try Self.kernelOptions(choices, before)
        let rootFlags =
            if let text = choices.rootFlags { try RootFlags(text) } else if let known = before?.rootFlags { known } else {
                try Self.rootFlags(in: system, of: filesystem.volume)
            }
        var folder = try loader.map { loader throws(Failure) in try MountedFolder(loader.directory) }
        let loaderFolder = folder?.path
        let printed = try loader == nil ? boot.map { place throws(Failure) in try MountedFolder(Directory(opening: place)) } : nil
        bootVolume = (folder ?? printed).flatMap { try? $0.volume().uuid }
        self.loaderFolder = folder
        if kernels != .btrfs, let boot { folder = try MountedFolder(Directory(opening: boot)) }
        try Self.checkIsInNoRoot(folder, of: loader)
        ownBoot = choices.system == "/" && folder?.mountPoint == "/" ? folder : nil
        if filesystem.isMapped {
            notes.append(
                "the btrfs is on '\(filesystem.device)': an image needs an initramfs of its own with docker-btrfs in it, see docs/install.md"
            )
        }
        if choices.kernels == nil, let note = try filesystem.note(on: kernels, for: loader) { notes.append(note) }
        var settings = Settings(
            loader: loader?.kind ?? .print, boot: boot, loaderFolder: loaderFolder,
            bootVolume: bootVolume.map { .uuid($0) }, kernels: kernels, store: place.path,
            storeDevice: storeDevice, root: try Self.path(choices.root, "--name", such: "desktop") ?? before?.root ?? "docker_rwlayer",
            topLayer: try Self.path(choices.topLayer, "--top-layer", such: "boot_docker") ?? before?.topLayer ?? "boot_docker",
            options: options, rootFlags: rootFlags)
        settings.formerBoots = Self.formerBoots(before, beside: settings)
        try settings.check(on: filesystem)
        self.settings = settings
        let choice = try settings.storeChoice(on: filesystem.volume)
        try Self.checkNamespace(choices, data, place)
        engine = Engine(of: try? ImageStores(in: data, at: .top, choice), in: data, choice)
        lines = describe(loader)
        notes += try machineNotes(roots, choices, choice)
    }

    /// What an earlier setup chose; nil where there was none, and where it cannot be read, which is noted.
    private static func earlierSettings(on filesystem: MachineBtrfs, _ notes: inout [String]) throws(Failure) -> Settings? {
        do throws(Failure) { return try Settings.current(on: filesystem.topLevel) } catch {
            // Those of a later version are whole.
            if error.hint != Settings.repair { throw error }
            notes.append("\(error.message); it is written anew, as if nothing had been chosen before")
            return nil
        }
    }

    /// Fails where the boot loader would not find kernels there.
    private static func check(
        _ kernels: Settings.Kernels, _ loader: InstalledLoader?, _ boot: String?, isChosen: Bool, on filesystem: MachineBtrfs
    ) throws(Failure) {
        if kernels == .uki, ![.systemdBoot, nil].contains(loader?.kind) {
            throw Failure(
                "could not use unified kernel images: entries for \(loader?.kind.title ?? "") have kernel and initramfs apart",
                hint:
                    "systemd-boot starts such an image: --loader systemd-boot, where the machine has that; --kernels boot copies both as they are"
            )
        }
        if kernels == .btrfs, loader?.kind == .systemdBoot {
            throw Failure("could not let the kernels lie on the btrfs: systemd-boot does not read it", hint: "--kernels boot")
        }
        if loader == nil && kernels != .btrfs && boot == nil {
            if isChosen {
                throw Failure(
                    "could not choose where kernels lie: which partition the boot loader reads is not known",
                    hint: "say where it is mounted: --boot DIR")
            }
            throw Failure(
                """
                could not choose where kernels lie: a boot loader does not read '\(filesystem.device)', and which partition it reads is \
                not known
                """,
                hint: "say where that is mounted: --boot DIR; with --kernels btrfs they lie there all the same")
        }
    }

    /// What the machine's own command line has beside what docker-btrfs says.
    private static func kernelOptions(_ choices: SetupChoices, _ before: Settings?) throws(Failure) -> KernelOptions {
        var options: KernelOptions =
            if let text = choices.options { try KernelOptions(toAdd: text) } else if let before { before.options } else {
                choices.system == "/" ? try KernelOptions(firstLine(of: "/proc/cmdline") ?? "").ofTheMachine : .none
            }
        if let namespace = choices.namespace {
            options = options.without { $0 == "docker_namespace" }
            if !namespace.isEmpty { options = try options + KernelOptions("docker_namespace", Self.namespace(namespace)) }
        }
        return options
    }

    /// Fails where the boot menu is in a root that docker-btrfs made.
    private static func checkIsInNoRoot(_ folder: MountedFolder?, of loader: InstalledLoader?) throws(Failure) {
        if folder?.mountPoint == "/", let loader, let booted = try BootedRoot.current() {
            throw Failure(
                "could not take '\(loader.directory.show(.top))' for the boot menu: it is in root \(booted.mark.number), and goes with that",
                hint: "mount the folder that the boot loader reads there, or run setup in the system that has it")
        }
    }

    /// Where a boot loader's partition was mounted that was set up before.
    private static func formerBoots(_ before: Settings?, beside settings: Settings) -> [String] {
        // The same partition may be mounted elsewhere now.
        let isSameBoot =
            before?.bootVolume != nil && before?.bootVolume == settings.bootVolume && before?.loaderFolder == settings.loaderFolder
        let boots = (before?.formerBoots ?? []) + [isSameBoot ? nil : before?.boot].compactMap { $0 }
        return boots.filter { $0 != settings.boot && !InstalledLoader.usualFolders.contains($0) }
    }

    /// Fails where a namespace is named, and the store has none.
    private static func checkNamespace(_ choices: SetupChoices, _ data: Directory, _ place: MountedFolder) throws(Failure) {
        if let namespace = choices.namespace, !namespace.isEmpty,
            let kinds = (try? ImageStores(in: data, at: .top, StoreChoice()))?.kinds, !kinds.isEmpty, !kinds.contains(where: \.isContainerd)
        {
            throw Failure(
                "could not take the namespace '\(namespace)': the store in '\(place.place)' is not containerd's",
                hint: "leave --namespace out, or name containerd's root with --data-root")
        }
    }

    /// How a system mounts its root, and the btrfs wherever it does.
    private static func rootFlags(in system: Directory, of volume: BootVolume) throws(Failure) -> RootFlags {
        let table = try MountsFile(parsing: system.contents(of: FilesystemTable.path) ?? [])
        let root = table.line(at: "/")
        let lines = [root].compactMap { $0 } + table.lines
        let own = lines.first { ["btrfs", "auto"].contains($0.type) && MountsFile.volume($0.source) == volume.uuid.lowercased() }
        return RootFlags(ofRoot: root?.options ?? "", filesystem: own?.options ?? "")
    }

    /// What may be otherwise than it seems.
    private func machineNotes(_ roots: EngineRoots?, _ choices: SetupChoices, _ choice: StoreChoice) throws(Failure) -> [String] {
        var notes: [String] = []
        // As a boot sees it: with what is beside it. Nothing hangs on it but a note.
        let device = settings.storeDevice
        let store = device == nil ? filesystem.topLevel : device.flatMap { try? StoreFilesystem(inRunningSystem: $0) }?.top
        if let store {
            do throws(Failure) { _ = try ImageStores(in: store, at: settings.store, choice) } catch {
                let failure = error.ofStoreOptions.placing(settings.store, of: store)
                notes.append(
                    """
                    '\(dataRoot.place)' has no images yet: run setup again if the first one is kept elsewhere, as Docker 29 does in \
                    containerd's root (\(failure.note))
                    """)
            }
        }
        if settings.storeDevice != nil, let roots {
            for folder in try Self.folders([roots.docker], on: filesystem.device)
            where folder.place != dataRoot.place && FilesystemTable.isOfImages(folder.mountPoint) {
                let data = try DataDirectory(folder.place)
                if choices.data.contains(folder.place) { continue }
                if try filesystem.topLevel.status(of: data.subvolume) != nil { continue }
                notes.append(
                    """
                    '\(folder.place)' is not where the images are, and no root has what is in it, volumes and containers: \
                    '--data \(folder.place)', while docker is stopped, gives all of them one copy
                    """)
            }
        }
        for place in try filesystem.openMounts() {
            notes.append(
                "'\(place)' has the whole btrfs, and any user may enter it: 'chmod 700 \(place)' keeps them from old roots and from what a boot locks"
            )
        }
        if choices.system == "/" && InstalledLoader.hasSecureBoot() {
            notes.append("Secure Boot is on: kernels have to be signed for this firmware or for shim, and what is made here is not")
        }
        return notes
    }

    private static func path(_ text: String?, _ option: String, such example: String) throws(Failure) -> Path? {
        guard let text else { return nil }
        guard let path = Path(text), !path.isTop else {
            throw Failure("could not use '\(text)' for \(option): it is no path below the top level", hint: "such as \(option) \(example)")
        }
        return path
    }

    /// As containerd takes one (containerd/identifiers).
    private static func namespace(_ text: String) throws(Failure) -> String {
        let words = text.utf8.split(omittingEmptySubsequences: false) { "._-".utf8.contains($0) }
        let isName = words.allSatisfy { !$0.isEmpty && $0.allSatisfy(isAlphanumeric) }
        if isName && text.utf8.count <= 76 { return text }
        throw Failure(
            "could not use '\(text)' as a namespace of containerd: it has letters and digits, with '.', '_' and '-' between them",
            hint: "'ctr namespaces ls' lists them; Docker's is the one without --namespace")
    }

    private static func text(_ options: String) -> String { options.isEmpty ? "none" : options }

    private func describe(_ loader: InstalledLoader?) -> [String] {
        let kernels =
            switch settings.kernels {
            case .btrfs: "the btrfs itself"
            case .boot: "the boot loader's partition"
            case .uki: "the boot loader's partition, as unified kernel images"
            }
        var rows = [
            ("btrfs", "\(filesystem.device), UUID=\(filesystem.volume.uuid)", "--top-level DIR"),
            (
                "store",
                "'\(dataRoot.place)', which is '\(settings.store)' \(settings.storeDevice.map { "on \($0): images are copied" } ?? "there")",
                "--data-root DIR"
            ),
        ]
        if let loader {
            let folder = loader.directory.show(.top)
            rows.append(("boot loader", "\(loader.kind.title), '\(folder)'", "--loader NAME, --boot DIR"))
        } else {
            rows.append(("boot loader", "another one: entries are printed", "--loader NAME, --boot DIR"))
        }
        rows += [
            ("kernels", kernels, "--kernels btrfs|boot|uki"),
            ("root", "'\(settings.root)'", "--name NAME"),
            ("rootflags", Self.text(settings.rootFlags?.description ?? ""), "--rootflags OPTIONS"),
            ("top layer", "'\(settings.topLayer)'", "--top-layer PATH"),
            ("options", Self.text(settings.options.description), "--options TEXT"),
        ]
        return rows.flatMap { name, text, option in Self.row(name, text, option) }
    }

    /// One line; where that would be longer than a terminal of 80 columns, the option stands below. The longest one ends there.
    static func row(_ name: String, _ text: String, _ option: String) -> [String] {
        func gap(_ count: Int) -> String { String(repeating: " ", count: count) }
        let (optionColumn, line) = (55, name + gap(13 - name.count) + text)
        let room = optionColumn - line.count
        return room >= 2 ? [line + gap(room) + option] : [line, gap(optionColumn) + option]
    }
}
