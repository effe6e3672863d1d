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

    @Test func `whether it has to be unlocked`() {
        #expect(disk("/dev/dm-0").isEncrypted && disk("/dev/dm-1").isEncrypted)
        #expect(!disk("/dev/nvme0n1p2").isEncrypted && !disk("/dev/none").isEncrypted)
    }
}
