internal import Basics
internal import CLinux
internal import Initramfs

extension InitramfsTool {
    /// The framework that made a system's images; nil where none or several did.
    static func builder(in tree: Directory) async throws(Failure) -> InitramfsTool? {
        var builders: Set<InitramfsTool> = []
        let images = try tree.otherImages(than: [])
        let separate = images.filter { !$0.isUnified }
        for image in separate.isEmpty ? images : separate {
            // What no framework made, or cannot be read, tells nothing.
            if let builder = try await builder(of: image, in: tree) { builders.insert(builder) }
        }
        return builders.count == 1 ? builders.first : nil
    }

    private static func builder(of image: Path, in tree: Directory) async throws(Failure) -> InitramfsTool? {
        guard let image = try await tree.initramfs(image) else { return nil }
        switch Inspection(of: image).framework {
        case .mkinitcpio, .mkinitcpioWithSystemd: return .mkinitcpio
        case .dracut, .dracutWithSystemd: return .dracut
        case .initramfsTools: return .initramfsTools
        case .some, nil: return nil
        }
    }
}

extension Directory {
    /// nil where nothing is at `path`, or what cannot be read as an initramfs and so tells nothing.
    func initramfs(_ path: Path) async throws(Failure) -> InitramfsImage? {
        guard let file = try open(path, O_RDONLY, what: "open") else { return nil }
        defer { close(file) }
        return try? await InitramfsImage(reading: "/proc/self/fd/\(file)")
    }

    /// Whether docker-btrfs-init is in an initramfs.
    func holdsProgram(_ image: Path) async throws(Failure) -> Bool {
        let opened = try await initramfs(image)
        return opened?.target(of: programPath) != nil
    }
}
