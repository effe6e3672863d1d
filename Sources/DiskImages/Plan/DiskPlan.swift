public import Basics
internal import Boot
internal import BootEntries
internal import CHooks
internal import CLinux
public import Deployments
internal import Files
internal import Images
internal import Initramfs
internal import Planning
internal import Programs

/// A disk that is going to be made.
public struct DiskPlan: Sendable {
    public let format: DiskFormat
    /// `desktop:latest (fefadf163068)`
    public let title: String
    /// As the engine's store has it.
    public let imageID: String
    public let findings: [ImageFinding]
    /// What should be known of the disk.
    public internal(set) var notes: [String] = []
    let choices: DiskChoices
    let source: ImageSource
    /// Of the virtual machine that a rehearsal's disk is for.
    let controller: DiskController
    let layout: DiskLayout?
    let password: GivenPassword?
    /// What the kernel is told beside what the choices say.
    var fixedOptions: [String]
    var steps: [DiskStep] = []

    /// Looks at the image and at what programs are there, and changes nothing. Fails where no disk can be made, but not for what the
    /// image lacks: see `findings`.
    public init(_ choices: DiskChoices) throws(Failure) {
        format = try DiskFormat(ofFile: choices.output)
        self.choices = choices
        try Self.checkOutput(choices, format)
        let options = try (choices.machine?.settings.options ?? .none) + KernelOptions(toAdd: choices.options ?? "")
        if choices.loader == .grub {
            try Self.checkForGrub(options, hint: choices.machine == nil ? nil : "--this-disk rehearses it without GRUB")
        }
        try checkInitProgram(choices.program)
        password = try choices.passwordFile.map { file throws(Failure) in try GivenPassword(in: file) }
        source =
            if let machine = choices.machine { try ImageSource(choices.image, of: machine) } else {
                try ImageSource(choices.image, in: choices.dataRoot, StoreChoice(namespace: choices.namespace))
            }
        imageID = source.image.id.description
        title = "\(choices.title ?? source.image.reference.description) (\(source.image.id.short))"
        let check = try DiskCheck(source, choices, format, options)
        (findings, controller) = (check.findings, check.controller)
        notes = source.notes + (check.kernelSource?.notes ?? [])
        // The machine-id that the image was made with is taken away at boot. Without any, systemd would enable what its presets say, whatever
        // the image says. What a person says comes later, and counts.
        let isSystemdDisk = check.initSystem == .systemd && choices.plain == nil && choices.machine == nil
        fixedOptions = (isSystemdDisk ? ["systemd.condition_first_boot=no"] : []) + check.fixes.compactMap(\.options)
        guard let kernel = check.kernel, !findings.contains(where: { $0.weight == .error }) else {
            layout = nil
            return
        }
        let given = try GivenTopLayer(choices)
        let (content, added) = (source.size ?? 1 << 30, try Self.addedSize(choices.machine, given, kernel, of: check.kernelSource))
        let layout = try DiskLayout(
            size: choices.size ?? DiskLayout.usualSize(of: content, added: added), sector: choices.sector, content: content, added: added,
            least: choices.plain?.least ?? 0, mayBeSmall: choices.loader == .grub && choices.plain == nil)
        self.layout = layout
        try checkSize(layout.size)
        try checkTools()
        try checkSpace(for: content + added)
        if let plain = choices.plain {
            try addPlainSteps(plain, layout, check, kernel, given)
            return
        }
        let layers = try source.subvolumes()
        steps = [.makeDisk(layout), .formatSystem(layout), .formatRoot(layout)]
        if let layers {
            steps += [.sendLayers(layers), .writeRecord(.copied(layers))]
        } else {
            let cache = Path.top.appending(Digest.of(Array("cache \(source.image.chainID)".utf8)).hex)
            steps += [.mergeLayers(to: cache), .writeRecord(.merged(cache))]
            notes.append(
                "on the disk the image has one layer, and so another id than here; Docker builds on it, and cannot push or save it")
        }
        steps.append(.setUp)
        if choices.machine == nil { try addService(check, kernel, layout) }
        try addFiles(layout, check, given)
        steps += [.addLoader(choices.loader), .deploy(source.image.reference.description, kernel: kernel), .finish]
        addEnd(layout)
    }

