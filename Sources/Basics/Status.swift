internal import CLinux

/// What stat(2) says of a file.
public struct Status: Equatable, Sendable {
    public enum Kind: Int, Sendable { case file, directory, symlink, other }

    public let kind: Kind
    /// Whether it is a character device of the numbers 0 and 0: in a layer of overlayfs, that nothing is there.
    public let isWhiteout: Bool
    /// Permission bits with setuid, setgid and sticky.
    public let permissions: UInt32
    /// With `inode`, what identifies a file. On btrfs each subvolume has a device number of its own.
    public let device: UInt64
    public let inode: UInt64
    public let owner: UInt32
    public let group: UInt32
    /// In bytes.
    public let size: Int
    /// The bytes that its content takes on the disk: nothing where it has holes.
    public let allocated: Int
    /// How many names it has.
    public let links: Int
    /// Nanoseconds since 1970 of the last change of the content, and of content or attributes; a time before 1677 or after 2262 is
    /// the first or the last that there is a number for.
    public let modified: Int
    public let changed: Int

    init(_ found: stat) {
        kind =
            switch Int32(found.st_mode) & S_IFMT {
            case S_IFREG: .file
            case S_IFDIR: .directory
            case S_IFLNK: .symlink
            default: .other
            }
        isWhiteout = Int32(found.st_mode) & S_IFMT == S_IFCHR && found.st_rdev == 0
        permissions = found.st_mode & 0o7777
        device = UInt64(found.st_dev)
        inode = UInt64(found.st_ino)
        owner = found.st_uid
        group = found.st_gid
        size = Int(found.st_size)
        allocated = Self.allocated(found)
        links = Int(clamping: found.st_nlink)
        modified = Int(nanosecondsOf: found.st_mtim)
        changed = Int(nanosecondsOf: found.st_ctim)
    }

    /// A filesystem may take more than the content has, for what it wants to write later.
    private static func allocated(_ found: stat) -> Int {
        let blocks = Int(found.st_blocks).clampedProduct(with: 512)
        return max(0, min(blocks, Int(found.st_size).clampedSum(with: 4095) / 4096 * 4096))
    }

    public var isExecutableFile: Bool { kind == .file && permissions & 0o111 != 0 }

    public func isSameFile(as other: Status) -> Bool {
        device == other.device && inode == other.inode
    }
}
