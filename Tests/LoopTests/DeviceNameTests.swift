import Foundation
import TestSupport
import Testing

extension OnDisk {
    /// Names of devices: in another spelling, of another kind, of two devices at once.
    struct DeviceNameTests {
        @Test func `a UUID in capitals is the same`() async throws {
            try await Disk.withStore { disk, _ in
                var line = disk.line
                line.root = "UUID=\(try await disk.uuid().uppercased())"
                line.topLayer = line.root
                try await disk.bootWell(line)
            }
        }

        @Test(arguments: ["by-uuid", "by-label"])
        func `a name by which udev would have a link needs no udev`(folder: String) async throws {
            try await Disk.withStore { disk, _ in
                let label = "on \(disk.device.dropFirst("/dev/".count))"
                try await disk.change("btrfs filesystem label . '\(label)'")
                var line = disk.line
                line.root = "/dev/disk/\(folder)/" + (folder == "by-uuid" ? try await disk.uuid() : label.replacing(" ", with: "\\x20"))
                try await disk.bootWell(line)
            }
        }

        @Test func `the UUID of one member is told from the filesystem's`() async throws {
            // Copies of the store's disk all have one UUID of a member.
            try await Disk.with(["mkfs.btrfs", "--quiet"], size: "128M") { disk in
                let line = KernelLine(root: "UUID=\(try await disk.tag("UUID_SUB"))", more: "rootdelay=0")
                try await expectRefusal(
                    on: disk, line,
                    """
                    could not find the device '\(line.root)' (root=): it was not there after 0 s
                    hint: '\(disk.device)' has it as root=UUID=\(try await disk.uuid())
                    """)
            }
        }

        @Test func `two filesystems with one label are told, with both paths`() async throws {
            try await Disk.withStore { disk, _ in
                let label = "twins-\(disk.device.dropFirst("/dev/".count))"
                try await disk.change("btrfs filesystem label . \(label)")
                try await Disk.with(["mkfs.ext4", "-q", "-L", label], size: "16M") { other in
                    var line = disk.line
                    line.topLayer = disk.device
                    line.root = "LABEL=\(label)"
                    let outcome = try await disk.boot(line)
                    // Which of the two it is depends on their numbers.
                    let isRight = outcome.told.contains(
                        "LABEL=\(label) (root=) is '\(disk.device)' in this boot, and '\(other.device)' has the same name")
                    let isWrong = outcome.told.contains("could not use '\(other.device)' (root=): it has ext4 on it")
                    #expect(isRight || isWrong, "\(outcome.told)")
                    line.root = disk.device
                    #expect(try await !disk.boot(line).told.contains("has the same name"), "a path is no name that two could have")
                }
            }
        }

        @Test func `a copy of the disk is told, and a second device of the filesystem is not`() async throws {
            try await Disk.withStore { disk, _ in
                let uuid = try await disk.uuid()
                try await Disk.with(["true"], size: "256M") { second in
                    try await disk.change("btrfs device add -f \(second.device) .")
                    var line = disk.line
                    line.root = "UUID=\(uuid)"
                    let outcome = try await disk.boot(line)
                    #expect(outcome.status == 0 && !outcome.told.contains("has the same name"), "\(outcome.told)")
                    try await disk.change("btrfs device remove \(second.device) .")
                }
                try await Disk.with(["cp", "--sparse=always", disk.file], size: "1M") { copy in
                    var line = disk.line
                    line.root = "UUID=\(uuid)"
                    let told = try await disk.boot(line).told
                    #expect(told.contains("UUID=\(uuid) (root=) is '/dev/") && told.contains("has the same name"), "\(told)")
                    #expect(told.contains("'\(disk.device)'") && told.contains("'\(copy.device)'"))
                }
            }
        }

        @Test func `a device that is locked is told as such, for the root and for the top layer`() async throws {
            let header = #"truncate -s 4M "$0"; printf 'LUKS\xba\xbe\0\1' | dd of="$0" conv=notrunc status=none"#
            try await Disk.withStore { disk, _ in
                try await Disk.with(["bash", "-c", header], size: "4M") { locked in
                    let hint = "hint: give the device that it becomes, such as /dev/mapper/NAME"
                    var line = disk.line
                    line.topLayer = locked.device
                    try await expectRefusal(
                        on: disk, line,
                        "could not use '\(locked.device)' (toplayer=): it has crypto_LUKS on it, and is not unlocked\n\(hint)")
                    line.root = locked.device
                    try await expectRefusal(
                        on: disk, line, "could not use '\(locked.device)' (root=): it has crypto_LUKS on it, and is not unlocked\n\(hint)")
                }
            }
        }

        @Test func `a filesystem that grew out of a seed device is mounted once the wait is over`() async throws {
            try await Disk.withStore { disk, _ in
                try await Disk.with(["true"], size: "512M") { sprout in
                    try await output(of: ["btrfstune", "-S", "1", disk.device])
                    try await disk.change("btrfs device add -f \(sprout.device) .", options: "ro")
                    for device in [disk.device, sprout.device] {
                        try await output(of: ["btrfs", "device", "scan", "--forget", device])
                    }
                    for device in [disk.device, sprout.device] { try await output(of: ["btrfs", "device", "scan", device]) }
                    var line = disk.line("rootdelay=1")
                    line.root = "UUID=\(try await sprout.uuid())"
                    line.topLayer = line.root
                    try await sprout.bootWell(line)
                }
            }
        }
    }
}
