internal import Basics
internal import Boot
internal import Initramfs

/// The kernel of an image, with what is loaded beside it.
struct ImageKernel {
    /// As lib/modules names it.
    let release: String
    /// First the kernel.
    let files: [BootFile]

    /// `program` is docker-btrfs-init, for an initramfs that is built here. That one opens no `mapped` device.
    init(
        in image: Directory, of reference: String, release asked: String?, program: String, mapped: String?, say: (String) -> Void
    ) async throws(Failure) {
        let (chosen, isOnly) = try Self.choose(asked, in: ImageFiles(of: [image]), of: reference)
        release = chosen.release
        var files = try Self.kernel(chosen.path, in: image)
        if let found = try await Self.initramfs(of: release, isOnly: isOnly, in: image) {
            files.append(found)
        } else if let mapped {
            throw Self.cannotOpen(mapped, reference)
        } else {
            say("build the initramfs for \(release)")
            let recipe = try Recipe(tree: image, release: release, program: program)
            files.append(BootFile(.initrd, try await Build(recipe).compressed(with: .zstd), source: nil))
        }
        self.files = files
    }

    static func cannotOpen(_ device: String, _ reference: String) -> Failure {
        Failure(
            "could not deploy '\(reference)': the root is on '\(device)', and an initramfs that is built here opens no LUKS, LVM or RAID",
            hint: "let the image have an initramfs of dracut, initramfs-tools or mkinitcpio with docker-btrfs in it: docs/install.md")
    }

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
        return BootFile(.uki, try await UnifiedKernelImage(recipe).built(around: Array(archives.joined())), source: nil)
    }

    /// Looks for the kernel `asked`, or for the only one that there is. Fails where there is none, and where there are several to
    /// choose from.
    static func choose(
        _ asked: String?, in image: ImageFiles, of reference: String
    ) throws(Failure) -> (kernel: (release: String, path: Path), isOnly: Bool) {
        let kernels = try kernels(in: image)
        guard let first = kernels.first else {
            throw Failure(
                "could not deploy '\(reference)': it has no kernel with modules",
                hint: remedy
            )
        }
        let names = kernels.map(\.release).joined(separator: ", ")
        if asked == nil && kernels.count > 1 {
            throw Failure("could not choose the kernel of '\(reference)': it has \(names)", hint: "choose one with --kernel VERSION")
        }
        guard let chosen = asked.map({ asked in kernels.first { $0.release == asked } }) ?? first else {
            throw Failure("could not find the kernel '\(asked ?? "")' in '\(reference)'", hint: "it has \(names)")
        }
        return (chosen, kernels.count == 1)
    }

    static let remedy = "install one in the Dockerfile: linux-image-amd64 (Debian), linux-generic (Ubuntu), kernel (Fedora), linux (Arch)"

    /// Whether it has the header of Linux's boot protocol (Documentation/arch/x86/boot.rst), or is a program of UEFI or an ELF, which some
    /// start.
    static func isKernel(_ content: [UInt8]) -> Bool {
        content.dropFirst(0x202).starts(with: "HdrS".utf8) || ["MZ", "\u{7f}ELF"].contains { content.starts(with: $0.utf8) }
    }

    /// No kernel or initramfs is larger.
    static let limit = 1 << 30

    /// Each release that has modules, with its kernel.
    static func kernels(in image: ImageFiles) throws(Failure) -> [(release: String, path: Path)] {
        let releases = try image.releases().sorted()
        var found: [(release: String, path: Path)] = []
        for release in releases {
            if let path = try image.kernel(of: release, isOnly: releases.count == 1) { found.append((release, path)) }
        }
        return found
    }

    /// The image's own, where docker-btrfs-init is in it and it can boot an image.
    private static func initramfs(of release: String, isOnly: Bool, in image: Directory) async throws(Failure) -> BootFile? {
        for path in ImageFiles.initramfs(of: release, isOnly: isOnly).compactMap({ Path($0) }) {
            // What cannot be read is somebody else's.
            guard let content = try? image.contents(of: path, limit: limit),
                let opened = try? await InitramfsImage(content, name: image.show(path)),
                Inspection(of: opened).failureOfInitramfs == nil
            else { continue }
            return BootFile(.initrd, content, source: path)
        }
        return nil
    }
}
