internal import Basics
internal import Boot
internal import CLinux
internal import Initramfs

/// systemd-boot. Its menu is a file for each entry, which `docker-btrfs deploy` writes.
enum SystemdLoader {
    /// The Debian package with it, and with the stub of unified kernel images.
    static let package = "systemd-boot-efi"
    static let configuration = "timeout 2\nconsole-mode keep\n"

    private static let usual = UnifiedKernelImage.usualStubs

    /// The image's own, else that of the folder; nil where neither has one. Fails where it is no program.
    static func content(in image: ImageFiles, or folder: String) throws(Failure) -> [UInt8]? {
        try program("systemd-bootx64.efi", in: image, or: folder)
    }

    /// Whether the image, or a folder of this machine, has what a unified kernel image begins with. Fails where that is none.
    static func hasStub(in image: ImageFiles, or folder: String? = nil) throws(Failure) -> Bool {
        try program(UnifiedKernelImage.stubFile, in: image, or: folder) != nil
    }

    private static func program(_ name: String, in image: ImageFiles, or folder: String?) throws(Failure) -> [UInt8]? {
        if let path = Path("\(usual)/\(name)"), let content = try image.contents(of: path, limit: 64 << 20) {
            do throws(Failure) { try UnifiedKernelImage.checkProgram(content, called: "\(path)") } catch {
                throw Failure("could not use the image's boot loader: \(error.message)")
            }
            return content
        }
        guard let file = folder.map({ "\($0)/\(name)" }), let content = try fileContents(file) else { return nil }
        try UnifiedKernelImage.checkProgram(content, called: file)
        return content
    }
}
