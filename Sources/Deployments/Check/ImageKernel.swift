package import Basics
package import Boot
internal import BootEntries
internal import Initramfs

/// The kernel of an image, with what is loaded beside it.
package struct ImageKernel {
    /// As lib/modules names it.
    let release: String
    /// First the kernel.
    let files: [BootFile]

    /// `known` is the release that was chosen before. `program` is docker-btrfs-init, for an initramfs that is built here: for `machine`, with
    /// what its kernel is told, or for any. That one opens no mapped device.
    init(
        in image: Directory, of reference: String, release asked: String?, known: String? = nil, program: String,
        machine: (disk: MachineDisk, options: KernelOptions)?,
        say: (String) -> Void
    ) async throws(Failure) {
        let (chosen, isOnly) = try Self.choose(asked, known: known, in: ImageFiles(of: [image]), of: reference)
        release = chosen.release
        var files = try Self.kernel(chosen.path, in: image)
        var refused: String?
        if let found = try await Self.initramfs(of: release, isOnly: isOnly, in: image, machine, &refused) {
            files.append(found)
        } else if let disk = machine?.disk, disk.isMapped {
            throw Self.cannotOpen(disk, reference, refused)
        } else {
            if let refused { say(refused) }
            say("build the initramfs for \(release)")
            var recipe = try Recipe(tree: image, release: release, program: program)
            if machine != nil { recipe.drivers = .genericAndHost }
            files.append(BootFile(.initrd, try await Build(recipe).compressed(with: .zstd), source: nil))
        }
        self.files = files
    }

    static func cannotOpen(_ disk: MachineDisk, _ reference: String, _ refused: String? = nil) -> Failure {
        let why = refused ?? InitramfsImage.opensNothing
        return Failure(
            "could not deploy '\(reference)': the root is on '\(disk.device)', and \(why)",
            hint: openingRemedy)
    }

    static let openingRemedy =
        "let the image have an initramfs of dracut, initramfs-tools or mkinitcpio with docker-btrfs in it: docs/install.md"

    /// With an initramfs that is built here, for a root that is mounted as it is.
    init(
        in image: Directory, of reference: String, release asked: String, program: String, rootFilesystem: String
    ) async throws(Failure) {
        let chosen = try Self.choose(asked, in: ImageFiles(of: [image]), of: reference).kernel
        release = chosen.release
        var recipe = try Recipe(tree: image, release: release, program: program)
        recipe.rootFilesystem = rootFilesystem
        files =
            try Self.kernel(chosen.path, in: image)
            + [BootFile(.initrd, try await Build(recipe).compressed(with: .zstd), source: nil)]
    }

    /// The kernel's file, and what goes into processors before it.
    private static func kernel(_ path: Path, in image: Directory) throws(Failure) -> [BootFile] {
        guard let kernel = try image.contents(of: path, limit: limit) else {
            throw Failure("could not open '\(image.show(path))': it is gone")
        }
        if !isKernel(kernel) {
            throw Failure("could not use '\(image.show(path))' as the kernel: it is none that a boot loader starts", hint: remedy)
        }
        var files = [BootFile(.vmlinuz, kernel, source: path)]
        for path in ["boot/amd-ucode.img", "boot/intel-ucode.img"] as [Path] {
            if let content = try image.contents(of: path, limit: limit) { files.append(BootFile(.microcode, content, source: path)) }
        }
        if files.count == 1, let content = try microcode(in: image) { files.append(BootFile(.microcode, content, source: nil)) }
        return files
    }

    /// The same in one file, with the options that it is told.
    func unified(
        in image: Directory, under topLayer: Directory?, _ options: String, stubs: String?, say: (String) -> Void
    ) async throws(Failure) -> BootFile {
        say("build the unified kernel image for \(release)")
        var recipe = try Recipe(tree: image, release: release, program: "")
        recipe.commandLine = options
        // The top layer's, where the image has none.
        recipe.kernel = files.first?.content
        // By overlayfs's rules, which do for a title: `.wh.` names of the top layer, which the boot knows, are not looked at.
        let root = ImageFiles(of: [topLayer, image].compactMap { $0 })
        for path in ["usr/lib/os-release", "etc/os-release"] as [Path] {
            if let content = try root.contents(of: path, limit: 1 << 20) { recipe.osRelease = content }
        }
        if let stubs { recipe.stubs = stubs }
        // The kernel unpacks one archive after the other, each from a multiple of four bytes on.
        let archives = files.dropFirst().map { $0.content + [UInt8](repeating: 0, count: -$0.content.count & 3) }
        let hint = "RUN apt-get install -y systemd-boot-efi (Debian), or systemd, in the Dockerfile; or 'docker-btrfs setup --kernels boot'"
        return BootFile(.uki, try await UnifiedKernelImage(recipe, stubHint: hint).built(around: Array(archives.joined())), source: nil)
    }

    /// Looks for the kernel `asked`, or for `known`, which was chosen before, or for the only one that there is. Fails where there is none, and
    /// where there are several to choose from.
    static func choose(
        _ asked: String?, known: String? = nil, in image: ImageFiles, of reference: String
    ) throws(Failure) -> (kernel: (release: String, path: Path), isOnly: Bool) {
        let kernels = try kernels(in: image)
        guard let first = kernels.first else {
            throw Failure(
                "could not deploy '\(reference)': it has no kernel with modules",
                hint: remedy
            )
        }
        let names = kernels.map(\.release).joined(separator: ", ")
        let known = kernels.first { $0.release == known }
        if asked == nil && known == nil && kernels.count > 1 {
            throw Failure("could not choose the kernel of '\(reference)': it has \(names)", hint: "choose one with --kernel VERSION")
        }
        guard let chosen = asked.map({ asked in kernels.first { $0.release == asked } }) ?? known ?? first else {
            throw Failure("could not find the kernel '\(asked ?? "")' in '\(reference)'", hint: "it has \(names)")
        }
        return (chosen, kernels.count == 1)
    }

    package static let remedy =
        "install one in the Dockerfile: linux-image-amd64 (Debian), linux-generic (Ubuntu), kernel (Fedora), linux (Arch)"

    /// Whether it has the header of Linux's boot protocol (Documentation/arch/x86/boot.rst), or is a program of UEFI or an ELF, which some
    /// start.
    static func isKernel(_ content: [UInt8]) -> Bool {
        if content.dropFirst(0x202).starts(with: "HdrS".utf8) { return true }
        return ["MZ", "\u{7f}ELF"].contains { content.starts(with: $0.utf8) } && !isOfOtherMachine(content)
    }

    /// No kernel or initramfs is larger.
    static let limit = 1 << 30

    /// Each release that has modules, with its kernel.
    package static func kernels(in image: ImageFiles) throws(Failure) -> [(release: String, path: Path)] {
        let releases = try image.releases().sorted()
        var found: [(release: String, path: Path)] = []
        for release in releases {
            if let path = try image.kernel(of: release, isOnly: releases.count == 1) { found.append((release, path)) }
        }
        return found
    }

    /// The image's own, where docker-btrfs-init is in it and it can boot an image on the machine. Why one that has that is not taken all the
    /// same, is left in `refused`.
    private static func initramfs(
        of release: String, isOnly: Bool, in image: Directory, _ machine: (disk: MachineDisk, options: KernelOptions)?,
        _ refused: inout String?
    ) async throws(Failure) -> BootFile? {
        for path in ImageFiles.initramfs(of: release, isOnly: isOnly).compactMap({ Path($0) }) {
            // What cannot be read is somebody else's.
            guard let content = try? image.contents(of: path, limit: limit),
                let opened = try? await InitramfsImage(content, name: image.show(path)),
                Inspection(of: opened).failureOfInitramfs == nil
            else { continue }
            if let reason = opened.unfitness(for: release) ?? machine.flatMap({ opened.lackOfKeys(on: $0.disk, $0.options) }) {
                refused = refused ?? "'\(image.show(path))' of the image cannot be taken: \(reason)"
                continue
            }
            return BootFile(.initrd, content, source: path)
        }
        return nil
    }
}

