internal import Basics
internal import BootEntries
internal import CDisk
internal import CLinux
internal import Deployments
internal import Files
internal import Glibc
internal import Images
internal import Linux
internal import Programs

/// Performs the steps of a plan, and decides nothing.
final class DiskBuilder {
    let plan: DiskPlan
    let layout: DiskLayout
    let workshop: Workshop
    private let progress: @Sendable (String) -> Void
    /// The btrfs, from its top level, as long as it is mounted.
    var topLevel: Directory?
    /// The image as the disk's store has it.
    private var record: DockerRecord?

    init(_ plan: DiskPlan, _ layout: DiskLayout, _ progress: @escaping @Sendable (String) -> Void) throws(Failure) {
        self.plan = plan
        self.layout = layout
        self.progress = progress
        workshop = try Workshop(for: plan.choices.output)
        // mtools wants a geometry of whole tracks, which nothing has any more.
        setenv("MTOOLS_SKIP_CHECK", "1", 1)
        let scratch = try workshop.open("scratch", label: "")
        let menu: [Path] = plan.choices.loader == .grub ? ["boot/grub"] : ["boot/loader", "boot/loader/entries"]
        for path in ["boot", "boot/EFI", "boot/EFI/BOOT"] + menu { try scratch.makeDirectory(path) }
    }

    var disk: String { workshop.file(Workshop.diskName) }
    /// GRUB for a BIOS, until it is on the disk.
    private var core: String { workshop.file("scratch/core.img") }
    var mountPoint: String { workshop.file("root") }
    var choices: DiskChoices { plan.choices }
    var topLayer: Path { choices.plain == nil ? choices.machine?.settings.topLayer ?? "boot_docker" : Self.plainLayer }
    var topLayerPlace: String { (choices.plain == nil ? mountPoint : workshop.file("scratch")) + topLayer.description }

    /// What helps where the top layer cannot grow.
    var topLayerHint: String {
        choices.plain == nil
            ? Tools.roomHint : "more memory: with --plain the machine's own files are there first, and a tmpfs gets half of it"
    }

    func perform(_ step: DiskStep) async throws(Failure) {
        do throws(Failure) { try await work(on: step) } catch { throw workshop.named(error) }
    }

    private func work(on step: DiskStep) async throws(Failure) {
        switch step {
        case .makeDisk(let layout): try makeDisk(layout)
        case .formatSystem(let layout):
            let sectors = [
                "-S", "\(layout.sector)", "-s", layout.sector == 512 && !layout.isSmall ? "4" : "1", "--offset=\(layout.systemStart)",
            ]
            let id = layout.systemUUID.replacing("-", with: "")
            try await Tools.run(
                ["mkfs.vfat", "-F", layout.isSmall ? "16" : "32", "-n", "BOOT", "-i", id] + sectors + [
                    disk, "\(layout.system.count >> 10)",
                ],
                to: "\(step)")
        case .formatRoot(let layout): try await formatRoot(layout)
        case .sendLayers(let layers): try await send(layers)
        case .mergeLayers(let cache): try merge(to: cache)
        case .writeRecord(let kind): try write(kind)
        case .setUp: try await setUp()
        case .write(let path, let content, let mode, _): try write(path, content, mode)
        case .writePassword(let password, let path, let known):
            try makeFolder(topLayer / path.parent, 0o755)
            try await write(path, RootPassword.shadow(known, hash: password.hash()), 0o600)
        case .link(let path, let target):
            try makeFolder(topLayer / path.parent, 0o755)
            try root().link(topLayer / path, to: target)
        case .give(let path, let group):
            let above = try root().parent(of: topLayer / path, what: "write")
            if fchownat(above.descriptor, path.fileName, 0, group, AT_SYMLINK_NOFOLLOW) != 0 { throw .system("\(step)") }
        case .copyKernel(let kernel, let source): try await copyKernel(kernel, of: source)
        case .copyTopLayer(let folder, _):
            try await Tools.run(
                ["cp", "-a", "--remove-destination", "--", folder + "/.", topLayerPlace], to: "\(step)", withoutRoom: topLayerHint)
        case .makeSubvolumes(let paths):
            for path in paths {
                try makeFolder(path.parent, 0o755)
                try root().makeSubvolume(path, mode: 0o755)
            }
        case .addLoader(let loader): try addLoader(loader)
        case .deploy(_, let kernel): try await deploy(kernel)
        case .finish: try await finish()
        case .layTree: try layTree()
        case .setPassword(let password): try await set(password)
        case .addPlainKernel(let kernel): try await addPlainKernel(kernel)
        case .fillRoot(let filesystem, let layout): try await fillRoot(filesystem, layout)
        case .fillSystem: try await fillSystem()
        case .embedLoader(let layout): try embed(layout)
        case .convert(let format, let isCompressed): try await convert(format, isCompressed)
        case .rename: try workshop.handOut(isConverted: plan.format.converter != nil, replacing: choices.replaces)
        }
    }

