internal import Basics
internal import Files

/// How a system's initramfs is built, and what comes out.
struct BuildCommands: Equatable {
    /// What the system boots with, old or new: an initramfs each, or a unified kernel image with one in it.
    var images: [Path]
    var commands: [[String]]
    /// The kernels that have no image, where others have one.
    var withoutImage: [String] = []

    /// With `isLasting` docker-btrfs is in the images afterwards. Fails where nothing is found to build for.
    init(_ framework: InitramfsTool, isLasting: Bool = true, in tree: Directory) async throws(Failure) {
        switch framework {
        case .mkinitcpio:
            self.init(images: try tree.distinct(await presetImages(isLasting: isLasting, in: tree)), commands: [["mkinitcpio", "-P"]])
        case .dracut: try await self.init(dracut: tree)
        case .initramfsTools: try self.init(initramfsTools: tree)
        }
        if images.isEmpty {
            throw Failure(
                "could not find a kernel in '\(tree.show(.top))' to build an initramfs for",
                hint: "--no-build leaves the initramfs as it is"
            )
        }
    }

    init(images: [Path], commands: [[String]], withoutImage: [String] = []) {
        self.images = images
        self.commands = commands
        self.withoutImage = withoutImage
    }

    private init(dracut tree: Directory) async throws(Failure) {
        let settings = try await DracutSettings(in: tree)
        let (images, without) = try tree.kernelImages { settings.candidates($0) }
        var folders: [Path] = []
        for folder in Set(images.map(\.path.parent)) where try tree.target(of: folder) == nil { folders.append(folder) }
        self.init(
            images: images.map(\.path),
            commands: folders.map { ["mkdir", "-p", $0.description] } + images.map { settings.command($0) },
            withoutImage: without
        )
    }

    private init(initramfsTools tree: Directory) throws(Failure) {
        let (images, without) = try tree.kernelImages { ["boot/initrd.img-\($0)"] }
        // It ends well then, and builds nothing.
        let settings: Path = "etc/initramfs-tools/update-initramfs.conf"
        if images.contains(where: \.exists), try tree.text(of: settings).split(separator: "\n").contains("update_initramfs=no") {
            throw Failure(
                "could not build the initramfs: 'update_initramfs=no' in '\(tree.show(settings))' keeps it as it is",
                hint: "say 'update_initramfs=yes' there; --no-build leaves the initramfs as it is")
        }
        // Not `-k all`, which would take kernels that have no modules too.
        self.init(
            images: images.map(\.path),
            commands: images.map { ["update-initramfs", $0.exists ? "-u" : "-c", "-k", $0.kernel] },
            withoutImage: without
        )
    }
}

extension Path {
    /// Whether a file is a unified kernel image, by its name. An ESP's filesystem may give it in capitals.
    var isUnified: Bool { String(decoding: name.suffix(4), as: UTF8.self).lowercased() == ".efi" }
}
