import Basics
import Boot
import BootEntries
import Fixtures
import Foundation
import Testing

@testable import Deployments

/// What sysfs tells of the disk that roots are on.
struct MachineDiskTests {
    private let fixture = Fixture()

    /// An NVMe behind a controller, with LUKS in its second partition, and LVM in that.
    init() throws {
        try fixture.run(
            "bash", "-euc",
            """
            mkdir '\(fixture.folder.path)'; cd '\(fixture.folder.path)'
            mkdir -p module/{nvme,vmd} devices/pci/0000:01/nvme0/nvme0n1/nvme0n1p2 devices/virtual/block/dm-{0,1}/{dm,slaves} class/block
            mkdir devices/pci/{driver,0000:01/driver}
            ln -s ../../../module/vmd devices/pci/driver/module
            ln -s ../../../../module/nvme devices/pci/0000:01/driver/module
            ln -s ../../devices/pci/0000:01/nvme0/nvme0n1/nvme0n1p2 class/block/nvme0n1p2
            for name in dm-0 dm-1; do ln -s ../../devices/virtual/block/$name class/block/$name; done
            ln -s ../../../../pci/0000:01/nvme0/nvme0n1/nvme0n1p2 devices/virtual/block/dm-0/slaves/nvme0n1p2
            ln -s ../../dm-0 devices/virtual/block/dm-1/slaves/dm-0
            echo CRYPT-LUKS2-1 > devices/virtual/block/dm-0/dm/uuid
            echo LVM-2 > devices/virtual/block/dm-1/dm/uuid
            """)
    }

    private func disk(_ name: String) -> MachineDisk { MachineDisk(device: name, system: fixture.folder.path) }

    @Test func `its drivers, and what it is plugged into, through all that is laid over it`() {
        for name in ["/dev/nvme0n1p2", "/dev/dm-0", "/dev/dm-1"] { #expect(disk(name).drivers == ["nvme", "vmd"]) }
        #expect(disk("/dev/none").drivers == [])
    }

    @Test func `what has to open it, but for what the initramfs opens`() throws {
        #expect(disk("/dev/dm-1").openers(besides: nil) == [.cryptsetup, .lvm] && disk("/dev/dm-0").openers(besides: nil) == [.cryptsetup])
        #expect(disk("/dev/dm-1").openers(besides: disk("/dev/dm-0")) == [.lvm])
        #expect(disk("/dev/dm-1").openers(besides: disk("/dev/dm-1")) == [])
        #expect(disk("/dev/nvme0n1p2").openers(besides: nil) == [])
        try fixture.makeDirectory("devices/virtual/block/dm-0/md")
        #expect(disk("/dev/dm-0").openers(besides: nil) == [.mdadm])
    }

    @Test(arguments: [
        ("/home", ["cryptsetup opens, and the image has none", "lvm opens, and the image has none"], [], ""),
        ("/home", ["lvm opens, and the image has none"], ["lib/systemd/systemd-cryptsetup"], "home /dev/sda1\n"),
        ("/home", ["is encrypted, and etc/crypttab names nothing"], ["usr/sbin/cryptsetup", "sbin/lvm"], " # none\n"),
        ("/home", [], ["usr/sbin/cryptsetup", "sbin/lvm"], "# one\n\thome /dev/sda1\n"), ("/", [], [], ""),
    ])
    func `a mount that nothing in the image opens`(target: String, reasons: [String], programs: [String], crypttab: String) throws {
        try fixture.write("/dev/mapper/data \(target) ext4 defaults 0 2\n/dev/mapper/more /more ext4 nofail 0 2\n", to: "image/etc/fstab")
        try fixture.write(crypttab, to: "image/etc/crypttab")
        for program in programs { try fixture.write("", to: "image/\(program)") }
        let image = ImageFiles(of: [try Directory(opening: fixture.folder.appending(path: "image").path, label: "")])
        let find = { (_: DeviceName) throws(Failure) -> MachineDisk? in disk("/dev/dm-1") }
        let found = try ImageFinding.endlessMounts([image].mounts(), in: [image], on: disk("/dev/nvme0n1p2"), with: .none, find: find)
        #expect(found.map(\.text) == reasons.map { "/home is on /dev/mapper/data, which \($0): the boot stops there" })
        #expect(try ImageFinding.endlessMounts([image].mounts(), in: [image], on: disk("/dev/dm-1"), with: .none, find: find) == [])
        let opened = try ImageFinding.endlessMounts(
            [image].mounts(), in: [image], on: nil, with: KernelOptions("luks.name=1=home"), find: find)
        #expect(!opened.contains { $0.text.contains("crypttab") })
    }

    @Test func `whether it has to be unlocked`() {
        #expect(disk("/dev/dm-0").isEncrypted && disk("/dev/dm-1").isEncrypted)
        #expect(!disk("/dev/nvme0n1p2").isEncrypted && !disk("/dev/none").isEncrypted)
    }
}
