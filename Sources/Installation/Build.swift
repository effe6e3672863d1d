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
        let images = try tree.kernelImages { kernel in
            let names = ["initramfs-\(kernel).img", "initrd-\(kernel)"]
            return isDebian ? ["initrd.img-\(kernel)"] + names : names + ["initrd.img-\(kernel)"]
        }
        self.init(
            images: images.map { $0.image },
            commands: images.map { ["dracut", "--force", $0.image.description, $0.kernel] }
        )
    }

    private init(initramfsTools tree: Directory) throws(Failure) {
        let images = try tree.kernelImages { ["initrd.img-\($0)"] }
        let commands =
            images.contains { $0.exists }
            ? [["update-initramfs", "-u", "-k", "all"]]
            : images.map { ["update-initramfs", "-c", "-k", $0.kernel] }
        self.init(images: images.map { $0.image }, commands: commands)
    }
}

/// The image of one kernel.
private struct KernelImage {
    let kernel: String
    let image: Path
    let exists: Bool
}

extension Directory {
    /// The images in /boot, of the kernels that have one; where none has, the first of the names for each kernel that is there.
    fileprivate func kernelImages(names: (String) -> [String]) throws(Failure) -> [KernelImage] {
        var built: [KernelImage] = []
        var missing: [KernelImage] = []
        for kernel in try kernels() {
            let paths = names(kernel).compactMap { Path("boot/" + $0) }
            var found: Path?
            for path in paths where found == nil {
                if try target(of: path) != nil { found = path }
            }
            if let found {
                built.append(KernelImage(kernel: kernel, image: found, exists: true))
            } else if let first = paths.first, try hasKernel(kernel) {
                missing.append(KernelImage(kernel: kernel, image: first, exists: false))
            }
        }
        return built.isEmpty ? missing : built
    }

    /// The versions that have modules.
    private func kernels() throws(Failure) -> [String] {
        try directory(at: "lib/modules")?.names().map { String(decoding: $0, as: UTF8.self) } ?? []
    }

    private func hasKernel(_ version: String) throws(Failure) -> Bool {
        for place in ["boot/vmlinuz-\(version)", "lib/modules/\(version)/vmlinuz"] {
            if let path = Path(place), try target(of: path) != nil { return true }
        }
        return false
    }
}

/// What mkinitcpio's presets name. They are bash, which mkinitcpio sources too.
func presetImages(in folder: String) async throws(Failure) -> [Path] {
    let script = """
        for preset in "$@"; do
            (
                . "$preset"
                for name in "${PRESETS[@]}"; do
                    for kind in image uki efi_image; do
                        variable=${name}_$kind
                        [[ -z ${!variable:-} ]] || printf '%s\\n' "${!variable}"
                    done
                done
            )
        done
        """
    let names = try Directory(opening: folder).names().map { String(decoding: $0, as: UTF8.self) }
    let files = names.filter { $0.hasSuffix(".preset") }.map { "\(folder)/\($0)" }
    let lines = try await output(of: ["bash", "-c", script, "bash"] + files).split(separator: UInt8(ascii: "\n"))
    return lines.compactMap { Path($0) }
}
