public import BootEntries

/// What setup may be told instead of finding it out.
public struct SetupChoices: Sendable {
    /// The system that the machine's own files come from.
    public var system = "/"
    /// Where the top level of the btrfs is mounted; nil: looked for.
    public var topLevel: String?
    /// Where the boot loader's partition is mounted, or the loader's own folder; nil: as an earlier setup chose, else looked for.
    public var boot: String?
    /// Where the images' store is; nil: looked for, else as an earlier setup chose.
    public var dataRoot: String?
    /// Of containerd, where that is not Docker's; nil: as an earlier setup chose; empty: Docker's.
    public var namespace: String?
    /// nil: as an earlier setup chose, else the only one that is found.
    public var loader: BootLoader?
    /// Where kernels lie; nil: as an earlier setup with the same loader chose, else on the btrfs where the loader reads it.
    public var kernels: Settings.Kernels?
    /// What `subvol=` calls the root; nil: as an earlier setup chose, else `docker_rwlayer`.
    public var root: String?
    /// The top layer, from the top level; nil: as an earlier setup chose, else `boot_docker`.
    public var topLayer: String?
    /// Of the kernel command line; nil: as an earlier setup chose, else those of the running system, and none for another one.
    public var options: String?
    /// How the root is mounted; nil: as an earlier setup chose, else as the system's fstab says.
    public var rootFlags: String?
    /// Directories that are the same in each root.
    public var data: [String] = []
    /// Whether roots to come look for a new image by themselves.
    public var update = false
    /// docker-btrfs-init.
    public var program = ""
    /// docker-btrfs; nil for a machine without it.
    public var companion: String?

    public init() {}
}