    /// Leaves nothing mounted.
    func close() {
        topLevel = nil
        umount2(mountPoint, 0)
    }

    func root() throws(Failure) -> Directory {
        if choices.plain != nil { return try workshop.open("scratch", label: "") }
        if let topLevel { return topLevel }
        throw Failure("could not find the disk's btrfs: it is not mounted")
    }

    private func makeDisk(_ layout: DiskLayout) throws(Failure) {
        if ftruncate(workshop.disk, off_t(layout.size)) != 0 { throw .system("make '\(disk)'") }
        do throws(Failure) { try layout.table().write(to: workshop.disk) } catch {
            throw Failure("could not write the partition table of '\(disk)': \(error.message)")
        }
    }

    private func formatRoot(_ layout: DiskLayout) async throws(Failure) {
        let device = try LoopDevice(workshop.disk, layout.root)
        // Chunks of their own for data and metadata would be most of a small disk.
        let kind = layout.isSmall ? ["--mixed", "--data", "single", "--metadata", "single", "--nodesize", "4096"] : []
        try await Tools.run(
            ["mkfs.btrfs", "--quiet"] + kind + ["--uuid", layout.rootUUID, device.path], to: "make the btrfs")
        // Nothing of it has to be on the disk before the last step, which waits for what is kept of it.
        let options = ["subvolid=5", "noatime", "nodev", "nobarrier"]
        try MountRequest(device: device.path, filesystemType: "btrfs", options: options).mount(at: mountPoint, .readWrite)
        let top = try workshop.open("root", label: "\(choices.output):")
        topLevel = top
        try top.makeSubvolume(DockerRecord.store, mode: 0o710)
        for path in [DockerRecord.subvolumes, DockerRecord.layers, DockerRecord.metadata / "imagedb/content/sha256"] {
            try makeFolder(DockerRecord.store / path, 0o700)
        }
    }

    func makeFolder(_ path: Path, _ mode: mode_t) throws(Failure) {
        let root = try root()
        if path.isTop { return }
        if try root.directory(at: path) != nil { return }
        try makeFolder(path.parent, mode)
        try root.makeDirectory(path, mode: mode)
    }

    /// Tells how much of the btrfs is in use while `body` runs.
    private func watching<Result>(_ body: () async throws(Failure) -> Result) async throws(Failure) -> Result {
        let (place, total, progress) = (mountPoint, plan.source.size, progress)
        let watch = Task {
            let start = microsecondsNow()
            while true {
                try await Task.sleep(for: .seconds(1))
                guard let done = try? FilesystemFacts(at: place).used else { continue }
                let of = total.map { " of about \($0 >> 20)" } ?? ""
                progress("copied \(done >> 20)\(of) MiB" + timeLeft(done, of: total ?? 0, after: microsecondsNow() - start))
            }
        }
        defer { watch.cancel() }
        return try await body()
    }

    private func send(_ layers: [DockerLayer]) async throws(Failure) {
        guard let place = plan.source.place else { throw Failure("could not send layers: their store is not on btrfs") }
        let source = workshop.file("source")
        let request = MountRequest(device: place.device, filesystemType: "btrfs", options: ["subvolid=5", "nodev"])
        try Directory.mounting(request, label: "").makeWritableHere()
        try request.mount(at: source, .readWrite)
        defer { umount2(source, Int32(MNT_DETACH)) }
        let received = DockerRecord.store / "received"
        try makeFolder(received, 0o700)
        let sending = try SendFolder(on: workshop.open("source", label: ""), tell: progress)
        for (index, layer) in layers.enumerated() {
            try sending.hold(place.path / layer.folder, as: "\(index)")
        }
        try await watching { () throws(Failure) in
            for index in layers.indices {
                let parent = index == 0 ? [] : ["-p", "\(source)\(sending.path)/\(index - 1)"]
                do throws(Failure) {
                    try await runPipeline(
                        ["btrfs", "send", "--quiet"] + parent + ["\(source)\(sending.path)/\(index)"],
                        into: ["btrfs", "receive", "--quiet", "\(mountPoint)\(received)"])
                } catch {
                    try Interruption.check()
                    throw Failure("could not send the layer '\(layers[index].folder)': \(error.message)")
                }
            }
        }
        try sending.end()
        for (index, layer) in layers.enumerated() {
            try putIntoStore(received.appending("\(index)"), as: layer.folder.name)
        }
        try root().removeEmptyDirectory(received)
    }

