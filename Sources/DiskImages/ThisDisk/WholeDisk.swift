internal import Basics
internal import CLinux
internal import Files

/// The disk that a filesystem is on, as the kernel tells of it in /sys (Documentation/ABI/stable/sysfs-block).
struct WholeDisk: Equatable {
    /// A path below /dev.
    let path: String
    /// Where the filesystem's partition begins, in bytes; 0 where the filesystem has the disk.
    let start: Int
    /// What the disk counts its blocks in.
    let sector: Int

    /// Fails on what is put together of other devices, and on a disk that cannot be read as QEMU reads it.
    init(of device: String) throws(Failure) {
        let file = try Self.target(of: device).after("/dev/") ?? device
        // A slash in a name stands there as an exclamation mark.
        try self.init(named: file.replacing("/", with: "!"), of: device)
    }

    /// `classes` is where the kernel names all block devices.
    init(named file: String, of device: String, in classes: String = "/sys/class/block") throws(Failure) {
        let folder = try Directory(opening: "\(classes)/\(file)", label: "")
        func refusal(_ reason: String) -> Failure { Failure("could not take '\(device)' for a disk: \(reason)") }
        // A partition is in the folder of its disk.
        let partition = try folder.contents(of: "start")
        let sectors = partition.flatMap { number($0) }
        if partition != nil && sectors == nil { throw refusal("the kernel does not say where it begins") }
        start = (sectors ?? 0) * 512
        var names = try Self.target(of: "/proc/self/fd/\(folder.descriptor)").split(separator: "/")
        if partition != nil { names.removeLast() }
        guard let name = names.last else { throw refusal("the kernel does not name it") }
        path = "/dev/" + name.replacing("!", with: "/")
        let disk = try Directory(opening: "/" + names.joined(separator: "/"), label: "")
        // Also of a partition: a RAID may have some.
        if let reason = try Self.composition(of: disk) { throw refusal(reason) }
        if let zoned = try disk.contents(of: "queue/zoned"), !zoned.starts(with: "none".utf8) { throw refusal("it has zones") }
        sector = try disk.contents(of: "queue/logical_block_size").flatMap { number($0) } ?? 512
        if start % Overlay.clusterSize != 0 { throw refusal("it does not begin at a multiple of 64 KiB of '\(path)'") }
    }

    /// What a device is put together by, in words; nil for one that is made of no others.
    private static func composition(of folder: Directory) throws(Failure) -> String? {
        if try folder.directory(at: "slaves")?.names().isEmpty != false { return nil }
        if try folder.directory(at: "md") != nil { return "it is a RAID" }
        // DM_UUID begins with who made it: cryptsetup, LVM, multipath-tools.
        let id = try folder.text(of: "dm/uuid")
        let makers = [
            ("CRYPT-LUKS", "it is on LUKS"), ("CRYPT-", "it is encrypted"), ("LVM-", "it is a volume of LVM"),
            ("mpath-", "it has several paths"),
        ]
        return makers.first { id.hasPrefix($0.0) }?.1 ?? "it is made of other devices"
    }

    private static func target(of path: String) throws(Failure) -> String {
        var target = [CChar](repeating: 0, count: Int(PATH_MAX))
        guard realpath(path, &target) != nil else { throw .system("look at '\(path)'") }
        return String(decoding: target.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// The device of a virtual machine that the machine's own initramfs is likely to have a driver for, and by which it is called as here.
    var emulated: String {
        let blocks = "logical_block_size=\(sector),physical_block_size=\(max(sector, 4096))"
        if path.hasPrefix("/dev/nvme") { return "\(DiskController.nvme.device),\(blocks)" }
        if path.hasPrefix("/dev/sd") && sector == 512 { return DiskController.sata.device }
        return "\(DiskController.virtio.device),\(blocks)"
    }
}

private func number(_ text: [UInt8]) -> Int? { clampedNumber(text.prefix { $0 != 0x0a }) }
