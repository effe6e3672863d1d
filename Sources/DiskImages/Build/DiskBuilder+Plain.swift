internal import Basics
internal import Boot
internal import BootEntries
internal import CLinux
internal import Deployments
internal import Files
internal import Glibc
internal import Images
internal import Linux
internal import Planning
internal import Programs

/// A disk with one filesystem that has all files.
extension DiskBuilder {
    /// The top layer, in the folder that is in memory alone.
    static let plainLayer: Path = "layer"

    /// Mounts the image's layers over one another, and does what a boot does to a root of them. What is changed lies in memory.
    func layTree() throws(Failure) {
        let scratch = try workshop.open("scratch", label: "")
        for path in ["upper", "work"] as [Path] { try scratch.makeDirectory(path) }
        // Where the partition with the boot menu is mounted.
        try makeFolder(Self.plainLayer / "boot/efi", 0o755)
        try mount(plan.source, changesIn: ("upper", "work"), at: mountPoint)
        // As a root is prepared.
        let tree = try workshop.open("root", label: "")
        guard let layer = try scratch.directory(at: Self.plainLayer) else { throw Failure("could not find the top layer: it is gone") }
        let initProgram = try KernelOptions(kernelOptions).initProgram
        let contents = try Facts.Contents(
            of: ImageFiles(of: [tree]), under: [layer], of: plan.source.image.reference.description, initProgram: initProgram,
            Facts.Host(kernelRelease: nil, time: 0))
        let top: Place = Place(.top)
        var steps = contents.preparation(of: top, from: top, removingIdentity: true)
        try steps.append(.copyTopLayer(Place(.top, on: .topLayer(.path("/"))), LayerManifest(of: layer).rules, over: top))
        var machine = LinuxMachine(topLevel: tree, topLayer: .success(layer))
        for step in steps { try machine.carryOut(step) }
        // The first boot labels all of it, and starts once more.
        if contents.usesSELinux { try tree.write([], mode: 0o600, to: ".autorelabel") }
        // Without any, systemd takes the boot for the first one of all and enables what its presets say.
        if try tree.status(of: "usr/lib/systemd/systemd") != nil, try tree.status(of: "etc/machine-id") == nil {
            try tree.write([], mode: 0o444, to: "etc/machine-id")
        }
        topLevel = tree
    }

    /// The files of an image. What is changed there goes to the first of two folders in memory, which the second is a help for.
    func mount(_ source: ImageSource, changesIn folders: (String, String), at place: String) throws(Failure) {
        let layers = try source.directories()
        let upper = try workshop.open("scratch/\(folders.0)")
        let work = try workshop.open("scratch/\(folders.1)")
        // By their numbers: mount(2) takes a page, which paths of many layers are longer than, and fsconfig(2) takes 256 bytes.
        func path(_ folder: Directory) -> String { "/proc/self/fd/\(folder.descriptor)" }
        let options = "lowerdir=\(layers.map(path).joined(separator: ":")),upperdir=\(path(upper)),workdir=\(path(work))"
        if Glibc.mount("overlay", place, "overlay", UInt(MS_NOATIME | MS_NODEV), options) != 0 {
            throw .system(
                "lay the layers of '\(source.image.reference)' over one another",
                hint: linux_errno() == ENODEV ? "the kernel needs overlayfs" : nil)
        }
        withExtendedLifetime((layers, upper, work)) {}
    }

    private func tree() throws(Failure) -> Directory {
        if let topLevel { return topLevel }
        throw Failure("could not find the image's files: they are not mounted")
    }

    /// All others have what the image gave them.
    func set(_ password: GivenPassword) async throws(Failure) {
        let hash = try await password.hash()
        let path: Path = "etc/shadow"
        let tree = try tree()
        try replace(path, RootPassword.shadow(tree.contents(of: path) ?? [], hash: hash), upTo: 0o640)
        let people: Path = "etc/passwd"
        if let known = try tree.contents(of: people) { try replace(people, RootPassword.passwd(known), upTo: 0o644) }
    }

