import Basics
import Testing

@testable import Linux

/// Which devices a name is that of.
struct DeviceAnswersTests {
    private func device(
        _ path: String = "/dev/sda2", number: String = "8:2", type: String? = "btrfs", label: String? = "linux",
        uuid: String? = "6dbef6b2-b739",
        member: String? = "11aa-22bb"
    ) -> BlockDevice {
        BlockDevice(
            path: path, number: number, filesystemType: type, label: label, filesystemUUID: uuid, memberUUID: member,
            partitionLabel: "root", partitionUUID: "0fc63daf-01"
        )
    }

    @Test(
        arguments: [
            .label("linux"), .uuid("6dbef6b2-b739"), .uuid("6DBEF6B2-B739"), .uuid("6dBEf6b2-b739"), .partitionLabel("root"),
            .partitionUUID("0FC63DAF-01"), .path("/dev/sda2"),
        ] as [DeviceName])
    func `case counts in a label and not in a UUID`(name: DeviceName) {
        #expect(device().answers(to: name))
    }

    @Test(
        arguments: [
            .label("Linux"), .label("root"), .uuid("11aa-22bb"), .uuid("6dbef6b2"), .partitionLabel("linux"),
            .partitionUUID("6dbef6b2-b739"),
            .path("/dev/sda3"),
        ] as [DeviceName])
    func `another name is not this one's`(name: DeviceName) {
        #expect(!device().answers(to: name))
    }

    @Test(
        arguments: [
            (.uuid("11AA-22BB"), "UUID=6dbef6b2-b739"), (.uuid("0fc63daf-01"), "PARTUUID=0fc63daf-01"),
            (.partitionUUID("11aa-22bb"), "UUID=6dbef6b2-b739"),
            (.partitionLabel("linux"), "LABEL=linux"), (.label("root"), "PARTLABEL=root"), (.label("6dbef6b2-b739"), "UUID=6dbef6b2-b739"),
            (.uuid("none"), nil), (.label("Linux"), nil), (.path("/dev/linux"), nil),
        ] as [(DeviceName, String?)])
    func `a value that belongs to another kind of name is known again`(name: DeviceName, other: String?) {
        #expect(device().otherName(for: name) == other)
    }

    @Test func `devices of one filesystem are no rivals, copies are`() {
        #expect(device().isMember(with: device("/dev/sdb2", member: "33cc-44dd")))
        #expect(!device().isMember(with: device("/dev/sdb2")), "dd copied the member's UUID too")
        #expect(!device().isMember(with: device("/dev/sdb2", uuid: "another", member: "33cc-44dd")), "the label alone is the same")
        #expect(!device(type: "ext4", member: nil).isMember(with: device("/dev/sdb2", type: "ext4", member: nil)))
        #expect(!device(uuid: nil, member: nil).isMember(with: device("/dev/sdb2", uuid: nil)))
    }

    @Test(arguments: [
        ("crypto_LUKS", "is not unlocked", "/dev/mapper/NAME"), ("LVM2_member", "is a part of a volume group", "/dev/mapper/GROUP-VOLUME"),
        ("linux_raid_member", "is a part of an array", "/dev/md/NAME"),
    ])
    func `what has a filesystem inside is none itself`(type: String, what: String, become: String) {
        let expected = Failure(
            "could not use '/dev/sda2' (toplayer=): it has \(type) on it, and \(what)",
            hint: "give the device that it becomes, such as \(become)")
        #expect(throws: expected) { try device(type: type).checkIsOpen(key: "toplayer") }
    }

    @Test(arguments: ["btrfs", "ext4", "swap", nil])
    func `a filesystem is open`(type: String?) throws {
        try device(type: type).checkIsOpen(key: "root")
    }

    @Test func `options of programs and of places are not the filesystem's`() {
        let options =
            "ssd,X-mount.mkdir,x-systemd.automount,comment=mine,noatime,_netdev,compress=zstd,nofail,silent,Xfoo,commentary=1"
            + ",iversion,seclabel,context=\"a:b\",user=me"
        let request = MountRequest(
            device: "/dev/sda2", filesystemType: "btrfs", options: options.split(separator: ",").map { String($0) })
        #expect(request.options == ["ssd", "compress=zstd", "Xfoo", "commentary=1"])
    }
}
