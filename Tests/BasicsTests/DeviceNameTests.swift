import Basics
import Testing

struct DeviceNameTests {
    @Test(arguments: [
        ("/dev/disk/by-uuid/0B-1", "UUID=0B-1"), ("/dev/disk/by-label/my\\x20disk\\x2f1", "LABEL=my disk/1"),
        ("/dev/disk/by-label/a\\x2", "LABEL=a\\x2"), ("/dev/disk/by-label/\\xzz\\", "LABEL=\\xzz\\"),
        ("/dev/disk/by-partuuid/1-02", "PARTUUID=1-02"), ("/dev/disk/by-partlabel/root", "PARTLABEL=root"),
        ("/dev/disk/by-uuid/", nil), ("/dev/disk/by-id/nvme-1", nil), ("/dev/sda2", nil), ("UUID=/dev/disk/by-uuid/1", nil),
    ])
    func `a link of udev's stands for a tag`(name: String, tag: String?) throws {
        #expect(try #require(DeviceName(name)).behindLink?.specification == tag)
    }
}
