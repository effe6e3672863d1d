import Basics
import Testing

@testable import Installation

struct BuildCommandsTests {
    let system: System

    init() throws { system = try System() }

    private func kernel(_ version: String, image: String? = nil) throws {
        try system.write("", to: "lib/modules/\(version)/modules.dep")
        try system.write("kernel\n", to: "boot/vmlinuz-\(version)")
        if let image { try system.write("old\n", to: "boot/\(image)") }
    }

    @Test(arguments: ["initramfs-6.1.img", "initrd.img-6.1", "initrd-6.1"])
    func `dracut builds the image that is there`(image: String) async throws {
        try kernel("6.1", image: image)
        try kernel("6.2")
        let expected = BuildCommands(
            images: [try #require(Path("boot/" + image))], commands: [["dracut", "--force", "/boot/\(image)", "6.1"]], withoutImage: ["6.2"]
        )
        #expect(try await BuildCommands(.dracut, in: system.tree()) == expected)
    }

    @Test func `every one, where there are several`() async throws {
        let id = "0123456789abcdef0123456789abcdef"
        try system.write("\(id)\n", to: "etc/machine-id")
        try kernel("6.1", image: "initramfs-6.1.img")
        try system.write("old\n", to: "efi/\(id)/6.1/initrd")
        let build = try await BuildCommands(.dracut, in: system.tree())
        #expect(build.images.map(\.description) == ["/boot/initramfs-6.1.img", "/efi/\(id)/6.1/initrd"])
        #expect(build.commands.map(\.count) == [4, 4])
    }

    @Test(
        arguments: [
            (["etc/kernel/entry-token": "debian"], "debian"), (["etc/os-release": "NAME=x\nID=debian"], "debian"),
            (["usr/lib/os-release": "IMAGE_ID='some'\nID=debian"], "some"),
            (["etc/kernel/entry-token": "mine", "etc/os-release": "ID=debian"], "mine"),
        ], ["efi", "boot", "boot/efi"])
    func `where kernel-install put it`(names: ([String: String], token: String), partition: String) async throws {
        let (files, token) = names
        try kernel("6.1")
        for (path, text) in files { try system.write("\(text)\n", to: path) }
        try system.write("old\n", to: "\(partition)/\(token)/6.1/initrd")
        // Of another system on the same ESP.
        try system.write("old\n", to: "\(partition)/other/6.1/initrd")
        let image = "/\(partition)/\(token)/6.1/initrd"
        #expect(try await BuildCommands(.dracut, in: system.tree()).commands == [["dracut", "--force", image, "6.1"]])
    }

    @Test func `what boot loader entries name is told of too`() throws {
        for path in ["x/6.1/initrd-0a1b", "x/6.1/microcode-initrd", "initrd.img-6.2", "y/initrd"] {
            try system.write("", to: "boot/\(path)")
        }
        try system.write(
            "title x\ninitrd /x/6.1/microcode-initrd\ninitrd\t/x/6.1/initrd-0a1b $tuned\ninitrd /gone/initrd\n",
            to: "boot/loader/entries/x.conf")
        try system.write("initrd /initrd.img-6.2\ninitrd /../initrd\ninitrd", to: "boot/loader/entries/y.conf")
        try system.write("initrd /y/initrd\n", to: "boot/loader/entries/y.conf.off")
        try system.make("boot/loader/entries/z.conf")
        #expect(try system.tree().leftImages(than: []) == ["boot/initrd.img-6.2", "boot/x/6.1/initrd-0a1b"])
        #expect(try system.tree().leftImages(than: ["boot/x/6.1/initrd-0a1b"]) == ["boot/initrd.img-6.2"])
    }

    @Test func `and where there is none, each kernel's`() async throws {
        try kernel("6.1")
        try kernel("6.2")
        try system.make("lib/modules/5.0-removed")
        let images: [Path] = ["boot/initramfs-6.1.img", "boot/initramfs-6.2.img"]
        let build = try await BuildCommands(.dracut, in: system.tree())
        #expect(build.images == images)
        #expect(build.withoutImage == [])
        try system.write("12\n", to: "etc/debian_version")
        #expect(try await BuildCommands(.dracut, in: system.tree()).images == ["boot/initrd.img-6.1", "boot/initrd.img-6.2"])
    }

    @Test func `an initramfs that is not to be updated is not built, and that is said before anything`() async throws {
        try system.write("# update_initramfs=no\nupdate_initramfs=yes\n", to: "etc/initramfs-tools/update-initramfs.conf")
        try kernel("6.1", image: "initrd.img-6.1")
        #expect(try await BuildCommands(.initramfsTools, in: system.tree()).commands == [["update-initramfs", "-u", "-k", "6.1"]])
        try system.write("update_initramfs=no\n", to: "etc/initramfs-tools/update-initramfs.conf")
        await #expect {
            _ = try await BuildCommands(.initramfsTools, in: system.tree())
        } throws: {
            ($0 as? Failure)?.message.contains("'update_initramfs=no' in '") == true
        }
    }

