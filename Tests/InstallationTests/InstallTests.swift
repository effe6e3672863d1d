import Basics
import Foundation
import TestSupport
import Testing

@testable import Installation

struct InstallTests {
    let system: System

    init() throws { system = try System() }

    /// For every framework.
    static let common = [
        "644 /usr/lib/systemd/system/docker-btrfs-good.service",
        "644 /var/lib/docker-btrfs/installed",
        "755 /usr/bin/docker-btrfs-init",
        "/usr/lib/systemd/system/multi-user.target.wants/docker-btrfs-good.service -> ../docker-btrfs-good.service",
    ]

    static let own: [(InitramfsTool, [String])] = [
        (
            .mkinitcpio,
            [
                "644 /etc/initcpio/hooks/docker-btrfs", "644 /etc/initcpio/install/docker-btrfs",
                "644 /etc/initcpio/udev/65-docker-btrfs.rules",
                "644 /etc/mkinitcpio.conf.d/zz-docker-btrfs.conf", "644 /usr/lib/systemd/system/docker-btrfs.service",
            ]
        ),
        (
            .dracut,
            [
                "644 /etc/dracut.conf.d/docker-btrfs.conf", "644 /usr/lib/systemd/system/docker-btrfs.service",
                "644 /usr/lib/dracut/modules.d/51docker-btrfs/65-docker-btrfs.rules",
                "755 /usr/lib/dracut/modules.d/51docker-btrfs/docker-btrfs.sh",
                "755 /usr/lib/dracut/modules.d/51docker-btrfs/module-setup.sh",
            ]
        ),
        (
            .initramfsTools,
            [
                "755 /etc/initramfs-tools/hooks/docker-btrfs",
                "755 /etc/initramfs-tools/scripts/local-premount/docker-btrfs",
            ]
        ),
    ]

    @Test(arguments: own)
    func `the files of a framework`(framework: InitramfsTool, own: [String]) async throws {
        let lines = try await system.install(framework)
        #expect(try await system.files() == (Self.common + own).sorted())
        #expect(lines.first == "wrote \(own.count + 3) files for \(framework.rawValue)")
        #expect(lines.last?.hasPrefix("next: build the initramfs of 'ROOT', with '") == true)
        #expect(lines.count == 2)
        #expect(try system.read("usr/bin/docker-btrfs-init") == "the program\n")
    }

    @Test func `without systemd, who marks a boot as good is told`() async throws {
        try system.program("usr/lib/systemd/systemd")
        try system.link("usr/sbin/init", to: "../lib/systemd/systemd")
        try system.link("sbin", to: "usr/sbin")
        #expect(try await system.install(.dracut).count == 2)
        try system.remove("usr/sbin/init")
        try system.program("usr/sbin/init")
        let note = """
            the init here is not systemd: see that '/usr/bin/docker-btrfs-init --mark-good' is run when the system is up, which marks a boot \
            as good
            """
        #expect(try await system.install(.dracut).dropFirst().first == note)
    }

    @Test func `they are those of the repository`() async throws {
        try await system.install(.initramfsTools)
        let hook = "etc/initramfs-tools/scripts/local-premount/docker-btrfs"
        #expect(try system.read(hook) == source("hooks/initramfs-tools/docker-btrfs"))
        #expect(try system.read("etc/initramfs-tools/hooks/docker-btrfs") == source("install/initramfs-tools/docker-btrfs"))
        try await system.install(.mkinitcpio)
        #expect(try system.read("etc/initcpio/hooks/docker-btrfs") == source("hooks/mkinitcpio/docker-btrfs"))
        #expect(try system.read("etc/initcpio/install/docker-btrfs") == source("install/mkinitcpio/docker-btrfs"))
        #expect(try system.read("etc/initcpio/udev/65-docker-btrfs.rules") == source("hooks/systemd/65-docker-btrfs.rules"))
        let unit = "usr/lib/systemd/system/docker-btrfs"
        #expect(try system.read("\(unit).service") == source("hooks/systemd/docker-btrfs.service"))
        #expect(try system.read("\(unit)-good.service") == source("hooks/systemd/docker-btrfs-good.service"))
    }

