import Basics
import Images
import Testing

@testable import Installation

struct BuildTests {
    let system: System

    init() throws { system = try System() }

    private func kernel(_ version: String, image: String? = nil) throws {
        try system.make("lib/modules/\(version)")
        try system.write("kernel\n", to: "boot/vmlinuz-\(version)")
        if let image { try system.write("old\n", to: "boot/\(image)") }
    }

    @Test(arguments: ["initramfs-6.1.img", "initrd.img-6.1", "initrd-6.1"])
    func `dracut builds the image that is there`(image: String) async throws {
        try kernel("6.1", image: image)
        try kernel("6.2")
        let expected = Build(images: [try #require(Path("boot/" + image))], commands: [["dracut", "--force", "/boot/\(image)", "6.1"]])
        #expect(try await Build(.dracut, in: system.tree()) == expected)
    }

    @Test func `every one, where there are several`() async throws {
        let id = "0123456789abcdef0123456789abcdef"
        try system.write("\(id)\n", to: "etc/machine-id")
        try kernel("6.1", image: "initramfs-6.1.img")
        try system.write("old\n", to: "efi/\(id)/6.1/initrd")
        let build = try await Build(.dracut, in: system.tree())
        #expect(build.images.map(\.description) == ["/boot/initramfs-6.1.img", "/efi/\(id)/6.1/initrd"])
        #expect(build.commands.map(\.count) == [4, 4])
    }

    @Test func `and where there is none, each kernel's`() async throws {
        try kernel("6.1")
        try kernel("6.2")
        try system.make("lib/modules/5.0-removed")
        let images: [Path] = ["boot/initramfs-6.1.img", "boot/initramfs-6.2.img"]
        #expect(try await Build(.dracut, in: system.tree()).images == images)
        try system.write("12\n", to: "etc/debian_version")
        #expect(try await Build(.dracut, in: system.tree()).images == ["boot/initrd.img-6.1", "boot/initrd.img-6.2"])
    }

    @Test func `initramfs-tools updates what is there, or makes the first`() async throws {
        try kernel("6.1")
        let first = Build(images: ["boot/initrd.img-6.1"], commands: [["update-initramfs", "-c", "-k", "6.1"]])
        #expect(try await Build(.initramfsTools, in: system.tree()) == first)
        try kernel("6.1", image: "initrd.img-6.1")
        let again = Build(images: ["boot/initrd.img-6.1"], commands: [["update-initramfs", "-u", "-k", "all"]])
        #expect(try await Build(.initramfsTools, in: system.tree()) == again)
    }

    @Test func `mkinitcpio builds what its presets name`() async throws {
        try system.write(
            """
            ALL_kver="/boot/vmlinuz-linux"
            PRESETS=('default' 'fallback')
            default_image="/boot/initramfs-linux.img"
            fallback_uki="/efi/EFI/Linux/arch linux-fallback.efi"
            other_image="/boot/initramfs-other.img"
            """, to: "etc/mkinitcpio.d/linux.preset")
        try system.write("PRESETS=(default)\ndefault_efi_image=/boot/lts.efi\n", to: "etc/mkinitcpio.d/lts.preset")
        try system.write("PRESETS=(default)\ndefault_image=/boot/none\n", to: "etc/mkinitcpio.d/lts.preset.pacsave")
        let images: [Path] = ["boot/initramfs-linux.img", "efi/EFI/Linux/arch linux-fallback.efi", "boot/lts.efi"]
        #expect(try await presetImages(in: "\(system.path)/etc/mkinitcpio.d") == images)
    }

    @Test func `no kernel, no initramfs`() async throws {
        for framework in Framework.allCases where framework != .mkinitcpio {
            let failure = await #expect(throws: Failure.self) { try await Build(framework, in: system.tree()) }
            #expect(failure?.message == "could not find a kernel in '/' to build an initramfs for")
        }
    }
}

/// Tools that build well, badly or not at all stand for a framework's.
struct BuildingTests {
    let system: System

    init() throws {
        system = try System()
        try system.write("before\n", to: "boot/initrd")
        try system.setMode("600", of: "boot/initrd")
    }

    private func building(_ script: String, images: [Path] = ["boot/initrd"]) throws -> Building {
        let command = ["sh", "-c", "cd '\(system.path)/boot'; \(script)"]
        return Building(build: Build(images: images, commands: [command]), tree: try system.tree())
    }

    /// The message of a build that fails; `check` is what looks into the image.
    private func failure(
        _ building: Building, check: (Path) async throws(Failure) -> Void = { (_) throws(Failure) in }
    ) async throws -> String? {
        try system.make("var/lib/docker-btrfs")
        do throws(Failure) {
            _ = try await building.run(Record(.dracut), check: check)
            return nil
        } catch {
            return error.description.replacing(system.path, with: "ROOT")
        }
    }

    @Test func `the image from before is kept beside the new one`() async throws {
        #expect(try await failure(building("echo new > initrd")) == nil)
        #expect(try system.read("boot/initrd") == "new\n")
        #expect(try system.read("boot/old-initrd") == "before\n")
        #expect(try system.mode("boot/old-initrd") == 0o600)
        let kept = Record.Entry(path: "boot/old-initrd", trace: .file(Digest.of(Array("before\n".utf8))))
        #expect(try system.tree().record()?.kept == [kept])
    }

    @Test(arguments: ["echo half > initrd; chmod 644 initrd; exit 3", "rm initrd; exit 3", "exit 3"])
    func `a tool that fails`(script: String) async throws {
        let message = try #require(try await failure(building(script)))
        #expect(message.hasSuffix("failed: it ended with status 3; the initramfs from before is back"))
        try expectAsBefore()
    }

    @Test func `a tool that a signal ends`() async throws {
        let message = try #require(try await failure(building("echo half > initrd; kill -TERM $$")))
        #expect(message.hasSuffix("failed: signal 15 ended it; the initramfs from before is back"))
        try expectAsBefore()
    }

    @Test func `an image that is not as it should be`() async throws {
        let message = try await failure(building("echo new > initrd")) { (image) throws(Failure) in throw Failure("'\(image)' is bad") }
        #expect(message == "'/boot/initrd' is bad; the initramfs from before is back")
        try expectAsBefore()
    }

    @Test func `an image that there was not before`() async throws {
        let message = try await failure(building("echo new > initrd; echo new > first", images: ["boot/initrd", "boot/first"])) {
            (image) throws(Failure) in if image == "boot/first" { throw Failure("'\(image)' is bad") }
        }
        #expect(message == "'/boot/first' is bad; the initramfs from before is back")
        #expect(try system.exists("boot/first") == false)
        try expectAsBefore()
    }

    @Test func `a tool that is not there`() async throws {
        let nothing = Building(build: Build(images: ["boot/initrd"], commands: [["docker-btrfs-none"]]), tree: try system.tree())
        #expect(try await failure(nothing)?.hasPrefix("could not run 'docker-btrfs-none': ") == true)
        try expectAsBefore()
    }

    @Test func `a copy that is not ours`() async throws {
        try system.write("mine\n", to: "boot/old-initrd")
        let expected = "could not keep '/boot/initrd' as '/boot/old-initrd': something is there that is not from docker-btrfs"
        #expect(try await failure(building("echo new > initrd")) == expected)
        #expect(try system.read("boot/initrd") == "before\n")
        #expect(try system.read("boot/old-initrd") == "mine\n")
    }

    private func expectAsBefore() throws {
        #expect(try system.read("boot/initrd") == "before\n")
        #expect(try system.mode("boot/initrd") == 0o600)
        #expect(try system.exists("boot/old-initrd") == false)
    }
}