extension InitramfsImage {
    fileprivate static let opensNothing = "an initramfs that is built here opens no LUKS, LVM or RAID"

    /// Why it does not get to the disk that the roots are on now; nil where it does, as far as that is to be seen. `tree` is what its kernel
    /// is from.
    func obstacle(to disk: MachineDisk, _ options: KernelOptions, _ release: String, in tree: Directory) throws(Failure) -> String? {
        if !isBuiltHere { return lackOfKeys(on: disk, options) }
        if disk.isMapped { return Self.opensNothing }
        let missing = try missing(disk.drivers, of: release, in: tree).map { "'\($0)'" }
        return missing.isEmpty ? nil : "its initramfs lacks the driver \(missing.joined(separator: ", "))"
    }

    /// Why it boots no deployment with that kernel; nil where it does.
    fileprivate func unfitness(for release: String) -> String? {
        if !releases.isEmpty && !releases.contains(release) {
            return "it has the modules of \(releases.joined(separator: ", ")), and none of \(release)"
        }
        // The first one that knows `docker_deployed=`.
        if let version = programVersion, isVersion(version, before: "0.2.0") {
            return "it has docker-btrfs-init \(version), which knows no deployments"
        }
        return nil
    }

    /// Why it does not unlock the disk; nil where it does, and where that is open.
    fileprivate func lackOfKeys(on disk: MachineDisk, _ options: KernelOptions) -> String? {
        if !disk.isEncrypted || unlocks(with: options.words) { return nil }
        return "it unlocks no device: there is none in its crypttab, nor in the options (rd.luks.uuid=, cryptdevice=, cryptopts=)"
    }
}

/// Versions are numbers with points between them.
private func isVersion(_ version: String, before other: String) -> Bool {
    func numbers(_ text: String) -> [Int] { text.split(separator: ".").map { Int($0) ?? 0 } }
    return numbers(version).lexicographicallyPrecedes(numbers(other))
}

/// The kernel of a tree, and an initramfs that mounts a root of some filesystem as it is; each with the name that people know it by. An image
/// has microcode of several makers.
package func kernelFiles(
    in tree: Directory, of name: String, kernel: String, rootFilesystem: String, program: String
) async throws(Failure) -> [(name: String, content: [UInt8])] {
    try await ImageKernel(in: tree, of: name, release: kernel, program: program, rootFilesystem: rootFilesystem).files
        .map { file in
            let own = file.kind == .microcode ? file.source.map { display($0.name) } : nil
            return (own ?? "\(file.kind.rawValue)-\(kernel)", file.content)
        }
}