    @Test func `a file has several names`() async throws {
        try kernel("6.1", image: "initrd.img-6.1")
        try system.link("boot/initrd-6.1", to: "initrd.img-6.1")
        try system.link("boot/initramfs-6.1.img", to: "gone")
        #expect(try await BuildCommands(.dracut, in: system.tree()).images == ["boot/initrd.img-6.1"])
    }

    @Test func `initramfs-tools updates what is there, or makes the first`() async throws {
        try kernel("6.1")
        let first = BuildCommands(images: ["boot/initrd.img-6.1"], commands: [["update-initramfs", "-c", "-k", "6.1"]])
        #expect(try await BuildCommands(.initramfsTools, in: system.tree()) == first)
        try kernel("6.1", image: "initrd.img-6.1")
        try kernel("6.2", image: "initrd.img-6.2")
        let again = BuildCommands(
            images: ["boot/initrd.img-6.1", "boot/initrd.img-6.2"],
            commands: [["update-initramfs", "-u", "-k", "6.1"], ["update-initramfs", "-u", "-k", "6.2"]])
        #expect(try await BuildCommands(.initramfsTools, in: system.tree()) == again)
    }

    @Test(arguments: InitramfsTool.allCases)
    func `a kernel without modules is left alone`(framework: InitramfsTool) async throws {
        try kernel("6.1", image: "initrd.img-6.1")
        try system.write("kernel\n", to: "boot/vmlinuz-5.0")
        try system.write("old\n", to: "boot/initrd.img-5.0")
        try system.make("lib/modules/5.0/extra")
        try system.write("PRESETS=(d)\nd_kver=6.1\nd_image=/boot/initrd.img-6.1\n", to: "etc/mkinitcpio.d/linux.preset")
        let build = try await BuildCommands(framework, in: system.tree())
        #expect(build.images == ["boot/initrd.img-6.1"])
        #expect(!build.commands.flatMap(\.self).contains("all"))
        #expect(try system.tree().otherImages(than: build.images) == ["boot/initrd.img-5.0"])
    }

    @Test func `mkinitcpio builds what its presets name`() async throws {
        try system.write(
            """
            ALL_kver="/boot/vmlinuz-linux"
            PRESETS=('default' 'fallback')
            default_image="/boot/initramfs-linux.img"
            fallback_uki="/efi/EFI/Linux/arch linux-fallback.efi"
            other_image="/boot/initramfs-other.img"
            echo 'what a preset says'
            """, to: "etc/mkinitcpio.d/linux.preset")
        try system.write("PRESETS=(default)\ndefault_kver=6.1\ndefault_efi_image=/boot/lts.efi\n", to: "etc/mkinitcpio.d/lts.preset")
        try system.write("PRESETS=(default)\ndefault_image=/boot/none\n", to: "etc/mkinitcpio.d/lts.preset.pacsave")
        let images: [Path] = ["boot/initramfs-linux.img", "efi/EFI/Linux/arch linux-fallback.efi", "boot/lts.efi"]
        #expect(try await BuildCommands(.mkinitcpio, in: system.tree()) == BuildCommands(images: images, commands: [["mkinitcpio", "-P"]]))
    }

    @Test(arguments: [
        // Both kinds; the newer name of the two; an image that two presets share.
        ("d_kver=6.1 d_image=/boot/i d_uki=/efi/u.efi", ["boot/i", "efi/u.efi"]),
        ("d_kver=6.1 d_uki=/efi/u.efi d_efi_image=/efi/old.efi", ["efi/u.efi"]),
        ("d_kver=6.1 d_image=/boot/i f_kver=6.2 f_image=/boot/i", ["boot/i"]),
        // mkinitcpio passes over it.
        ("d_kver=6.1 d_image=/boot/i f_image=/boot/f", ["boot/i"]),
    ])
    func `a preset`(words: String, images: [String]) async throws {
        try system.write("PRESETS=(d f)\n\(words)\n", to: "etc/mkinitcpio.d/linux.preset")
        #expect(try await BuildCommands(.mkinitcpio, in: system.tree()).images.map(\.description) == images.map { "/" + $0 })
    }

    @Test func `no kernel, no initramfs`() async throws {
        for framework in InitramfsTool.allCases {
            let failure = await #expect(throws: Failure.self) { try await BuildCommands(framework, in: system.tree()) }
            #expect(failure?.message == "could not find a kernel in '/' to build an initramfs for")
        }
    }
}
