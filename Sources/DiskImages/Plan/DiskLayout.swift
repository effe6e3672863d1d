internal import Basics
internal import CLinux

/// Where things are on a disk, in bytes, and what they are called. Everything begins at a multiple of 1 MiB.
struct DiskLayout {
    static let megabyte = 1 << 20

    /// What the disk addresses by.
    let sector: Int
    /// For the core of GRUB that a BIOS loads.
    let loader = 1 * megabyte..<2 * megabyte
    let system: Range<Int>
    let root: Range<Int>
    let size: Int
    /// Of less than 256 MiB: the kernel is where the image has it, the btrfs keeps data and metadata together, and only what a boot needs
    /// of docker-btrfs is there.
    let isSmall: Bool
    /// Of the btrfs, and of the partitions that a firmware may be told of.
    let rootUUID: String
    let partitionUUIDs: [String]
    private let diskUUID: String
    /// Of the FAT, as blkid(8) writes it.
    let systemUUID: String

    /// Fails where the disk would be too small for `content` and a successor of it, and for what is `added` to both; or for a filesystem
    /// that is never smaller than `least`.
    init(size: Int, sector: Int, content: Int, added: Int = 0, least: Int = 0, mayBeSmall: Bool = true) throws(Failure) {
        let megabyte = Self.megabyte
        self.sector = sector
        self.size = size / megabyte * megabyte
        let hasSmall = mayBeSmall && sector == 512
        isSmall = hasSmall && self.size < 256 * megabyte
        // Three kernels with the initramfs of a framework, or GRUB alone. Nothing of it is in the file before it is used. With sectors of
        // 4096 bytes no FAT32 is smaller: it has 65525 clusters and more.
        func system(of isSmall: Bool) -> Range<Int> { 2 * megabyte..<(isSmall ? 10 : sector == 512 ? 258 : 266) * megabyte }
        // The last megabyte has the table's second copy.
        func needed(isSmall: Bool) -> Int {
            let root = max(least, megabyte + content + content / 2 + added + (isSmall ? 16 : 256) * megabyte)
            return (system(of: isSmall).upperBound + root + 2 * megabyte - 1) / megabyte
        }
        self.system = system(of: isSmall)
        let end = self.size - megabyte
        if self.size / megabyte < needed(isSmall: isSmall) {
            // One that is not small any more needs more.
            let small = hasSmall ? needed(isSmall: true) : Int.max
            let least = max(256, needed(isSmall: false))
            let what = added == 0 ? "the image needs" : "the image, with what --top-layer and --kernel-image add to it, needs"
            throw Failure(
                "could not make a disk of \(size / megabyte) MiB: \(what) \(isSmall && small < 256 ? small : least) MiB",
                hint: small < 256 ? "--size \(small)M to 255M, or \(least)M and more" : "--size \(least)M, or more")
        }
        root = self.system.upperBound..<end
        func uuid() throws(Failure) -> String {
            guard let uuid = firstLine(of: "/proc/sys/kernel/random/uuid") else { throw .system("make a UUID") }
            return uuid
        }
        (rootUUID, diskUUID, partitionUUIDs) = (try uuid(), try uuid(), [try uuid(), try uuid(), try uuid()])
        let digits = try uuid().prefix(8).uppercased()
        systemUUID = "\(digits.prefix(4))-\(digits.suffix(4))"
    }

    /// Room for the image and two successors, which have what is added to it in common.
    static func usualSize(of content: Int, added: Int = 0) -> Int { max(8 << 30, ((content * 4 + added) >> 30 + 1) << 30) }

    func table() throws(Failure) -> PartitionTable {
        let types = [
            "21686148-6449-6E6F-744E-656564454649", "C12A7328-F81F-11D2-BA4B-00A0C93EC93B", "0FC63DAF-8483-4772-8E79-3D69D8477DE4",
        ]
        let partitions = zip(zip(types, partitionUUIDs), [loader, system, root]).map { ($0.0, $0.1, $1) }
        return try PartitionTable(size: size, sector: sector, id: diskUUID, partitions)
    }

    var systemStart: Int { system.lowerBound / sector }
    /// A BIOS knows no other sectors.
    var loaderStart: Int { loader.lowerBound / 512 }
}