    /// Fails where the file cannot be made, or cannot be as it was asked for.
    private static func checkOutput(_ choices: DiskChoices, _ format: DiskFormat) throws(Failure) {
        var there = stat()
        if lstat(choices.output, &there) == 0 {
            if there.st_mode & UInt32(S_IFMT) == UInt32(S_IFDIR) {
                throw Failure("could not make '\(choices.output)': it is a directory", hint: "name a file")
            }
            if there.st_mode & UInt32(S_IFMT) != UInt32(S_IFREG) {
                let isDisk = there.st_mode & UInt32(S_IFMT) == UInt32(S_IFBLK)
                throw Failure(
                    "could not make '\(choices.output)': it is no file, and would be one then",
                    hint: "name a file" + (isDisk ? "; 'dd if=FILE.raw of=\(choices.output) bs=4M' writes that to the disk" : ""))
            }
            if !choices.replaces {
                throw Failure("could not make '\(choices.output)': it is there already", hint: "remove it, or replace it with --force")
            }
        }
        if choices.isCompressed && format != .qcow2 {
            throw Failure("could not compress '\(choices.output)': only qcow2 can be", hint: "name it .qcow2, or compress the file by zstd")
        }
        if choices.sector != 512 && !format.isOfQEMU {
            throw Failure(
                "could not make '\(choices.output)' with sectors of \(choices.sector) bytes: \(format.host.name) has those of 512 bytes alone",
                hint: "leave --sector-size out, or name it .qcow2")
        }
    }

    /// What the disk has beside the image's files, in bytes: the files of a machine's top layer, or of the given one, and the modules of
    /// another image.
    private static func addedSize(
        _ machine: RehearsedMachine?, _ given: GivenTopLayer?, _ kernel: String, of kernelSource: ImageSource?
    ) throws(Failure) -> Int {
        if let machine { return try machine.topLayerSize() }
        var size = try given.map { layer throws(Failure) in try layer.size() } ?? 0
        guard let kernelSource, let modules = Path("lib/modules/\(kernel)") else { return size }
        for folder in try kernelSource.files.directories(at: modules) {
            do throws(Failure) { size = try size.clampedSum(with: folder.contentSize()) } catch {
                throw Failure("could not look at the modules of '\(kernelSource.image.reference)': \(error.message)")
            }
        }
        return size
    }

    /// GRUB cannot hand on each option.
    private static func checkForGrub(_ options: KernelOptions, hint: String?) throws(Failure) {
        let entry = BootEntry(id: "disk", title: "", kernel: .top, initrds: [], options: options)
        do throws(Failure) {
            _ = try BootLoader.grub.files(for: BootMenu(volume: BootVolume(uuid: "", label: nil, partition: nil), entries: [entry]))
        } catch {
            throw Failure(error.message, hint: hint ?? error.hint)
        }
    }

    mutating func addEnd(_ layout: DiskLayout) {
        let takesBusybox = steps.contains { if case .write(InitSystem.busybox, _, _, _) = $0 { true } else { false } }
        if choices.busybox != nil && !takesBusybox { notes.append("--busybox is of no use: the image has an init of its own") }
        if choices.loader == .grub && choices.firmware.hasBIOS { steps.append(.embedLoader(layout)) }
        if format.converter != nil { steps.append(.convert(format, isCompressed: choices.isCompressed)) }
        steps.append(.rename(to: choices.output))
    }

    /// The dry run's lines.
    public var lines: [String] { steps.map(\.description) }

    private func checkTools() throws(Failure) {
        let root = choices.plain.map { ["mkfs.\($0)"] } ?? ["mkfs.btrfs", "btrfs", "fstrim"]
        var usual = ["mkfs.vfat", "mcopy"] + root
        var missing: [String] = []
        switch choices.loader {
        case .grub:
            usual.append(Tools.grubImage)
            for loader in GrubLoader.all(for: choices.firmware) where try !loader.isThere(in: choices.grub) {
                missing.append(loader.package)
            }
        case .systemdBoot:
            let hasLoader = try SystemdLoader.content(in: source.files, or: choices.systemd) != nil
            let hasStub = choices.isUnified ? try SystemdLoader.hasStub(in: source.files, or: choices.systemd) : true
            if !hasLoader || !hasStub { missing.append(SystemdLoader.package) }
            if choices.isUnified && !Tools.isThere("ukify") { usual.append("objcopy") }
        }
        let others = (format.converter == nil ? [] : ["qemu-img"]) + (password.map { !$0.isHash } == true ? ["openssl"] : [])
        try Tools.check(usual + others, also: missing)
    }

