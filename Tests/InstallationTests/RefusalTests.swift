import Basics
import Foundation
import Testing

@testable import Installation

/// What is in the way. Nothing is changed then.
struct RefusalTests {
    let system: System

    init() throws { system = try System() }

    private func expect(_ framework: InitramfsTool?, _ message: String, hint: String) async throws {
        let before = try await system.inventory()
        #expect(try await system.refusal(framework) == "\(message)\nhint: \(hint)")
        #expect(try await system.inventory() == before)
    }

    private let moveAway = "move it away and run this again"

    @Test func `files that docker-btrfs did not write`() async throws {
        try system.write("mine\n", to: "etc/dracut.conf.d/docker-btrfs.conf")
        try system.make("usr/bin/docker-btrfs-init")
        try await expect(
            .dracut,
            "could not install: 'ROOT/usr/bin/docker-btrfs-init' is there and is not from docker-btrfs, "
                + "'ROOT/etc/dracut.conf.d/docker-btrfs.conf' is there and is not from docker-btrfs",
            hint: moveAway
        )
    }

    @Test func `a file that was changed`() async throws {
        try await system.install(.dracut)
        try system.write("mine\n", to: "etc/dracut.conf.d/docker-btrfs.conf")
        try await expect(
            .dracut, "could not install: 'ROOT/etc/dracut.conf.d/docker-btrfs.conf' was changed since docker-btrfs wrote it",
            hint: moveAway
        )
    }

    @Test func `a link in place of a file, wherever it leads`() async throws {
        try system.link("usr/bin/docker-btrfs-init", to: "/bin/true")
        try await expect(
            .initramfsTools, "could not install: 'ROOT/usr/bin/docker-btrfs-init' is there and is not from docker-btrfs", hint: moveAway)
    }

    @Test func `a directory that is a link to nothing in the tree`() async throws {
        let outside = try System()
        try outside.make("target")
        try system.link("etc/dracut.conf.d", to: "\(outside.path)/target")
        try await expect(
            .dracut, "could not install: 'ROOT/etc/dracut.conf.d' is a link that leads to nothing in 'ROOT'", hint: moveAway)
        #expect(try await outside.files() == [])
    }

    @Test func `links that lead outside are followed inside`() async throws {
        let outside = try System()
        try outside.make("etc")
        try outside.make("usr")
        try system.make("inside\(outside.path)/etc")
        try system.make("inside/usr/lib")
        // Absolute, and relative with more steps up than there are.
        try system.link("etc", to: "/inside\(outside.path)/etc")
        try system.link("usr/lib", to: "../../../../../../inside/usr/lib")
        try await system.install(.dracut)
        #expect(try await outside.files() == [])
        #expect(try system.exists("inside\(outside.path)/etc/dracut.conf.d/docker-btrfs.conf"))
        #expect(try system.exists("inside/usr/lib/dracut/modules.d/51docker-btrfs/module-setup.sh"))
        try await system.uninstall()
        #expect(try await system.files().allSatisfy { $0.contains(" -> ") })
    }

    @Test func `a record of another version`() async throws {
        try system.write("docker-btrfs installation 2\n", to: "var/lib/docker-btrfs/installed")
        try await expect(
            .dracut,
            "could not read 'ROOT/var/lib/docker-btrfs/installed': it is not a record that this version of docker-btrfs knows",
            hint: "use the version that installed"
        )
    }

    @Test func `a system without any framework`() async throws {
        try await expect(
            nil, "could not find what builds the initramfs in 'ROOT': no mkinitcpio, dracut or initramfs-tools is there",
            hint: "--framework NAME lays the files for one out all the same"
        )
    }

    @Test func `a system with several`() async throws {
        try system.program("usr/bin/dracut")
        try system.program("usr/sbin/update-initramfs")
        try await expect(
            nil, "could not tell which of them builds the initramfs: dracut and initramfs-tools are installed",
            hint: "say which: --framework dracut or --framework initramfs-tools"
        )
    }

    @Test func `a system with several, where it is installed for one`() async throws {
        try system.program("usr/bin/dracut")
        try system.program("usr/sbin/update-initramfs")
        try await system.install(.initramfsTools)
        #expect(try await system.install(nil).first == "all files for initramfs-tools are there")
    }

    @Test(
        arguments: [
            ("usr/bin/mkinitcpio", .mkinitcpio), ("usr/bin/dracut", .dracut), ("usr/sbin/update-initramfs", .initramfsTools),
            ("usr/bin/update-initramfs", .initramfsTools),
        ] as [(String, InitramfsTool)])
    func `a system with one`(program: String, framework: InitramfsTool) async throws {
        try system.program(program)
        #expect(try await system.install(nil).first?.hasSuffix(" files for \(framework.rawValue)") == true)
    }
}
