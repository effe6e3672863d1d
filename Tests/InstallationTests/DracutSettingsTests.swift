import Basics
import Testing

@testable import Installation

/// Where dracut makes unified kernel images.
struct DracutSettingsTests {
    let system: System
    static let machine = "0123456789abcdef0123456789abcdef"

    init() throws {
        system = try System()
        try system.write("", to: "lib/modules/6.1/modules.dep")
        try system.write("kernel\n", to: "boot/vmlinuz-6.1")
        try system.write("\(Self.machine)\n", to: "etc/machine-id")
        try system.write("ID=test\n", to: "etc/os-release")
        try system.write("uefi=yes\n", to: "etc/dracut.conf.d/machine.conf")
    }

    private func commands() async throws -> [String] {
        try await BuildCommands(.dracut, in: system.tree()).commands.map { $0.joined(separator: " ") }
    }

    private func expectFirst(_ image: String) async throws {
        #expect(try await BuildCommands(.dracut, in: system.tree()).images.map(\.description) == [image])
    }

    @Test func `the first one`() async throws {
        let image = "/boot/EFI/Linux/linux-6.1-\(Self.machine).efi"
        #expect(try await commands() == ["mkdir -p /boot/EFI/Linux", "dracut --force \(image) 6.1"])
        try system.make("boot/efi/EFI/Linux")
        let there = "/boot/efi/EFI/Linux/linux-6.1-\(Self.machine).efi"
        #expect(try await commands() == ["dracut --force \(there) 6.1"])
    }

    @Test(arguments: ["", "-\(machine)", "-\(machine)-rolling", "-Default"], ["efi", "boot", "boot/efi"])
    func `the one that is there`(ending: String, esp: String) async throws {
        try system.write("BUILD_ID='rolling'\n", to: "etc/os-release")
        let image = "\(esp)/EFI/Linux/linux-6.1\(ending).efi"
        try system.write("old\n", to: image)
        try system.write("another kernel's\n", to: "\(esp)/EFI/Linux/linux-6.1-rc1-\(Self.machine).efi")
        #expect(try await commands() == ["dracut --force /\(image) 6.1"])
        #expect(try await system.tree().otherImages(than: BuildCommands(.dracut, in: system.tree()).images).count == 1)
    }

    @Test func `its name`() async throws {
        let folder = "/boot/EFI/Linux/linux-6.1"
        try system.write("BUILD_ID=rolling\n", to: "etc/os-release")
        try await expectFirst("\(folder)-\(Self.machine)-rolling.efi")
        try system.write("ID=test\n", to: "etc/os-release")
        try system.make("boot/Default")
        try await expectFirst("\(folder)-Default.efi")
        try system.write("uefi=yes\nmachine_id=no\n", to: "etc/dracut.conf.d/machine.conf")
        try await expectFirst("\(folder).efi")
    }

    /// Each stays what it is, whatever the settings are by now.
    @Test func `both kinds`() async throws {
        try system.write("old\n", to: "boot/initramfs-6.1.img")
        try system.write("old\n", to: "boot/EFI/Linux/linux-6.1.efi")
        #expect(
            try await commands() == [
                "dracut --force /boot/EFI/Linux/linux-6.1.efi 6.1", "dracut --force --no-uefi /boot/initramfs-6.1.img 6.1",
            ])
        try system.remove("etc/dracut.conf.d/machine.conf")
        #expect(
            try await commands() == [
                "dracut --force /boot/initramfs-6.1.img 6.1", "dracut --force --uefi /boot/EFI/Linux/linux-6.1.efi 6.1",
            ])
    }

    @Test(arguments: [
        (["etc/dracut.conf": "uefi=no"], true), (["etc/dracut.conf.d/z.conf": "uefi=no"], false),
        // A file of the machine's own takes the place of the one with its name.
        (["usr/lib/dracut/dracut.conf.d/machine.conf": "uefi=no"], true), (["usr/lib/dracut/dracut.conf.d/z.conf": "uefi=no"], false),
        (["etc/dracut.conf.d/z.conf.off": "uefi=no"], true), (["etc/dracut.conf.d/a.conf": "echo uefi=no; false"], true),
        (["etc/dracut.conf.d/v10.conf": "uefi=no", "etc/dracut.conf.d/v9.conf": "uefi=yes"], false),
    ])
    func `which file counts`(files: [String: String], makesUnified: Bool) async throws {
        for (path, text) in files { try system.write("\(text)\n", to: path) }
        #expect(try await DracutSettings(in: system.tree()).makesUnified == makesUnified)
    }
}
