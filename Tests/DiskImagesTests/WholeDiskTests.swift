import Basics
import Foundation
import Testing

@testable import DiskImages

/// What the kernel tells of a disk, as it lies in /sys: this machine has neither LUKS nor LVM.
struct WholeDiskTests {
    /// Runs `body` with a folder like /sys/class/block, of a device whose own folder has these files.
    private func with(
        _ device: String, partition: String? = nil, _ files: [String: String], _ body: (String) throws -> Void
    ) throws {
        let top = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: top) }
        let disk = top.appending(path: "devices/\(device)")
        for (file, text) in files {
            let place = disk.appending(path: file)
            try FileManager.default.createDirectory(at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(text.utf8).write(to: place)
        }
        let classes = top.appending(path: "class/block")
        try FileManager.default.createDirectory(at: classes, withIntermediateDirectories: true)
        let target = partition.map { disk.appending(path: $0) } ?? disk
        try FileManager.default.createSymbolicLink(at: classes.appending(path: partition ?? device), withDestinationURL: target)
        try body(classes.path)
    }

    @Test func `a partition is on its disk, from where it begins`() throws {
        let files = ["queue/zoned": "none\n", "queue/logical_block_size": "4096\n", "nvme0n1p2/start": "2048\n"]
        try with("nvme0n1", partition: "nvme0n1p2", files) { classes in
            let disk = try WholeDisk(named: "nvme0n1p2", of: "/dev/nvme0n1p2", in: classes)
            #expect(disk.path == "/dev/nvme0n1")
            #expect(disk.start == 1 << 20 && disk.sector == 4096)
        }
        try with("cciss!c0d0", ["queue/zoned": "none\n"]) { classes in
            let disk = try WholeDisk(named: "cciss!c0d0", of: "/dev/cciss/c0d0", in: classes)
            #expect(disk.path == "/dev/cciss/c0d0")
            #expect(disk.start == 0 && disk.sector == 512)
        }
    }

    @Test(arguments: [
        (["slaves/vda3/dev": "254:3\n", "dm/uuid": "CRYPT-LUKS2-0123-root\n"], "it is on LUKS"),
        (["slaves/vda3/dev": "254:3\n", "dm/uuid": "CRYPT-PLAIN-root\n"], "it is encrypted"),
        (["slaves/vda3/dev": "254:3\n", "dm/uuid": "LVM-abcdef\n"], "it is a volume of LVM"),
        (["slaves/sda/dev": "8:0\n", "slaves/sdb/dev": "8:16\n", "dm/uuid": "mpath-3600\n"], "it has several paths"),
        (["slaves/sda/dev": "8:0\n", "slaves/sdb/dev": "8:16\n", "md/level": "raid1\n"], "it is a RAID"),
        (["slaves/sda/dev": "8:0\n", "bcache/label": "\n"], "it is made of other devices"),
        (["queue/zoned": "host-managed\n"], "it has zones"),
    ])
    func `a disk that is none is refused by its name, as a whole and by its partition`(files: [String: String], reason: String) throws {
        let expected = Failure("could not take '/dev/root' for a disk: \(reason)")
        try with("dm-0", files) { classes in
            #expect(throws: expected) { try WholeDisk(named: "dm-0", of: "/dev/root", in: classes) }
        }
        try with("dm-0", partition: "dm-0p1", files.merging(["dm-0p1/start": "2048\n"]) { $1 }) { classes in
            #expect(throws: expected) { try WholeDisk(named: "dm-0p1", of: "/dev/root", in: classes) }
        }
    }

    @Test func `a partition in the middle of 64 KiB is refused`() throws {
        try with("vda", partition: "vda1", ["vda1/start": "63\n"]) { classes in
            let expected = Failure("could not take '/dev/vda1' for a disk: it does not begin at a multiple of 64 KiB of '/dev/vda'")
            #expect(throws: expected) { try WholeDisk(named: "vda1", of: "/dev/vda1", in: classes) }
        }
    }
}
