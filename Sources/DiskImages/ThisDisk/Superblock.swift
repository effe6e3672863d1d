internal import Basics
internal import CDisk

/// What is read of a btrfs superblock (`struct btrfs_super_block` of linux/btrfs_tree.h, little-endian), of a filesystem on one device.
struct Superblock: Equatable {
    /// Where copies of it are on the device, in bytes, as far as that is long enough (BTRFS_SUPER_INFO_OFFSET, btrfs_sb_offset).
    static let places = [64 << 10, 64 << 20, 256 << 30]
    /// BTRFS_SUPER_INFO_SIZE.
    static let size = 4096

    let generation: UInt64
    let root: TreePointer
    let chunkRoot: TreePointer
    let nodeSize: Int
    /// Of its device, in bytes.
    let deviceSize: Int
    /// The filesystem's UUID as it is on the disk.
    let id: [UInt8]
    let checksum: BtrfsChecksum
    /// Whether something was synced alone since the last transaction, and is not in the trees.
    let hasLog: Bool
    /// Where the chunk tree itself is.
    let systemChunks: ChunkMap

    /// Fails on one that is damaged, by the reason alone, and on a filesystem with what a capture cannot follow.
    init(_ bytes: [UInt8]) throws(Failure) {
        guard bytes.count >= Self.size, bytes[0x40..<0x48].elementsEqual("_BHRfS_M".utf8) else {
            throw Failure("there is no btrfs superblock")
        }
        func number<Number: FixedWidthInteger>(_ offset: Int, _ type: Number.Type) -> Number { bytes.number(at: offset, type) ?? 0 }
        guard let checksum = BtrfsChecksum(rawValue: number(0xc4, UInt16.self)) else {
            throw Failure("it has checksums other than crc32c and sha256")
        }
        guard checksum.fits(bytes[..<Self.size]) else { throw Failure("its superblock is damaged: the checksum is another one") }
        self.checksum = checksum
        id = Array(bytes[0x20..<0x30])
        generation = number(0x48, UInt64.self)
        try Self.checkFeatures(number(0xbc, UInt64.self))
        let devices = number(0x88, UInt64.self)
        if devices != 1 { throw Failure("it is on \(devices) devices") }
        hasLog = number(0x60, UInt64.self) != 0
        nodeSize = Int(number(0x94, UInt32.self))
        let levels = [bytes[0xc6], bytes[0xc7]]
        guard [4096, 8192, 16384, 32768, 65536].contains(nodeSize), levels.allSatisfy({ $0 < TreeBlock.maximumLevel }) else {
            throw Failure("its superblock is damaged: it has nodes of \(nodeSize) bytes")
        }
        guard let deviceSize = Int(exactly: number(0xd1, UInt64.self)) else { throw Failure("its superblock is damaged: a size") }
        self.deviceSize = deviceSize
        root = TreePointer(logical: number(0x50, UInt64.self), generation: generation, level: levels[0])
        chunkRoot = TreePointer(logical: number(0x58, UInt64.self), generation: number(0xa4, UInt64.self), level: levels[1])
        let length = Int(number(0xa0, UInt32.self))
        guard length <= 2048 else { throw Failure("its superblock is damaged: the list of its chunks") }
        systemChunks = try ChunkMap(parsing: bytes[0x32b..<(0x32b + length)], deviceSize: deviceSize)
    }

    /// BTRFS_FEATURE_INCOMPAT_: those whose disks are read as described here.
    private static func checkFeatures(_ flags: UInt64) throws(Failure) {
        let unreadable: [(flag: UInt64, name: String)] = [
            (1 << 2, "mixed groups of data and metadata"), (1 << 7, "RAID 5 or 6"), (1 << 12, "zones"), (1 << 13, "extent tree v2"),
            (1 << 14, "a RAID stripe tree"),
        ]
        for (flag, name) in unreadable where flags & flag != 0 { throw Failure("it has \(name)") }
        // Backreferences, default subvolume, compression (2), large metadata, extended references, skinny metadata, no holes, a UUID of
        // the metadata, RAID1C3, simple quotas.
        let readable: UInt64 = 0x1 | 0x2 | 0x8 | 0x10 | 0x20 | 0x40 | 0x100 | 0x200 | 0x400 | 0x800 | 0x10000
        let unknown = flags & ~readable
        if unknown != 0 { throw Failure("it has features that this program does not know: 0x\(String(unknown, radix: 16))") }
    }
}

/// How btrfs sums a block up, all but the sum's own 32 bytes (BTRFS_CSUM_TYPE_).
enum BtrfsChecksum: UInt16 {
    case crc32c = 0
    case sha256 = 2

    func fits(_ block: ArraySlice<UInt8>) -> Bool {
        guard block.count > 32 else { return false }
        let (sum, rest) = (block.prefix(32), block.dropFirst(32))
        switch self {
        case .crc32c: return sum.number(at: 0, UInt32.self) == rest.crc32c
        case .sha256: return Digest.of(Array(rest)).hex == hexadecimal(sum)
        }
    }
}

extension ArraySlice<UInt8> {
    /// CRC-32C.
    var crc32c: UInt32 { withUnsafeBytes { disk_crc32c($0.baseAddress, UInt64($0.count)) } }
}
