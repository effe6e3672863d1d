import Basics
import Testing

@testable import Boot

/// What systemd is about to mount, beside what is asked of docker-btrfs.
struct MountUnitTests {
    private func check(_ device: String, _ options: String, for line: String) throws {
        let unit = "[Unit]\nBefore=initrd-root-fs.target\n\n[Mount]\nWhere=/sysroot\nWhat=\(device)\nOptions=\(options)\nType=btrfs\n"
        try MountUnit(Array(unit.utf8)).check(#require(try Request("\(line) docker_path=docker")))
    }

    @Test(arguments: [
        ("/dev/disk/by-label/linux", "subvol=name,rw", "root=LABEL=linux rootflags=subvol=/name"),
        ("/dev/disk/by-label/linux", "noatime,subvol=/a b/,rw", #"root=LABEL=linux "rootflags=subvol=a b""#),
        ("/dev/disk/by-label/linux", "subvol=a%%20%%%%b", "root=LABEL=linux rootflags=subvol=a%20%%b"),
        (#"/dev/disk/by-label/my\x20disk"#, "subvol=name", #"root="LABEL=my disk" rootflags=subvol=name"#),
        ("/dev/disk/by-uuid/6dbef6b2-b739", "subvol=name", "root=UUID=6DBEF6B2-B739 rootflags=subvol=name"),
        ("/dev/mapper/root", "subvol=name", "root=/dev/mapper/root rootflags=subvol=name"),
    ])
    func `the same root`(device: String, options: String, line: String) throws {
        try check(device, options, for: line)
    }

    @Test(arguments: [
        ("/dev/disk/by-label/linux", "rw", "LABEL=linux", ""),
        ("/dev/disk/by-label/linux", "subvol=old,rw", "LABEL=linux", "subvol=old"),
        ("/dev/disk/by-label/linux", "subvolid=300,subvol=name", "LABEL=linux", "subvolid=300,subvol=name"),
        ("/dev/disk/by-label/linux", "subvol=name,subvol=old", "LABEL=linux", "subvol=name,subvol=old"),
        ("/dev/disk/by-label/linux2", "subvol=name", "LABEL=linux", "subvol=name"),
        ("/dev/disk/by-label/my-linux", "subvol=name", "LABEL=linux", "subvol=name"),
        ("/dev/sda2", "subvol=name", "/dev/sda3", "subvol=name"),
        ("", "", "LABEL=linux", ""),
    ])
    func `another root is refused`(device: String, options: String, root: String, shown: String) throws {
        let expected = Failure(
            "could not boot '/name' of \(root): systemd would mount '\(device)' with '\(shown)'",
            hint: "say both root= and rootflags= on the kernel command line, and not in dracut's files alone")
        #expect(throws: expected) { try check(device, options, for: "root=\(root) rootflags=subvol=name") }
    }
}
