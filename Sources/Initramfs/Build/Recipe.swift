public import Basics

/// What an initramfs with docker-btrfs-init as /init is made of.
public struct Recipe: Sendable {
    public enum Drivers: Sendable {
        /// What drives most machines.
        case generic
        /// What the devices and the filesystems of the running machine need.
        case hostOnly
        /// Both.
        case genericAndHost
    }

    public enum Shell: Sendable { case none, busybox }

    /// The tree that modules, firmware, configuration and busybox come from.
    public var tree: Directory
    /// Of the kernel, as in lib/modules.
    public var release: String
    /// docker-btrfs-init, on the running system.
    public var program: String
    public var drivers = Drivers.generic
    /// What has to be loaded: btrfs, unless the root is one that is mounted as it is.
    public var rootFilesystem = "btrfs"
    /// By name or alias; a boot stops where one of them cannot be loaded.
    public var addedModules: [String] = []
    public var shell = Shell.none
    /// A file of the running system instead of the tree's /etc/docker-btrfs.json.
    public var configuration: String?
    /// The kernel's: for a unified kernel image instead of the tree's etc/kernel/cmdline, and for where the top layer is instead
    /// of the running kernel's.
    public var commandLine: String?
    /// The folder of the running system with systemd's stub for UEFI, where the tree has none.
    public var stubs = UnifiedKernelImage.usualStubs
    /// Of a unified kernel image: the kernel itself, where it is not in the tree.
    public var kernel: [UInt8]?
    /// The same: os-release, which names the system in the boot menu, where it is not the tree's alone.
    public var osRelease: [UInt8]?
    /// When everything was changed, in seconds since 1970.
    public var time = 0

    /// `release` nil takes the only kernel that the tree has.
    public init(tree: Directory, release: String?, program: String) throws(Failure) {
        self.tree = tree
        self.program = program
        let found = release == nil ? try KernelModules.releases(in: tree) : []
        guard let only = release ?? found.first, found.count < 2 else {
            let reason = found.isEmpty ? "there is none" : "there are several: \(found.joined(separator: ", "))"
            throw Failure(
                "could not choose a kernel in '\(tree.show("lib/modules"))': \(reason)",
                hint: found.isEmpty ? "--root DIR names a system with a kernel's modules" : "name it with --kernel")
        }
        self.release = only
    }
}
