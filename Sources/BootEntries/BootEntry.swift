public import Basics

/// What a boot menu offers: a kernel, what is loaded with it, and what it is told.
public struct BootEntry: Equatable, Sendable {
    /// Which entry it is, in files and in their names: `[a-z0-9-]+`, and never the beginning of another one's.
    public let id: String
    /// What the person in front of the menu reads.
    public let title: String
    /// From where the loader begins to look: see `BootMenu`.
    public let kernel: Path
    /// In the order in which they are loaded: processor microcode comes first.
    public let initrds: [Path]
    public let options: KernelOptions
    /// Whether the kernel is in a unified kernel image, with its initramfs.
    public let isUnified: Bool
    /// The menu has the highest first, and no two above 0 are alike; 0 comes after them.
    public let number: Int

    public init(
        id: String, title: String, kernel: Path, initrds: [Path], options: KernelOptions, isUnified: Bool = false, number: Int = 0
    ) {
        self.id = id
        self.title = title
        self.kernel = kernel
        self.initrds = initrds
        self.options = options
        self.isUnified = isUnified
        self.number = number
    }
}

/// All entries of docker-btrfs. The first one is what the machine boots when nobody chooses.
public struct BootMenu: Equatable, Sendable {
    /// Where kernels and initramfs images are.
    public let volume: BootVolume
    public let entries: [BootEntry]
    /// Whether anybody starts an entry where the loader asks for a password for all else.
    public let isUnrestricted: Bool

    public init(volume: BootVolume, entries: [BootEntry], isUnrestricted: Bool = false) {
        self.volume = volume
        self.entries = entries
        self.isUnrestricted = isUnrestricted
    }
}

/// A filesystem by the names that boot loaders know it by.
public struct BootVolume: Equatable, Sendable {
    /// The filesystem's own, as blkid(8) prints it.
    public let uuid: String
    public let label: String?
    /// The partition's, as blkid(8) prints it: a GUID where the table is a GPT. nil where the filesystem is on no partition.
    public let partition: String?

    public init(uuid: String, label: String?, partition: String?) {
        self.uuid = uuid
        self.label = label
        self.partition = partition
    }
}

/// A file of a boot loader that is all ours. It is replaced as a whole.
public struct MenuFile: Equatable, Sendable {
    /// From the loader's folder.
    public let path: Path
    public let text: String

    public init(path: Path, text: String) {
        self.path = path
        self.text = text
    }
}

/// The first line of each such file. One without it is somebody else's.
let ownership = "# Written by docker-btrfs, which replaces this file as a whole."

extension MenuFile {
    /// Whether the content of a file of this name is one that docker-btrfs wrote.
    public static func isOurs(_ content: [UInt8]) -> Bool { content.starts(with: ownership.utf8) }
}
