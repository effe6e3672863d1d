import Basics
import Testing

@testable import Boot

/// What the kernel command line says of kept roots, failures and the kernel's place.
struct PolicyTests {
    @Test(
        arguments: [
            ("", .fresh), ("docker_mode=fresh", .fresh), ("docker_mode=persist", .persist), ("docker_mode=", .fresh),
            ("docker_mode", .fresh),
            ("docker_mode=persist docker_mode=fresh", .fresh),
        ] as [(String, Request.Mode)])
    func `what becomes of the root at the next boot`(text: String, mode: Request.Mode) throws {
        #expect(try request(adding: text).mode == mode)
    }

    @Test(
        arguments: [
            ("", .previous), ("docker_onfail=previous", .previous), ("docker_onfail=stop", .stop), ("docker_onfail=reboot", .reboot),
            ("docker_onfail=poweroff", .powerOff), ("docker_onfail=", .previous),
        ] as [(String, Request.OnFailure)])
    func `what to do where no new root can be made`(text: String, onFailure: Request.OnFailure) throws {
        #expect(try request(adding: text).onFailure == onFailure)
    }

    @Test(arguments: [("", 1), ("docker_keep=0", 0), ("docker_keep=5", 5), ("docker_keep=", 1), ("docker_keep=2147483647", 1 << 31 - 1)])
    func `how many roots to keep`(text: String, keep: Int) throws {
        #expect(try request(adding: text).keep == keep)
    }

    @Test(arguments: [
        ("", 3), ("docker_tries=1", 1), ("docker_tries=0", 1), ("docker_tries=", 3), ("docker_tries=2147483647", 1 << 31 - 1),
        ("docker_mode=persist", 3), ("docker_mode=persist docker_tries=1", 2), ("docker_mode=persist docker_tries=0", 2),
    ])
    func `how often to try an image, once at least`(text: String, tries: Int) throws {
        #expect(try request(adding: text).tries == tries)
    }

    @Test(arguments: [("", false), ("docker_image=", false), ("docker_image=a", true), ("-- docker_image=a", false)])
    func `an image that the command line names was chosen`(text: String, isChosen: Bool) throws {
        #expect(try request(adding: text).isImageChosen == isChosen)
    }

    @Test(arguments: [("", false), ("noresume", true), ("noresume=1", true), ("resume=/dev/sda3", false), ("-- noresume", false)])
    func `a hibernated system is given up only where that is said`(text: String, gives: Bool) throws {
        #expect(try request(adding: text).root.ignoresHibernation == gives)
    }

    @Test(
        arguments: [
            ("", []), ("BOOT_IMAGE=/vmlinuz-6.1", [.top]), ("BOOT_IMAGE=/boot_docker/boot/vmlinuz", ["boot_docker/boot"]),
            ("BOOT_IMAGE=(hd0,gpt2)/boot/vmlinuz-6.1", ["boot"]), ("BOOT_IMAGE=(hd0", [.top]),
            (#"initrd=\boot_docker\initrd.img"#, ["boot_docker"]), (#"initrd=\ucode.img initrd=\a\b\initrd.img"#, [.top, "a/b"]),
            (#"BOOT_IMAGE=/a/vmlinuz initrd=/b/initrd"#, ["a", "b"]), ("BOOT_IMAGE=/../../vmlinuz", []), ("BOOT_IMAGE", []),
        ] as [(String, [Path])])
    func `the boot loader says where the kernel was, or the initramfs`(text: String, folders: [Path]) throws {
        #expect(try request(adding: text).bootFolders == folders + ["boot_docker/boot"])
    }

    @Test(
        arguments: [
            ("toplayer=LABEL=linux toplayer_path=files", ["files/boot"]), ("toplayer=LABEL=other toplayer_path=files", []),
            ("toplayer=LABEL=linux", ["boot"]), ("", []),
        ] as [(String, [Path])])
    func `the top layer's boot folder may be where the kernel was, if it is on the root's filesystem`(text: String, folders: [Path]) throws
    {
        let request = try #require(try Request("root=LABEL=linux rootflags=subvol=x docker_path=d \(text)"))
        #expect(request.bootFolders == folders)
    }

    @Test(arguments: [".docker-btrfs/roots/docker_rwlayer/7", "/.docker-btrfs/roots/layers%2Fone/10/", ".docker-btrfs/roots/7/7"])
    func `a kept root may be asked for`(name: String) throws {
        let request = try #require(try Request("root=LABEL=x docker_path=d rootflags=subvol=\(name)"))
        #expect(request.name == Path(name))
        #expect(Layout.isKept(request.name))
    }

    @Test(arguments: ["docker-btrfs/roots/name/7", "a/.docker-btrfs/roots/name/7", "name", "7", "roots/name/7"])
    func `other names are no kept roots`(name: String) throws {
        let request = try #require(try Request("root=LABEL=x docker_path=d rootflags=subvol=\(name)"))
        #expect(!Layout.isKept(request.name))
    }
}

struct LayoutTests {
    @Test func `two names never share a place, and each is found again`() {
        let names: [Path] = ["a/b", "a%2Fb", "a", "a/new", "a%b", "a%25b", "A", "ä b", "a%252Fb"]
        #expect(Set(names.map { Layout.roots(of: $0) }).count == names.count)
        for name in names { #expect(Layout.name(ofRootsIn: Layout.roots(of: name).name) == name) }
        #expect(Layout.new("a/b%") == ".docker-btrfs/roots/a%2Fb%25/new")
        #expect(Layout.kept("a/b%", 12) == ".docker-btrfs/roots/a%2Fb%25/12")
    }

    @Test(arguments: ["%", "a%2", "%2f", "%41", "a%"])
    func `a directory that is not of ours has no name`(directory: String) {
        #expect(Layout.name(ofRootsIn: Array(directory.utf8)) == nil)
    }

    @Test func `a hold is called by the digits of its chain id`() throws {
        let digits = String(repeating: "0a", count: 32)
        #expect(Layout.hold(try .digits(digits)).description == "/.docker-btrfs/layers/\(digits)")
    }
}
