internal import Basics
internal import Boot
internal import CLinux
internal import Initramfs

/// What starts a disk.
public enum DiskLoader: String, Sendable, CaseIterable {
    case grub
    case systemdBoot = "systemd-boot"
}

/// systemd-boot. Its menu is a file for each entry, which `docker-btrfs deploy` writes.
enum SystemdLoader {
    /// The Debian package with it, and with the stub of unified kernel images.
    static let package = "systemd-boot-efi"
    static let configuration = "timeout 2\nconsole-mode keep\n"

    private static let usual = UnifiedKernelImage.usualStubs

    /// The image's own, else that of the folder; nil where neither has one.
    static func content(in image: ImageFiles, or folder: String) throws(Failure) -> [UInt8]? {
        let name = "systemd-bootx64.efi"
        if let path = Path("\(usual)/\(name)"), let content = try image.contents(of: path, limit: 64 << 20) { return content }
        return try fileContents("\(folder)/\(name)")
    }

    /// Whether the image, or a folder of this machine, has what a unified kernel image begins with. Fails where that is none.
    static func hasStub(in image: ImageFiles, or folder: String? = nil) throws(Failure) -> Bool {
        let name = UnifiedKernelImage.stubFile
        if let path = Path("\(usual)/\(name)"), let content = try image.contents(of: path, limit: 64 << 20) {
            try UnifiedKernelImage.check(stub: content, called: "\(path) of the image")
            return true
        }
        guard let file = folder.map({ "\($0)/\(name)" }), let content = try fileContents(file) else { return false }
        try UnifiedKernelImage.check(stub: content, called: file)
        return true
    }
}
