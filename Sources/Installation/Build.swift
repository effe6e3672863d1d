internal import Basics

/// How a system's initramfs is built, and what comes out.
struct Build: Equatable {
    /// Where the images lie that the system boots with, old or new.
    var images: [Path]
    var commands: [[String]]

    /// For mkinitcpio, that of the running system. Fails where nothing is found to build for.
    init(_ framework: Framework, in tree: Directory) async throws(Failure) {
        switch framework {
        case .mkinitcpio: self.init(images: try await presetImages(in: "/etc/mkinitcpio.d"), commands: [["mkinitcpio", "-P"]])
        case .dracut: try self.init(dracut: tree)
        case .initramfsTools: try self.init(initramfsTools: tree)
        }
        if images.isEmpty {
            throw Failure(
                "could not find a kernel in '\(tree.show(.top))' to build an initramfs for",
                hint: "--no-build installs without building"
            )
        }
    }

    init(images: [Path], commands: [[String]]) {
        self.images = images
        self.commands = commands
    }

    private init(dracut tree: Directory) throws(Failure) {
        let isDebian = try tree.status(of: "etc/debian_version") != nil
        let machine = try tree.machineID()
        let images = try tree.kernelImages { kernel in
            let first = isDebian ? "boot/initrd.img-\(kernel)" : "boot/initramfs-\(kernel).img"
            let others = ["boot/initramfs-\(kernel).img", "boot/initrd.img-\(kernel)", "boot/initrd-\(kernel)"]
            // Where the boot loader specification has them.
            let entries = machine.map { id in ["efi", "boot", "boot/efi"].map { "\($0)/\(id)/\(kernel)/initrd" } } ?? []
            return [first] + others.filter { $0 != first } + entries
        }
        self.init(
            images: images.map { $0.image },
            commands: images.map { ["dracut", "--force", $0.image.description, $0.kernel] }
        )
    }

    private init(initramfsTools tree: Directory) throws(Failure) {
        let images = try tree.kernelImages { ["boot/initrd.img-\($0)"] }
        let update = ["update-initramfs", "-u", "-k", "all"]
        let creations = images.filter { !$0.exists }.map { ["update-initramfs", "-c", "-k", $0.kernel] }
        self.init(images: images.map { $0.image }, commands: creations.isEmpty ? [update] : creations)
    }
}