    /// The layers that follow are received as changes of it, and find it by what it loses here.
    private func putIntoStore(_ received: Path, as name: [UInt8]) throws(Failure) {
        guard let layer = try root().directory(at: received) else { throw Failure("could not find '\(received)', which was received") }
        let place = (DockerRecord.store / DockerRecord.subvolumes).appending(name: name)
        let (above, folder) = (try root().parent(of: received, what: "move"), try root().parent(of: place, what: "make the layer"))
        if btrfs_util_set_subvolume_read_only_fd(layer.descriptor, false) != BTRFS_UTIL_OK
            || disk_btrfs_forget_received(layer.descriptor) != 0
            || renameat(above.descriptor, received.fileName, folder.descriptor, place.fileName) != 0
        {
            throw .system("make the layer '\(place)'")
        }
    }

    private func merge(to cache: Path) throws(Failure) {
        guard let folder = try root().directory(at: DockerRecord.store / DockerRecord.subvolumes) else {
            throw Failure("the disk's store is gone")
        }
        let total = plan.source.size
        let start = microsecondsNow()
        do throws(Failure) {
            _ = try LayerMerge(of: plan.source.directories(), into: folder, as: cache.name).run { [progress] count throws(Failure) in
                try Interruption.check()
                let rest = timeLeft(count.bytes, of: total ?? 0, after: microsecondsNow() - start)
                progress("merged \(count.files) files (\(count.bytes >> 20) MiB)\(rest)")
            }
        } catch {
            try Interruption.check()
            throw Failure("could not merge the layers of '\(plan.source.image.reference)': \(error.message)", hint: error.hint)
        }
        // Docker's driver has them writable.
        guard let layer = try folder.directory(at: cache), btrfs_util_set_subvolume_read_only_fd(layer.descriptor, false) == BTRFS_UTIL_OK
        else {
            throw .system("make '\(cache)' writable")
        }
    }

    private func write(_ kind: DockerLayerKind) throws(Failure) {
        let source = plan.source
        let record =
            switch kind {
            case .copied(let layers): try DockerRecord(copying: source, layers: layers)
            case .merged(let cache): try DockerRecord(merging: source, to: cache, size: source.size ?? 0)
            }
        for (path, content) in record.all(named: source.image.reference) {
            try makeFolder(DockerRecord.store / path.parent, 0o700)
            try root().write(content, mode: 0o600, to: DockerRecord.store / path)
        }
        self.record = record
    }

    /// The last console is where an init writes to: QEMU shows the serial port, the others a screen.
    var kernelOptions: String {
        let consoles = plan.format.isOfQEMU ? "console=tty0 console=ttyS0,115200" : "console=ttyS0,115200 console=tty0"
        return (plan.fixedOptions + [choices.options ?? consoles]).joined(separator: " ")
    }

    private var settings: Settings {
        get throws(Failure) {
            return Settings(
                loader: choices.loader == .grub ? .grub : .systemdBoot, boot: "/boot/efi",
                kernels: choices.isUnified ? .uki : layout.isSmall ? .btrfs : .boot, store: DockerRecord.store,
                root: choices.machine?.settings.root ?? "docker_rwlayer", topLayer: topLayer,
                options: try (choices.machine?.settings.options ?? .none) + KernelOptions(kernelOptions))
        }
    }

    /// As on a machine whose own files are those that the options say.
    private func setUp() async throws(Failure) {
        let scratch = try workshop.open("scratch", label: "")
        for path in ["system", "system/etc"] as [Path] { try scratch.makeDirectory(path) }
        let system = try workshop.open("scratch/system", label: "")
        for (path, text) in plan.nameFiles { try system.write(Array(text.utf8), mode: 0o644, to: path) }
        if let password = plan.password {
            let line = RootPassword.line(try await password.hash()) + "\n"
            try system.write(Array(line.utf8), mode: 0o600, to: "etc/shadow")
        }
        var setup = SetupChoices()
        setup.program = choices.program
        if !layout.isSmall { setup.companion = choices.companion }
        try SetupPlan(onNewDisk: root(), from: system, settings, setup).perform { _ in }
        // Where the partition with the boot menu is mounted.
        try makeFolder(topLayer / "boot/efi", 0o755)
    }

