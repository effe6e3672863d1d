internal import Basics
internal import BootEntries
internal import CLinux

/// Where kernels lie: on the btrfs, where the boot loader reads it.
extension FoundMachine {
    static func kernels(for loader: InstalledLoader?, on filesystem: MachineBtrfs) throws(Failure) -> Settings.Kernels {
        if loader?.kind == .systemdBoot { return .boot }
        return try filesystem.obstacle(to: loader) == nil ? .btrfs : .boot
    }
}

extension InstalledLoader {
    /// Whether rEFInd has its driver for btrfs.
    fileprivate var readsBtrfs: Bool {
        get throws(Failure) {
            for folder in ["drivers_x64", "drivers_aa64", "drivers"] as [Path] {
                for name in try directory.directory(at: folder)?.names() ?? [] where name.starts(with: "btrfs".utf8) { return true }
            }
            return false
        }
    }
}

extension MachineBtrfs {
    /// Why a boot loader may not find kernels on it; nil where it does. An unknown one is as rEFInd is.
    fileprivate func obstacle(to loader: InstalledLoader?) throws(Failure) -> String? {
        if isMapped { return "the btrfs is on '\(device)'" }
        let members = try? Directory(opening: "/sys/fs/btrfs/\(volume.uuid)/devices").names()
        if let members, members.count > 1 { return "the btrfs is on \(members.count) devices" }
        if loader?.kind == .refind, try loader?.readsBtrfs == false { return "it has no driver for btrfs" }
        if loader?.kind == .refind, volume.nameForRefind == nil { return "the btrfs has no label, and is on no partition of a GPT" }
        // For GRUB the entries say from where paths go.
        if loader?.kind != .grub, try !hasTopLevelAsDefault { return "the default subvolume of the btrfs is not its top level" }
        return nil
    }

    /// What a person should know of kernels on it, for setup may have found it otherwise. GRUB reads most of what setup leaves alone.
    func note(on kernels: Settings.Kernels, for loader: InstalledLoader?) throws(Failure) -> String? {
        guard kernels == .btrfs, loader?.kind == .refind, let obstacle = try obstacle(to: loader) else { return nil }
        return """
            rEFInd may not find the kernels on the btrfs: \(obstacle); 'docker-btrfs setup --kernels boot', then 'docker-btrfs deploy' brings \
            them to rEFInd's own partition
            """
    }

    private var hasTopLevelAsDefault: Bool {
        get throws(Failure) {
            var id: UInt64 = 0
            if btrfs_util_get_default_subvolume_fd(topLevel.descriptor, &id) != BTRFS_UTIL_OK {
                throw .system("tell the default subvolume of '\(device)'")
            }
            return id == 5
        }
    }
}