    /// A file of the image, with its owner and no more than its mode.
    private func replace(_ path: Path, _ content: [UInt8], upTo mode: UInt32) throws(Failure) {
        let tree = try tree()
        let status = try tree.target(of: path)
        try tree.write(content, mode: (status?.permissions ?? 0o600) & mode, to: path)
        guard let status else { return }
        let above = try tree.parent(of: path, what: "write")
        if fchownat(above.descriptor, path.fileName, status.owner, status.group, AT_SYMLINK_NOFOLLOW) != 0 {
            throw .system("write '\(path)'")
        }
    }

    /// The kernel's files and the menu, for their partition.
    func addPlainKernel(_ kernel: String) async throws(Failure) {
        let boot = try workshop.open("scratch/boot", label: "")
        try boot.makeDirectory("linux")
        let files = try await kernelFiles(
            in: tree(), of: plan.source.image.reference.description, kernel: kernel, rootFilesystem: choices.plain?.rawValue ?? "btrfs",
            program: choices.program)
        var paths: [Path] = []
        for (name, content) in files {
            let path = ("linux" as Path).appending(name)
            try boot.write(content, mode: 0o644, to: path)
            paths.append(path)
        }
        let partition = BootVolume(uuid: layout.systemUUID, label: "BOOT", partition: layout.partitionUUIDs[1])
        let options = try KernelOptions("root=UUID=\(layout.rootUUID) rw") + KernelOptions(kernelOptions)
        let entry = BootEntry(
            id: "linux", title: "\(plan.source.image.reference), \(kernel)", kernel: paths[0], initrds: Array(paths.dropFirst()),
            options: options)
        guard let menu = try BootLoader.grub.files(for: BootMenu(volume: partition, entries: [entry])).last else { return }
        // Its first line says that docker-btrfs replaces it. Nothing does here.
        let lines = menu.text.split(separator: "\n", omittingEmptySubsequences: false).dropFirst()
        try boot.write(Array(lines.joined(separator: "\n").utf8), mode: 0o644, to: "grub/custom.cfg")
    }

    /// Kernels before 5.19 do not mount what mkfs.xfs makes by itself from 6.5 on, and versions before 5.19 do not know that.
    private func xfsFeatures(_ device: String) async throws(Failure) -> [String] {
        let options = ["-i", "nrext64=0"]
        return try await runProgram(["mkfs.xfs", "-q", "-N"] + options + [device])?.status == 0 ? options : []
    }

    func fillRoot(_ filesystem: PlainFilesystem, _ layout: DiskLayout) async throws(Failure) {
        let what = "\(DiskStep.fillRoot(filesystem, layout))"
        switch filesystem {
        case .ext4:
            try await Tools.run(
                [
                    "mkfs.ext4", "-q", "-U", layout.rootUUID, "-E", "offset=\(layout.root.lowerBound)", "-d", mountPoint,
                    disk, "\(layout.root.count >> 10)k",
                ], to: what)
        case .xfs, .btrfs:
            let device = try LoopDevice(workshop.disk, layout.root)
            let options =
                try await filesystem == .xfs ? ["-m", "uuid=\(layout.rootUUID)"] + xfsFeatures(device.path) : ["-U", layout.rootUUID]
            try await Tools.run(["mkfs.\(filesystem)", "-q"] + options + [device.path], to: what)
            let place = workshop.file("source")
            try MountRequest(device: device.path, filesystemType: filesystem.rawValue, options: ["noatime"]).mount(at: place, .readWrite)
            defer { umount2(place, Int32(MNT_DETACH)) }
            let root = linux_open(place, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
            if root < 0 { throw .system("open the disk's \(filesystem)") }
            defer { Glibc.close(root) }
            try await Tools.run(["cp", "-a", "--", mountPoint + "/.", place], to: what)
            // Only this tells what could not be written since it was opened.
            if syncfs(root) != 0 { throw .system("write all of the disk's \(filesystem)") }
        }
        topLevel = nil
        if umount2(mountPoint, 0) != 0 { throw .system("unmount the image's files") }
    }
}
