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
        try Self.check(kernels, loader, boot, on: filesystem)
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

    /// Where the images' store is, and the engines' roots where it was found among them.
    private static func storePlace(
        _ choices: SetupChoices, in system: Directory, _ notes: inout [String]
    ) throws(Failure) -> (roots: EngineRoots?, dataRoot: String) {
        if let chosen = choices.dataRoot { return (nil, chosen) }
        let found = try EngineRoots(in: system)
        if let store = firstStore(of: found, choices.namespace, &notes) { return (found, store) }
        if let chosen = try earlierStore(on: choices.topLevel) { return (nil, chosen) }
        return (found, emptyStore(of: found))
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
        _ kernels: Settings.Kernels, _ loader: InstalledLoader?, _ boot: String?, on filesystem: MachineBtrfs
    ) throws(Failure) {
        if kernels == .uki, ![.systemdBoot, nil].contains(loader?.kind) {
            throw Failure(
                "could not use unified kernel images: entries for \(loader?.kind.title ?? "") have kernel and initramfs apart",
                hint: "--kernels boot")
        }
        if kernels == .btrfs, loader?.kind == .systemdBoot {
            throw Failure("could not let the kernels lie on the btrfs: systemd-boot does not read it", hint: "--kernels boot")
        }
        if loader == nil && kernels != .btrfs && boot == nil {
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

    /// The one that was set up with this data-root, or the data-root's own, or where that is none that can be booted from, one that was set
    /// up or the only btrfs that is mounted.
    private static func filesystem(for dataRoot: MountedFolder) throws(Failure) -> MachineBtrfs {
        // Which of several it was, nobody knows.
        let known = try? MachineBtrfs.withSettings()
        if let known, dataRoot.type != "btrfs" { return known }
        if let known, let before = try? Settings.current(on: known.topLevel), let device = before.storeDevice,
            before.store == dataRoot.path, try device == .uuid(dataRoot.volume().uuid)
        {
            return known
        }
        if dataRoot.type == "btrfs" { return try MachineBtrfs(onDevice: dataRoot.device) }
        let devices = try MachineBtrfs.mountedDevices()
        if devices.count == 1 { return try MachineBtrfs(onDevice: devices[0]) }
        throw Failure(
            """
            could not choose a btrfs: Docker's data-root '\(dataRoot.place)' is on \(dataRoot.type), \
            and \(devices.isEmpty ? "no btrfs is" : devices.map { "'\($0)'" }.joined(separator: ", ") + " are") mounted
            """,
            hint: "images are booted from btrfs: name the one for the roots with --top-level DIR; docs/by-hand.md, step 1, makes one"
        )
    }

    /// Where the engine of a store looks for it, and where all of them look: what was named with --data-root may be another path to it.
    private static func enginePlaces(of store: Directory, at place: String, _ system: Directory) -> (String, [String]) {
        guard let roots = try? EngineRoots(in: system), let status = try? store.status(of: .top) else { return (place, [place]) }
        let all = [roots.docker, roots.containerd, roots.podman]
        if all.contains(where: { (try? Directory(opening: $0).status(of: .top))?.isSameFile(as: status) == true }) {
            return (place, all + [place])
        }
        func has(_ name: Path) -> Bool { (try? store.status(of: name)) != nil }
        return (has("io.containerd.metadata.v1.bolt") ? roots.containerd : has("storage.lock") ? roots.podman : roots.docker, all)
    }

    /// Those of the engines' roots that are on a device, and not in a root that docker-btrfs made: what is in that goes with it.
    private static func folders(_ roots: [String], on device: String) throws(Failure) -> [MountedFolder] {
        let isInRoot = try BootedRoot.current() != nil
        var found: [MountedFolder] = []
        for root in roots {
            guard let directory = try? Directory(opening: root) else { continue }
            let folder = try MountedFolder(directory)
            if folder.device == device && !(isInRoot && folder.mountPoint == "/") { found.append(folder) }
        }
        return found
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
                let data = try FilesystemTable.data(folder.place)
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
        let isName = words.allSatisfy { word in
            !word.isEmpty && word.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x7a).contains($0 | 0x20) }
        }
        if isName && text.utf8.count <= 76 { return text }
        throw Failure(
            "could not use '\(text)' as a namespace of containerd: it has letters and digits, with '.', '_' and '-' between them",
            hint: "'ctr namespaces ls' lists them; Docker's is the one without --namespace")
    }

    private static let whereStoresAre = "say where Docker's data-root, containerd's root or Podman's graphroot is"

    /// Fails where a directory that was named has files, and none of an engine's: that another one was meant is told before it is what the
    /// engine finds for its own.
    private static func checkMayBeStore(_ folder: Directory, _ place: String) throws(Failure) {
        let names = try folder.names().filter { !$0.elementsEqual("lost+found".utf8) }
        if names.isEmpty || isOfEngine(names) { return }
        var stores: [String] = []
        for name in names.map({ display($0) }).sorted() {
            guard let path = Path(name), let inside = try? folder.directory(at: path)?.names(), isOfEngine(inside) else { continue }
            stores.append("'\(place)\(place.hasSuffix("/") ? "" : "/")\(name)'")
        }
        throw Failure(
            "could not take '\(place)' for where the images are: it has files, and none that Docker, containerd or Podman keeps them by",
            hint: stores.isEmpty ? whereStoresAre : "there is \(stores.joined(separator: ", "))")
    }

    private static func isOfEngine(_ names: [[UInt8]]) -> Bool {
        names.contains { name in
            let name = display(name)
            return ["image", "engine-id", "storage.lock"].contains(name) || name.hasPrefix("io.containerd.") || name.hasSuffix("-images")
        }
    }

    /// The first of the engines' roots in which there is a store; nil where there is none yet. Where a data-root was moved, old images may be
    /// there and new ones with the system's containerd: of these two it is the one that got an image last.
    private static func firstStore(of roots: EngineRoots, _ namespace: String?, _ notes: inout [String]) -> String? {
        func changed(_ root: String) -> Int? {
            // Why it is none, the one that is asked for tells.
            guard let directory = try? Directory(opening: root),
                let stores = try? ImageStores(in: directory, at: .top, StoreChoice(namespace: namespace))
            else { return nil }
            return (try? stores.changed()) ?? 0
        }
        guard let docker = changed(roots.docker) else {
            return [roots.containerd, roots.podman].first { changed($0) != nil }
        }
        guard let containerd = changed(roots.containerd), containerd > 0, !isBeside(roots.docker, roots.containerd) else {
            return roots.docker
        }
        let (taken, other) = containerd > docker ? (roots.containerd, roots.docker) : (roots.docker, roots.containerd)
        if docker > 0 {
            notes.append("'\(other)' has images too: '\(taken)' got one last, and is taken; --data-root \(other) takes the other")
        }
        return taken
    }

    /// Whether a boot that looks for a data-root sees containerd's root too.
    private static func isBeside(_ docker: String, _ containerd: String) -> Bool {
        guard let docker = try? MountedFolder(Directory(opening: docker)),
            let containerd = try? MountedFolder(Directory(opening: containerd))
        else { return false }
        return docker.device == containerd.device && docker.path.parent / "containerd" == containerd.path
    }

    /// Where the first image will be: Podman's is taken where there is nothing of another engine.
    private static func emptyStore(of roots: EngineRoots) -> String {
        if (try? Directory(opening: roots.docker)) != nil || otherNamespace(of: roots) != nil { return roots.docker }
        return (try? Directory(opening: roots.podman)) == nil ? roots.docker : roots.podman
    }

    /// What to say where containerd has images, and none of Docker's.
    private static func otherNamespace(of roots: EngineRoots) -> Failure? {
        do throws(Failure) {
            _ = try ImageStores(in: Directory(opening: roots.containerd), at: .top)
            return nil
        } catch {
            return error.hint?.contains("docker_namespace=") == true ? error.ofStoreOptions : nil
        }
    }

    /// Where the store is that an earlier setup was told of; nil where none was, or it is not to be seen.
    private static func earlierStore(on topLevel: String?) throws(Failure) -> String? {
        let filesystem: MachineBtrfs? = if let topLevel { try MachineBtrfs(at: topLevel) } else { try? MachineBtrfs.withSettings() }
        guard let filesystem, let before = try? Settings.current(on: filesystem.topLevel) else { return nil }
        guard let device = before.storeDevice else { return try filesystem.topLevel.mountedPlace(of: before.store) }
        // Its disk may be gone, and another store be meant from now on.
        return try (try? StoreFilesystem(inRunningSystem: device))?.top.mountedPlace(of: before.store)
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
        return rows.map { name, text, option in
            "\(name)\(String(repeating: " ", count: 13 - name.count))\(text)\(String(repeating: " ", count: max(2, 72 - text.count)))\(option)"
        }
    }
}