    @Test func `a dry run prints each change and makes none`() async throws {
        try system.make("etc/initramfs-tools/hooks")
        try system.make("usr/lib/systemd/system")
        let before = try await system.inventory()
        #expect(
            try await system.install(.initramfsTools, action: .dryRun) == [
                "make the directory '/var'", "make the directory '/var/lib'", "make the directory '/var/lib/docker-btrfs'",
                "write '/var/lib/docker-btrfs/installed', which says what is installed",
                "make the directory '/usr/bin'", "write '/usr/bin/docker-btrfs-init' with mode 0755",
                "write '/etc/initramfs-tools/hooks/docker-btrfs' with mode 0755",
                "make the directory '/etc/initramfs-tools/scripts'",
                "make the directory '/etc/initramfs-tools/scripts/local-premount'",
                "write '/etc/initramfs-tools/scripts/local-premount/docker-btrfs' with mode 0755",
                "write '/usr/lib/systemd/system/docker-btrfs-good.service' with mode 0644",
                "make the directory '/usr/lib/systemd/system/multi-user.target.wants'",
                "link '/usr/lib/systemd/system/multi-user.target.wants/docker-btrfs-good.service' to '../docker-btrfs-good.service'",
            ])
        #expect(try await system.inventory() == before)
    }

    @Test(arguments: InitramfsTool.allCases)
    func `a second install changes nothing`(framework: InitramfsTool) async throws {
        try await system.install(framework)
        let before = try await system.inventory()
        #expect(try await system.install(framework, action: .dryRun) == ["nothing is to be done"])
        #expect(try await system.install(framework).first == "all files for \(framework.rawValue) are there")
        #expect(try await system.inventory() == before)
    }

    @Test func `a newer version replaces what was not changed`() async throws {
        let newer = Array("a newer program\n".utf8)
        try await system.install(.dracut)
        try system.setMode("700", of: "usr/bin/docker-btrfs-init")
        #expect(
            try await system.install(.dracut, program: newer, action: .dryRun) == [
                "write '/var/lib/docker-btrfs/installed', which says what is installed",
                "write '/usr/bin/docker-btrfs-init' with mode 0755, over an older one",
                "write '/var/lib/docker-btrfs/installed', which says what is installed",
            ])
        try await system.install(.dracut, program: newer)
        #expect(try system.read("usr/bin/docker-btrfs-init") == "a newer program\n")
        // Nobody gets more rights than they had.
        #expect(try system.mode("usr/bin/docker-btrfs-init") == 0o700)
        let fresh = try System()
        try await fresh.install(.dracut, program: newer)
        #expect(try system.read("var/lib/docker-btrfs/installed") == fresh.read("var/lib/docker-btrfs/installed"))
    }

    @Test func `another framework takes the place of the first`() async throws {
        try await system.install(.dracut)
        let lines = try await system.install(.mkinitcpio)
        #expect(
            lines.filter { $0.hasPrefix("removed ") } == [
                "removed '/etc/dracut.conf.d/docker-btrfs.conf'",
                "removed '/usr/lib/dracut/modules.d/51docker-btrfs/65-docker-btrfs.rules'",
                "removed '/usr/lib/dracut/modules.d/51docker-btrfs/docker-btrfs.sh'",
                "removed '/usr/lib/dracut/modules.d/51docker-btrfs/module-setup.sh'",
            ])
        let fresh = try System()
        try await fresh.install(.mkinitcpio)
        #expect(try await system.files() == fresh.files())
        #expect(try system.exists("usr/lib/dracut") == false)
        try await system.uninstall()
        #expect(try await system.files() == [])
    }

    /// The umask is the whole process's, and other tests run in this one.
    @Test func `directories are open to all, whatever the umask is`() async throws {
        try Data(sampleProgram(version)).write(to: URL(filePath: system.path + "/program"))
        let script = #"""
            umask 077; "$1" install --root "$2" --framework dracut --init "$2/program" > /dev/null
            cd "$2"; find usr etc var -type d ! -perm 755
            """#
        #expect(try await output(of: ["bash", "-euc", script, "bash", Repository.ordinaryCompanion, system.path]) == "")
        #expect(try system.mode("usr/lib/systemd/system") == 0o755)
    }

    /// A boot would take its success for that of a boot from an image.
    @Test func `another program than docker-btrfs-init is not installed`() async throws {
        let script = #"! "$1" install --root "$2" --framework dracut --binary "$3" 2>&1; ls "$2""#
        for program in ["/bin/sh", "/etc/passwd"] {
            let told = try await output(of: ["bash", "-euc", script, "bash", Repository.ordinaryCompanion, system.path, program])
            #expect(told.hasPrefix("Error: could not take '\(program)' for /init: ") && told.split(separator: "\n").count <= 2, "\(told)")
        }
    }

    @Test func `two at once are one after the other`() async throws {
        try system.write("", to: "usr/a")
        let install = #"! "$1" install --root "$2" --framework dracut --binary "$3" 2>&1; ls "$2""#
        let script = #"exec 9> "$2/usr/.docker-btrfs.lock"; flock 9; "# + install
        try Data(sampleProgram(version)).write(to: URL(filePath: system.path + "/program"))
        let told = try await output(of: [
            "bash", "-euc", script, "bash", Repository.ordinaryCompanion, system.path, system.path + "/program",
        ])
        #expect(told.hasPrefix("Error: could not change '\(system.path)") && told.hasSuffix("\nprogram\nusr\n"), "\(told)")
    }

    /// Any user can lock what he can open.
    @Test func `whoever has the system's folders locked keeps no install out`() async throws {
        try system.write("", to: "usr/a")
        let script = #"exec 9< "$1" 8< "$1/usr"; flock 9; flock 8; sleep 600 > /dev/null 2>&1 & echo $!"#
        let told = try await output(of: ["bash", "-euc", script, "bash", system.path])
        let holder = try #require(pid_t(told.trimmingCharacters(in: .newlines)))
        defer { kill(holder, SIGKILL) }
        try system.write("", to: "usr/.docker-btrfs.lock")
        try await system.install(.dracut)
        #expect(try !system.exists("usr/.docker-btrfs.lock"))
        try await system.uninstall()
        #expect(try !system.exists("usr/.docker-btrfs.lock"))
    }

    @Test func `an install that was cut off is finished by the next`() async throws {
        try await system.install(.dracut)
        let whole = try await system.inventory()
        try system.remove("etc/dracut.conf.d/docker-btrfs.conf")
        try system.remove("usr/lib/systemd/system/multi-user.target.wants")
        try await system.install(.dracut)
        #expect(try await system.inventory() == whole)
    }
}
