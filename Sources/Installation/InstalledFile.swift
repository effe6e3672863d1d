internal import Basics
internal import CHooks
internal import Initramfs

/// A file of docker-btrfs in a system.
struct InstalledFile: Equatable {
    enum Content: Equatable {
        case file([UInt8], mode: UInt32)
        case link(to: String)
    }

    let path: Path
    let content: Content

    init(_ path: Path, _ content: Content) {
        self.path = path
        self.content = content
    }

    fileprivate init(_ path: Path, _ source: hooks_file, mode: UInt32 = 0o644) {
        self.init(path, .file(Array(UnsafeBufferPointer(start: source.bytes, count: Int(source.count))), mode: mode))
    }
}

extension InitramfsTool {
    /// Everything that a system needs for its initramfs to hold docker-btrfs; `program` is docker-btrfs-init.
    func files(program: [UInt8]) -> [InstalledFile] {
        [InstalledFile(programPath, .file(program, mode: 0o755))] + initramfs + Self.booted
    }

    /// In the places for a machine's own files, where a framework has such places.
    private var initramfs: [InstalledFile] {
        switch self {
        case .mkinitcpio:
            [
                Self.initrdUnit,
                InstalledFile("etc/initcpio/install/docker-btrfs", hooks_mkinitcpio_install),
                InstalledFile("etc/initcpio/hooks/docker-btrfs", hooks_mkinitcpio_hook),
                InstalledFile("etc/initcpio/udev/65-docker-btrfs.rules", hooks_systemd_rules),
                InstalledFile(mkinitcpioDropIn, hooks_mkinitcpio_conf),
            ]
        case .dracut:
            [
                Self.initrdUnit,
                InstalledFile("usr/lib/dracut/modules.d/51docker-btrfs/module-setup.sh", hooks_dracut_install, mode: 0o755),
                InstalledFile("usr/lib/dracut/modules.d/51docker-btrfs/docker-btrfs.sh", hooks_dracut_hook, mode: 0o755),
                InstalledFile("usr/lib/dracut/modules.d/51docker-btrfs/65-docker-btrfs.rules", hooks_systemd_rules),
                InstalledFile("etc/dracut.conf.d/docker-btrfs.conf", hooks_dracut_conf),
            ]
        case .initramfsTools:
            [
                InstalledFile("etc/initramfs-tools/hooks/docker-btrfs", hooks_initramfs_tools_install, mode: 0o755),
                InstalledFile("etc/initramfs-tools/scripts/local-premount/docker-btrfs", hooks_initramfs_tools_hook, mode: 0o755),
            ]
        }
    }

    private static let initrdUnit = InstalledFile("usr/lib/systemd/system/docker-btrfs.service", hooks_systemd_initrd)

    /// For the system that was booted.
    private static let booted = [
        InstalledFile("usr/lib/systemd/system/docker-btrfs-good.service", hooks_systemd_booted),
        InstalledFile(
            "usr/lib/systemd/system/multi-user.target.wants/docker-btrfs-good.service",
            .link(to: "../docker-btrfs-good.service")
        ),
    ]
}
