public import Basics

/// A file of a cpio archive.
public struct CPIOEntry: Equatable, Sendable {
    /// Type and permission bits, as `st_mode` has them.
    public var mode: UInt32
    public var path: Path
    /// What a file holds, or where a symlink leads.
    public var content: ArraySlice<UInt8>
    /// Of a device.
    public var device: DeviceNumber
    /// With `links` above 1: the entries of one number are one file.
    public var inode: Int
    public var links: Int

    public struct DeviceNumber: Equatable, Sendable {
        public var major: Int
        public var minor: Int
        public static let none = DeviceNumber(major: 0, minor: 0)
    }

    init(
        _ path: Path, mode: UInt32, content: ArraySlice<UInt8> = [], device: DeviceNumber = .none, inode: Int = 0, links: Int = 1
    ) {
        self.path = path
        self.mode = mode
        self.content = content
        self.device = device
        self.inode = inode
        self.links = links
    }

    public enum Kind: UInt32, Sendable {
        case fifo = 0o010000
        case characterDevice = 0o020000
        case directory = 0o040000
        case blockDevice = 0o060000
        case file = 0o100000
        case symlink = 0o120000
        case socket = 0o140000
    }

    /// nil for bits that no kind has.
    public var kind: Kind? { Kind(rawValue: mode & 0o170000) }

    public var permissions: UInt32 { mode & 0o7777 }
}

extension CPIOEntry {
    static func file(_ path: Path, mode: UInt32 = 0o644, _ content: [UInt8]) -> CPIOEntry {
        CPIOEntry(path, mode: Kind.file.rawValue | mode, content: content[...])
    }

    static func directory(_ path: Path, mode: UInt32 = 0o755) -> CPIOEntry {
        CPIOEntry(path, mode: Kind.directory.rawValue | mode)
    }

    static func symlink(_ path: Path, to target: String) -> CPIOEntry {
        CPIOEntry(path, mode: Kind.symlink.rawValue | 0o777, content: Array(target.utf8)[...])
    }
}

/// The `newc` format: a header of hexadecimal fields, the name, the content, the latter two padded to four bytes.
enum CPIOFormat {
    static let magic = Array("070701".utf8)
    /// The same with a check sum, which the kernel ignores.
    static let magicWithSum = Array("070702".utf8)
    static let headerSize = 110
    static let trailer = Array("TRAILER!!!".utf8)

    static func padded(_ size: Int) -> Int { (size + 3) & ~3 }
}
