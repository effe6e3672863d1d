import Basics
import Testing

@testable import Deployments

struct FilesystemTableTests {
    /// What an image, or a boot, has of its own is the same in no two roots.
    @Test(
        arguments: [
            ("home", true), ("srv", true), ("var/lib/mysql", true), ("usr/local/games", true), ("usr/src", true), ("usr/src/linux", true),
            ("opt/own", true), ("etc/letsencrypt", true), ("var/log", true), ("data/usr", true), ("library", true), ("runs", true),
            ("etc", false), ("bin", false), ("lib64", false), ("lib/modules", false), ("sbin/x", false), ("usr", false), ("usr/bin", false),
            ("usr/local", false), ("opt", false), ("var", false), ("var/lib", false), ("var/lib/dpkg/info", false), ("var/run/x", false),
            ("boot", false), ("boot/efi", false), ("dev", false), ("run/user", false), ("tmp", false),
        ] as [(Path, Bool)])
    func `data is what no image and no boot has of its own`(path: Path, isData: Bool) {
        #expect(((try? DataDirectory.check(new: path)) != nil) == isData)
    }

    @Test func `an image's fstab mounts on a disk what needs no device that is not there`() throws {
        let image = """
            # The image's.

            LABEL=cloud-root / ext4 defaults 0 1
            UUID=1234-ABCD /boot/efi/ vfat defaults 0 1
            /dev/sda1 /boot ext4 defaults 0 2
            # A log is not kept.
            tmpfs /var/log tmpfs size=16M,mode=755 0 0
            server:/home /home nfs4 _netdev 0 0
            LABEL="data" /srv/the\\040data ext4 defaults 0 2
            LABEL="more" /more ext4 defaults,nofail 0 2
            /dev/cdrom /media/cdrom iso9660 noauto,ro 0 0
            /dev/sda2 none swap sw 0 0
            /swapfile none swap sw 0 0
            /srv/files /files none bind 0 0
            nothing

            """
        let kept = try FilesystemTable.kept(of: Array(image.utf8), besides: ["/", "/boot", "/boot/efi"])
        #expect(
            kept.text == """
                # The image's.

                # A log is not kept.
                tmpfs /var/log tmpfs size=16M,mode=755 0 0
                server:/home /home nfs4 _netdev 0 0
                LABEL="more" /more ext4 defaults,nofail 0 2
                /dev/cdrom /media/cdrom iso9660 noauto,ro 0 0
                /swapfile none swap sw 0 0
                /srv/files /files none bind 0 0

                """)
        let end = "; with 'nofail' the line stays"
        #expect(
            kept.notes == [
                "'/srv/the data' of the image's etc/fstab is left out: the disk has no LABEL=data\(end)",
                "the swap of the image's etc/fstab is left out: the disk has no /dev/sda2\(end)",
            ])
        for text in ["", "# UNCONFIGURED FSTAB FOR BASE SYSTEM\n", "LABEL=root / ext4 defaults 0 1\n"] {
            let kept = try FilesystemTable.kept(of: Array(text.utf8), besides: ["/"])
            #expect(kept.text.isEmpty && kept.notes.isEmpty)
        }
    }
    @Test func `a person's fstab stays, and a disk's own lines are those that it does not have`() throws {
        let own = ["UUID=1 / ext4 defaults 0 1", "UUID=1-2 /boot/efi vfat umask=0077,nofail 0 0"]
        let person = """
            LABEL=root / ext4 noatime 0 1
            LABEL=data /srv ext4 defaults 0 2
            LABEL=more /more ext4 nofail 0 2

            """
        let added = try FilesystemTable.added(own, to: Array(person.utf8))
        #expect(added.lines == [own[1]])
        let (line, reason) = ("'/srv' of the top layer's etc/fstab is on LABEL=data", "which this disk does not have")
        #expect(added.notes == ["\(line), \(reason): a boot waits for it unless 'nofail' is said"])
        #expect(try FilesystemTable.added(own, to: Array("tmpfs /boot/efi/ tmpfs defaults 0 0\n".utf8)).lines == [own[0]])
        #expect(try FilesystemTable.added(own, to: []).lines == own)
    }
}
