import Basics
import Testing

@testable import Installation

struct UninstallTests {
    let system: System

    init() throws {
        system = try System()
        try system.write("HOOKS=(base udev)\n", to: "etc/mkinitcpio.conf")
        try system.write("hostonly=yes\n", to: "etc/dracut.conf.d/mine.conf")
        try system.write("MODULES=most\n", to: "etc/initramfs-tools/initramfs.conf")
        try system.link("lib", to: "usr/lib")
        try system.make("usr/lib/systemd/system")
    }

    @Test(arguments: InitramfsTool.allCases)
    func `the tree is as it was before the install`(framework: InitramfsTool) async throws {
        let before = try await system.inventory()
        try await system.install(framework)
        #expect(try await system.inventory() != before)
        try await system.uninstall()
        #expect(try await system.inventory() == before)
    }

    @Test func `after several installs too`() async throws {
        let before = try await system.inventory()
        for framework in InitramfsTool.allCases { try await system.install(framework) }
        try await system.install(.dracut, program: Array("a newer program\n".utf8))
        try await system.uninstall()
        #expect(try await system.inventory() == before)
    }

    @Test func `what was changed is left and named`() async throws {
        try await system.install(.dracut)
        try system.write("add_dracutmodules+=\" docker-btrfs mine \"\n", to: "etc/dracut.conf.d/docker-btrfs.conf")
        try system.write("mine\n", to: "usr/lib/dracut/modules.d/51docker-btrfs/mine")
        let lines = try await system.uninstall()
        #expect(lines.contains("left 'ROOT/etc/dracut.conf.d/docker-btrfs.conf': it is not as docker-btrfs wrote it"))
        #expect(
            try await system.files() == [
                "/lib -> usr/lib", "644 /etc/dracut.conf.d/docker-btrfs.conf", "644 /etc/dracut.conf.d/mine.conf",
                "644 /etc/initramfs-tools/initramfs.conf", "644 /etc/mkinitcpio.conf",
                "644 /usr/lib/dracut/modules.d/51docker-btrfs/mine",
            ])
    }

    @Test func `a dry run prints each change and makes none`() async throws {
        try await system.install(.initramfsTools)
        try system.remove("usr/bin/docker-btrfs-init")
        let before = try await system.inventory()
        #expect(
            try await system.uninstall(action: .dryRun) == [
                "remove '/etc/initramfs-tools/hooks/docker-btrfs'",
                "remove '/etc/initramfs-tools/scripts/local-premount/docker-btrfs'",
                "remove '/usr/lib/systemd/system/docker-btrfs-good.service'",
                "remove '/usr/lib/systemd/system/multi-user.target.wants/docker-btrfs-good.service'",
                "remove '/var/lib/docker-btrfs/installed'",
                "remove the directory '/usr/lib/systemd/system/multi-user.target.wants' if it is empty",
                "remove the directory '/etc/initramfs-tools/scripts/local-premount' if it is empty",
                "remove the directory '/etc/initramfs-tools/scripts' if it is empty",
                "remove the directory '/etc/initramfs-tools/hooks' if it is empty",
                "remove the directory '/usr/bin' if it is empty",
                "remove the directory '/var/lib/docker-btrfs' if it is empty",
                "remove the directory '/var/lib' if it is empty",
                "remove the directory '/var' if it is empty",
            ])
        #expect(try await system.inventory() == before)
    }

    @Test func `what a package brought with the same content is not removed`() async throws {
        try system.write("the program\n", to: "usr/bin/docker-btrfs-init")
        let before = try await system.inventory()
        try await system.install(.dracut)
        try await system.uninstall()
        #expect(try await system.inventory() == before)
    }

    @Test func `without a build the copy of an initramfs stays, and is told`() async throws {
        try await system.install(.dracut)
        try system.write("old\n", to: "boot/old-initrd")
        try system.write("mine\n", to: "boot/old-other")
        let tree = try system.tree()
        var record = try #require(try tree.record())
        for name in ["boot/old-initrd", "boot/old-other"] as [Path] {
            record.kept.append(InstallRecord.Entry(InstalledFile(name, .file(Array("old\n".utf8), mode: 0))))
        }
        try tree.perform(.record(record))
        let lines = try await system.uninstall()
        #expect(lines.contains("left 'ROOT/boot/old-other': it is not as docker-btrfs wrote it"))
        #expect(lines.contains("left 'ROOT/boot/old-initrd', the initramfs from before: remove it once one without docker-btrfs is built"))
        #expect(try system.exists("boot/old-initrd"))
    }

    @Test func `where it is not installed`() async throws {
        let failure = await #expect(throws: Failure.self) { try await system.uninstall() }
        let place = "\(system.path)/var/lib/docker-btrfs/installed"
        #expect(failure?.description == "could not uninstall: docker-btrfs is not installed: there is no '\(place)'")
    }

    /// A record that somebody wrote who wanted more to be gone.
    @Test func `what docker-btrfs never writes is left, whatever the record says`() async throws {
        try await system.install(.dracut)
        try system.write("root:*:\n", to: "etc/shadow")
        try system.write("photo\n", to: "home/u/photo.img")
        try system.link("etc/localtime", to: "../usr/share/zoneinfo/UTC")
        try system.make("srv/empty")
        let tree = try system.tree()
        var record = try #require(try tree.record())
        record.files.append(InstallRecord.Entry(InstalledFile("etc/shadow", .file(Array("root:*:\n".utf8), mode: 0))))
        record.files.append(InstallRecord.Entry(InstalledFile("etc/localtime", .link(to: "../usr/share/zoneinfo/UTC"))))
        record.kept.append(InstallRecord.Entry(InstalledFile("home/u/photo.img", .file(Array("photo\n".utf8), mode: 0))))
        record.kept.append(InstallRecord.Entry(InstalledFile("etc/mkinitcpio.conf", .file(Array("HOOKS=(base udev)\n".utf8), mode: 0))))
        record.directories.append("srv/empty")
        try tree.perform(.record(record))
        let lines = try await system.uninstall()
        for path in ["etc/shadow", "etc/localtime", "home/u/photo.img", "etc/mkinitcpio.conf"] {
            #expect(lines.contains("left 'ROOT/\(path)': docker-btrfs installs no such file"))
            #expect(try system.exists(path))
        }
        #expect(try system.exists("srv/empty"))
        #expect(try system.exists("usr/bin/docker-btrfs-init") == false)
        #expect(try system.exists("var/lib/docker-btrfs/installed") == false)
    }

    @Test func `a change of framework leaves it too`() async throws {
        try await system.install(.dracut)
        try system.write("root:*:\n", to: "etc/shadow")
        let tree = try system.tree()
        var record = try #require(try tree.record())
        record.files.append(InstallRecord.Entry(InstalledFile("etc/shadow", .file(Array("root:*:\n".utf8), mode: 0))))
        try tree.perform(.record(record))
        let lines = try await system.install(.mkinitcpio)
        #expect(lines.contains("left 'ROOT/etc/shadow': docker-btrfs installs no such file"))
        #expect(try system.exists("etc/shadow"))
    }

    @Test func `mkinitcpio's file had another name once`() async throws {
        try await system.install(.mkinitcpio)
        let tree = try system.tree()
        let former = InstalledFile("etc/mkinitcpio.conf.d/docker-btrfs.conf", .file(Array("HOOKS+=(docker-btrfs)\n".utf8), mode: 0o644))
        try tree.perform(.write(former))
        var record = try #require(try tree.record())
        record.files = record.files.filter { $0.path != mkinitcpioDropIn } + [InstallRecord.Entry(former)]
        try tree.perform(.record(record))
        try system.remove("etc/mkinitcpio.conf.d/zz-docker-btrfs.conf")
        try await system.install(.mkinitcpio)
        #expect(try system.exists("etc/mkinitcpio.conf.d/docker-btrfs.conf") == false)
        #expect(try system.exists("etc/mkinitcpio.conf.d/zz-docker-btrfs.conf"))
    }
}