    /// The disk itself is a file, before it becomes another one.
    private func checkSize(_ size: Int) throws(Failure) {
        let sentence = "could not make a disk of \(size >> 20) MiB"
        if let largest = format.largestDisk, size > largest {
            throw Failure(
                "\(sentence): a .\(format.rawValue) has \(largest >> 20) MiB at most", hint: "a smaller --size, or another ending")
        }
        let folder = Workshop.folder(of: choices.output)
        // Without a name. Where a filesystem cannot do that, the first step tells.
        let file = linux_open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0o600)
        if file < 0 { return }
        defer { close(file) }
        if ftruncate(file, off_t(size)) == 0 { return }
        throw Failure("\(sentence): a file of '\(folder)' cannot be as large", hint: "a smaller --size, or another filesystem")
    }

    /// A disk and what it is converted to are there at once.
    private func checkSpace(for content: Int) throws(Failure) {
        let free = try Directory(opening: Workshop.folder(of: choices.output)).freeSpace()
        // Its kernel, the programs and the filesystem's own come to the content.
        let all = content + content / 8 + (layout?.isSmall == false ? 64 << 20 : 0)
        let needed = all * (format.converter == nil ? 1 : 2)
        if free >= needed { return }
        throw Failure(
            "could not make '\(choices.output)': \(free >> 20) MiB are free there, and \(needed >> 20) MiB are needed",
            hint: "make room there")
    }

    /// What the disk's top layer has beside what `setup` makes.
    mutating func addFiles(_ layout: DiskLayout, _ check: DiskCheck, _ given: GivenTopLayer?) throws(Failure) {
        if let machine = choices.machine { return try add(machine, layout) }
        var table = ["UUID=\(layout.systemUUID) /boot/efi vfat umask=0077,nofail 0 0"]
        var about = choices.plain == nil ? "mounts the boot menu's partition" : "mounts the root and the boot menu's partition"
        if let plain = choices.plain { table.insert(plain.tableLine(layout), at: 0) }
        if check.hasDocker && choices.plain == nil {
            let options = "subvol=\(display(DockerRecord.store.bytes)),\(FilesystemTable.storeOptions)"
            table.append("UUID=\(layout.rootUUID) /var/lib/docker btrfs \(options) 0 0")
            about += ", and the images for Docker"
            if !check.hasDockerSettings {
                add("etc/docker/daemon.json", "{\"storage-driver\": \"btrfs\"}\n", about: "Docker takes the image as it lies on the disk")
            }
        }
        if check.initSystem == .systemd && choices.plain == nil && !layout.isSmall { addGrowth() }
        if check.hasIdleNetworkd {
            add("etc/systemd/network/20-wired.network", hooks_machine_network.text, about: "systemd-networkd asks for addresses")
        }
        if let given {
            steps.append(.copyTopLayer(from: given.folder, called: "'\(given.folder)'"))
            // A plain disk has no machine's identity already.
            if choices.plain == nil, let rules = try given.rules() {
                add(LayerRules.manifest, rules, about: "the rules of '\(given.folder)', and those of setup")
            }
        }
        // Last: what was copied would stand over it.
        try addOptions(over: given, check)
        try addTable(table, about: about, given)
    }

    /// What an option says by itself counts beside a given top layer that says something else.
    private mutating func addOptions(over given: GivenTopLayer?, _ check: DiskCheck) throws(Failure) {
        let name: Path = "etc/hostname"
        if let hostname = choices.hostname, let given, try given.directory.status(of: name) != nil {
            add(name, hostname + "\n", about: "the name of --hostname")
        }
        if let file = choices.keyFile {
            let path: Path = "root/.ssh/authorized_keys"
            let keys = try publicKeys(in: file)
            let known = try given?.directory.contents(of: path, limit: 1 << 20) ?? []
            let end: [UInt8] = known.isEmpty || known.last == UInt8(ascii: "\n") ? [] : [UInt8(ascii: "\n")]
            let about = "root's keys" + (known.isEmpty ? "" : ", beside those of the given top layer")
            steps.append(.write(path, known + end + keys, mode: 0o600, about: about))
        }
        // A plain disk has it in the image's own file at the end.
        let passwords: Path = check.initSystem == .none ? "etc/shadow" : "etc/docker-btrfs/users/shadow"
        if choices.plain == nil, let password, let known = try given?.directory.contents(of: passwords, limit: 1 << 20) {
            steps.append(.writePassword(password, passwords, besides: known))
        }
    }

    /// The lines of the given top layer's fstab, and the disk's own beside them; or else the disk's own, and those of the image's that can
    /// be mounted on it.
    private mutating func addTable(_ table: [String], about: String, _ given: GivenTopLayer?) throws(Failure) {
        let path = FilesystemTable.path
        if let directory = given?.directory, let content = try directory.contents(of: path, limit: 1 << 20) {
            let added = try FilesystemTable.added(table, to: content)
            notes += added.notes
            steps.append(
                .write(
                    path, content.withLines(added.lines), mode: try directory.target(of: path).modeOfSuccessor,
                    about: "what the top layer mounts" + (added.lines.isEmpty ? "" : ", and what is this disk's own")))
            return
        }
        let places = ["/", "/boot"] + table.map { String($0.split(separator: " ")[1]) }
        let kept = try FilesystemTable.kept(of: source.files.contents(of: path, limit: 1 << 20) ?? [], besides: places)
        notes += kept.notes
        add(
            path, table.map { $0 + "\n" }.joined() + kept.text, mode: try source.files.target(of: path).modeOfSuccessor,
            about: about + (kept.text.isEmpty ? "" : ", and what the image's does"))
    }

    /// By the companion, which a small disk does not have. A disk that cannot grow is no fault of the system on it.
    private mutating func addGrowth() {
        add("etc/systemd/system/docker-btrfs-grow.service", hooks_machine_grow.text, about: "the btrfs grows with its disk")
        steps.append(.link("etc/systemd/system/multi-user.target.wants/docker-btrfs-grow.service", to: "../docker-btrfs-grow.service"))
    }

    /// What a machine that is there has already, and what ends its rehearsal.
    private mutating func add(_ machine: RehearsedMachine, _ layout: DiskLayout) throws(Failure) {
        steps.append(.copyTopLayer(from: machine.topLayerPath, called: "this machine's top layer '\(machine.settings.topLayer)'"))
        if let table = try machine.table(on: layout.rootUUID) {
            let there: Set<Path> = [.top, DockerRecord.store, machine.settings.root]
            let subvolumes = Set(table.subvolumes).subtracting(there).sorted { $0.components.count < $1.components.count }
            if !subvolumes.isEmpty { steps.append(.makeSubvolumes(subvolumes)) }
            add("etc/fstab", table.text, mode: table.mode, about: "the machine's, with what is on this disk")
            notes += table.notes
        }
        add(
            "etc/systemd/system/docker-btrfs-good.service.d/rehearsal.conf", hooks_machine_rehearsal.text,
            about: "a boot that is good ends the rehearsal")
    }

    mutating func add(_ path: Path, _ text: String, mode: UInt32 = 0o644, about: String) {
        steps.append(.write(path, Array(text.utf8), mode: mode, about: about))
    }

    /// Makes the disk; `say` gets each step before it is begun, `progress` once a second how far it is.
    public func perform(say: (String) -> Void, progress: @escaping @Sendable (String) -> Void) async throws(Failure) {
        guard let layout else { return }
        try await Interruption.taken { () throws(Failure) in
            let builder = try DiskBuilder(self, layout, progress)
            do throws(Failure) {
                let grub = try builder.grub()
                async let failure = grub?.failureOfMaking()
                for step in steps {
                    try Interruption.check()
                    say(step.description)
                    if case .addLoader = step, let failure = await failure { throw builder.workshop.named(failure) }
                    try await builder.perform(step)
                }
            } catch {
                let failure = explained(error)
                builder.close()
                throw failure
            }
        }
    }

    /// What is written into the disk fails by an error of the disk's where there is no room for its file.
    private func explained(_ failure: Failure) -> Failure {
        let folder = Workshop.folder(of: choices.output)
        if !Workshop.ranOutOfRoom(in: folder) { return failure }
        return Failure(
            "could not make '\(choices.output)': there is no room left in '\(folder)' (\(failure.message))", hint: "make room there")
    }
}