    private func write(_ path: Path, _ content: [UInt8], _ mode: UInt32) throws(Failure) {
        try makeFolder(topLayer / path.parent, mode == 0o600 ? 0o700 : 0o755)
        try root().write(content, mode: mode, to: topLayer / path)
    }

    /// For each firmware that the disk starts by; nil for another loader.
    func grub() throws(Failure) -> GrubLoader.Making? {
        if choices.loader != .grub { return nil }
        let place = workshop.file("scratch")
        return try GrubLoader.Making(
            bios: choices.firmware.hasBIOS ? core : nil, uefi: choices.firmware.hasUEFI ? "\(place)/boot/EFI/BOOT/BOOTX64.EFI" : nil,
            from: choices.grub, system: layout.systemUUID, in: place)
    }

    private func addLoader(_ loader: DiskLoader) throws(Failure) {
        let boot = try workshop.open("scratch/boot", label: "")
        func write(_ content: [UInt8], _ path: Path) throws(Failure) { try boot.write(content, mode: 0o644, to: path) }
        switch loader {
        case .grub:
            try write(Array(GrubLoader.configuration.utf8), "grub/grub.cfg")
            try write(Array(InstalledLoader.emptyEnvironment.utf8), "grub/grubenv")
        case .systemdBoot:
            try write(Array(SystemdLoader.configuration.utf8), "loader/loader.conf")
            guard let program = try SystemdLoader.content(in: plan.source.files, or: choices.systemd) else {
                throw Failure("systemd-boot is gone")
            }
            try write(program, "EFI/BOOT/BOOTX64.EFI")
        }
    }

    private func deploy(_ kernel: String) async throws(Failure) {
        guard let record else { throw Failure("could not deploy: nothing is recorded") }
        let boot = try workshop.open("scratch/boot", label: "")
        let volume = BootVolume(uuid: layout.rootUUID, label: nil, partition: layout.partitionUUIDs[2])
        let partition = BootVolume(uuid: layout.systemUUID, label: "BOOT", partition: layout.partitionUUIDs[1])
        let site = try Site(onNewDisk: root(), volume, settings, boot: boot, partition)
        // A reference by its beginning is not what the disk is to know it by.
        let reference = if case .name = plan.source.image.reference.kind { plan.source.image.reference.text } else { "\(record.id)" }
        let deployment = try await site.deploying(
            reference, kernel: kernel, program: choices.program, stubs: choices.systemd
        ) { _ in }
        try deployment.perform { _ in }
    }

    func fillSystem() async throws(Failure) {
        let boot = workshop.file("scratch/boot")
        let names = try workshop.open("scratch/boot").names().map { boot + "/" + String(decoding: $0, as: UTF8.self) }
        try await Tools.run(
            ["mcopy", "-s", "-Q", "-i", "\(disk)@@\(layout.system.lowerBound)"] + names + ["::"], to: "fill the boot menu's partition")
    }

    /// The boot loader's partition is written, and the btrfs taken out.
    private func finish() async throws(Failure) {
        try await fillSystem()
        try await Tools.run(["fstrim", "--quiet-unsupported", mountPoint], to: "give what the btrfs does not use back to the file")
        if try syncfs(root().descriptor) != 0 { throw .system("write all of the disk's btrfs") }
        topLevel = nil
        if umount2(mountPoint, 0) != 0 { throw .system("unmount the disk's btrfs") }
    }

    private func embed(_ layout: DiskLayout) throws(Failure) {
        guard let content = try fileContents(core), let boot = try fileContents("\(choices.grub)/i386-pc/boot.img") else {
            throw Failure("could not find GRUB's boot.img in '\(choices.grub)/i386-pc'", hint: "apt-get install grub-pc-bin")
        }
        do throws(Failure) { try GrubLoader.embed(boot: boot, core: content, in: workshop.disk, layout) } catch {
            throw Failure("could not embed GRUB for a BIOS: \(error.message)")
        }
    }

    private func convert(_ format: DiskFormat, _ isCompressed: Bool) async throws(Failure) {
        guard let converter = format.converter else { return }
        try await Tools.run(
            ["qemu-img", "convert", "-f", "raw", "-O", converter] + format.conversion(compressed: isCompressed) + [
                disk, workshop.file(Workshop.convertedName),
            ],
            to: "convert the disk to \(format.rawValue)")
    }
}
