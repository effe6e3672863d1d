import Basics
import Foundation
import TestSupport
import Testing

@testable import Initramfs

/// What each framework leaves in an initramfs, and what is said where a part of it is missing.
struct InspectionTests {
    typealias Parts = [CPIOEntry]

    static let module: Parts = [.file("usr/lib/modules/6.1/kernel/fs/btrfs/btrfs.ko.zst", [])]
    static let program: Parts = [.file("usr/bin/docker-btrfs-init", mode: 0o755, staticProgram)]
    static let configuration: Parts = [.file("etc/docker-btrfs.json", Array(#"{ "docker_image": "sample_image" }"#.utf8))]
    static let systemd: Parts = [.file("usr/lib/systemd/systemd", mode: 0o755, []), .file("lib/udev/rules.d/65-docker-btrfs.rules", [])]
    static let unit: Parts = [.file("usr/lib/systemd/system/docker-btrfs.service", [])]
    static let link: Parts = [.symlink("usr/lib/systemd/system/sysroot.mount.requires/docker-btrfs.service", to: "../docker-btrfs.service")]
    static let own: Parts =
        (["dev", "proc", "sys", "run", "sysroot", "tmp"] as [Path]).map { .directory($0) } + [.file("init", mode: 0o755, staticProgram)]
    static let ownModule: Parts = [.file("usr/lib/modules/6.1/kernel/fs/btrfs/btrfs.ko", sampleModule())]
    static let ownList: Parts = [.file(modulesListPath, Array("/usr/lib/modules/6.1/kernel/fs/btrfs/btrfs.ko\n".utf8))]
    static let script: Parts = [.file("scripts/local-premount/docker-btrfs", mode: 0o755, [])]
    static let order: Parts = [
        .file(
            "scripts/local-premount/ORDER",
            Array(#"/scripts/local-premount/docker-btrfs "$@"\#n[ -e /conf/param.conf ] && . /conf/param.conf"#.utf8))
    ]
    static let tools: Parts = [.file("scripts/functions", []), .file("conf/initramfs.conf", [])]
    static let hook: Parts = [.file("hooks/docker-btrfs", mode: 0o755, [])]
    static let hooksList: Parts = [.file("config", Array("MODULES=\"\"\nHOOKS=\"udev docker-btrfs\"\n".utf8))]
    static let dracutHook: Parts = [.file("var/lib/dracut/hooks/pre-mount/50-docker-btrfs.sh", mode: 0o755, [])]

    static let scriptInit: Parts = [.file("init", mode: 0o755, Array("#!/bin/sh".utf8))]
    static let switchRoot: Parts = [.file("usr/sbin/switch_root", mode: 0o755, [])]
    static let runInit: Parts = [.symlink("bin", to: "usr/bin"), .file("usr/bin/run-init", mode: 0o755, [])]
    static let systemdInit: Parts = [.symlink("init", to: "/usr/lib/systemd/systemd")]
    static let systemctl: Parts = [.file("usr/bin/systemctl", mode: 0o755, [])]

    static let staticProgram = sampleProgram(version)

    static let whole: [(framework: Framework, parts: [Parts])] = [
        (.none, [own, ownModule, ownList]),
        (.dracutWithSystemd, [[.directory("usr/lib/dracut")], systemd, unit, link, systemdInit, systemctl]),
        (.dracut, [[.directory("var/lib/dracut")], dracutHook, scriptInit, switchRoot]),
        (.mkinitcpioWithSystemd, [[.file("buildconfig", [])], systemd, unit, link, systemdInit, systemctl]),
        (.mkinitcpio, [[.file("buildconfig", [])], hook, hooksList, scriptInit, switchRoot]),
        (.initramfsTools, [tools, script, order, scriptInit, runInit]),
        (.systemd, [systemd, unit, link, systemdInit, systemctl]),
    ]

    /// What all the frameworks have.
    private static func common(_ framework: Framework) -> [Parts] { framework == .none ? [] : [program, module] }

    private func inspection(_ parts: [Parts]) async throws -> Inspection {
        try await Inspection(of: InitramfsImage(CPIOWriter.archive(parts.flatMap { $0 }, time: 0), name: "x"))
    }

    @Test(
        arguments: [
            ([], [], false), ([.file("cryptroot/crypttab", Array("\n".utf8))], [], false),
            ([.file("etc/crypttab", Array("# root /dev/sda2\n".utf8))], [], false),
            ([.file("cryptroot/crypttab", Array("root UUID=1 none luks\n".utf8))], [], true),
            ([.file("etc/crypttab", Array("# a\n  root UUID=1 -\n".utf8))], [], true),
            ([.file("etc/cmdline.d/90crypt.conf", Array(" rd.luks.uuid=luks-1 \n".utf8))], [], true),
            ([], ["quiet", "rd.luks.name=1=root"], true), ([], ["cryptdevice=UUID=1:root"], true), ([], ["quiet", "rd.lvm.lv=a/b"], false),
        ] as [(Parts, [String], Bool)])
    func `whether it is told what to unlock`(parts: Parts, options: [String], isTold: Bool) async throws {
        let image = try await InitramfsImage(CPIOWriter.archive([.file("x", [])] + parts, time: 0), name: "x")
        #expect(image.unlocks(with: options) == isTold)
    }

    @Test(arguments: Self.whole) func `an initramfs of every framework that has everything`(framework: Framework, parts: [Parts])
        async throws
    {
        let found = try await inspection(parts + Self.common(framework) + [Self.configuration])
        #expect(found.framework == framework)
        #expect(found.findings.allSatisfy { $0.mark == .ok }, "\(found.findings)")
        #expect(found.failure == nil)
    }

    @Test(arguments: Self.whole) func `whatever is taken out is said to be missing`(framework: Framework, parts: [Parts]) async throws {
        let all = parts.dropFirst() + Self.common(framework)
        for index in all.indices where all[index].first?.path != "usr/lib/systemd/systemd" {
            var less = Array(all)
            less.remove(at: index - all.startIndex)
            let failure = try await inspection([parts[0]] + less).failure
            #expect(failure?.message.hasPrefix("'x' cannot boot an image: ") == true, "\(all[index])")
            #expect(failure?.hint == framework.remedy)
        }
    }

    @Test func `the sentence names everything that is missing, with what to do`() async throws {
        let failure = try await inspection([Self.systemd, [.directory("usr/lib/dracut")], Self.unit, Self.program]).failure
        #expect(
            failure
                == Failure(
                    """
                    'x' cannot boot an image: link: there is no /usr/lib/systemd/system/sysroot.mount.requires/docker-btrfs.service: \
                    without it, a failure would boot an old root; init: there is no /init, which the kernel starts; switch: there is no \
                    program 'systemctl', which starts the new root; btrfs: there are no kernel modules
                    """,
                    hint: "run 'docker-btrfs install', or build it again with 'dracut --force --add docker-btrfs'"))
    }

    private func programs(_ entry: CPIOEntry) async throws -> [String] {
        let parts = [Self.systemd, Self.unit, Self.link, Self.module, [entry]]
        return try await inspection(parts).findings.filter { $0.subject == "program" && $0.mark == .missing }.map(\.text)
    }

    @Test func `a program that is not the right one`() async throws {
        let path: Path = "usr/bin/docker-btrfs-init"
        let ordinary = try #require(try fileContents(Repository.ordinaryInit, limit: 1 << 30))
        var foreign = Self.staticProgram
        foreign[18] = 183
        var cases: [(CPIOEntry, String?)] = []
        cases.append((.file(path, mode: 0o755, Self.staticProgram), nil))
        cases.append((.file(path, mode: 0o755, ordinary), "is not the static program"))
        cases.append((.file(path, mode: 0o755, foreign), "is not for x86-64"))
        cases.append((.file(path, mode: 0o755, Array("#!/bin/sh".utf8)), "is not docker-btrfs-init"))
        cases.append((.file(path, mode: 0o755, Array(Self.staticProgram.prefix(100))), "is not docker-btrfs-init"))
        cases.append((.directory(path), "is not docker-btrfs-init"))
        cases.append((.file(path, mode: 0o644, Self.staticProgram), "has mode 644 and cannot be run"))
        cases.append((.file(path, mode: 0o775, Self.staticProgram), "has mode 775: others than root may change it"))
        for (entry, text) in cases { #expect(try await programs(entry) == (text.map { ["\(path) \($0)"] } ?? []), "\(text ?? "")") }
    }

    @Test func `a configuration that cannot be read is missing, none is only noted`() async throws {
        let parts = [Self.systemd, Self.unit, Self.link, Self.module, Self.program, Self.systemdInit, Self.systemctl]
        let broken = try await inspection(parts + [[.file("etc/docker-btrfs.json", Array("{".utf8))]])
        #expect(broken.failure?.message.contains("configuration: could not read '/etc/docker-btrfs.json': it is not JSON: ") == true)
        let impossible = try await inspection(parts + [[.file("etc/docker-btrfs.json", Array(#"{ "docker_image": "A B" }"#.utf8))]])
        #expect(impossible.failure?.message.contains("configuration: could not read the image reference 'A B': ") == true)
        #expect(try await inspection(parts).failure == nil)
    }

    @Test func `what the kernel starts is named by where it leads`() async throws {
        let found = try await inspection([Self.systemd, Self.unit, Self.link, Self.module, Self.program, Self.systemdInit, Self.systemctl])
        #expect(found.findings.contains { $0.subject == "init" && $0.text == "/usr/lib/systemd/systemd" }, "\(found.findings)")
    }

    @Test func `without our udev rules it boots, but not with a device missing, which is noted`() async throws {
        let found = try await inspection(
            [[Self.systemd[0]], Self.unit, Self.link, Self.module, Self.program, Self.systemdInit, Self.systemctl])
        #expect(found.failure == nil)
        let note = try #require(found.findings.first { $0.subject == "rules" })
        #expect(note.mark == .note && note.text.hasPrefix("there is no /usr/lib/udev/rules.d/65-docker-btrfs.rules: "))
    }

    @Test func `the driver may be part of the kernel`() async throws {
        let builtin: Parts = [.file("lib/modules/6.1/modules.builtin", Array("kernel/fs/ext4/ext4.ko\nkernel/fs/btrfs/btrfs.ko\n".utf8))]
        let found = try await inspection([Self.systemd, Self.unit, Self.link, Self.program, builtin])
        #expect(found.findings.contains(.init(mark: .ok, subject: "btrfs", text: "part of the kernel 6.1")))
    }

    @Test func `a command line that dracut took from the machine it ran on is noted`() async throws {
        let line: Parts = [.file("etc/cmdline.d/20-root-dev.conf", Array(" rootflags=rw,subvol=/old \n".utf8))]
        let found = try await inspection([[.directory("usr/lib/dracut")], Self.dracutHook, Self.module, Self.program, line])
        #expect(found.findings.last?.mark == .note)
        #expect(found.findings.last?.text.contains("which root= and rootflags= in the menu entry replace") == true)
    }

    @Test(arguments: [
        ("", "modules: btrfs is not among those that /etc/docker-btrfs/modules names"),
        (
            "?/usr/lib/modules/x.ko a=1\n",
            "modules: /usr/lib/modules/x.ko, which /etc/docker-btrfs/modules names, is not there or no module"
        ),
        (String(repeating: "?", count: 1 << 20 + 1), "modules: /etc/docker-btrfs/modules has more than 1 MiB"),
        ("/init/../x", "modules: /init/../x, which /etc/docker-btrfs/modules names, is not there or no module"),
    ])
    func `a list of modules that is wrong`(list: String, message: String) async throws {
        let failure = try await inspection([Self.own, Self.ownModule, [.file(modulesListPath, Array(list.utf8))]]).failure
        #expect(failure?.message == "'x' cannot boot an image: \(message)")
    }

    @Test func `an initramfs of something else`() async throws {
        let found = try await inspection([[.file("init", mode: 0o755, Array("#!/bin/sh".utf8))]])
        #expect(found.failure == Failure("'x' cannot boot an image: framework: none that docker-btrfs knows"))
    }

    @Test(arguments: [
        ("udev encrypt docker-btrfs", "base udev block encrypt docker-btrfs filesystems", nil),
        ("udev docker-btrfs", "base udev docker-btrfs filesystems keyboard fsck", nil),
        ("docker-btrfs encrypt", "base docker-btrfs encrypt", "encrypt"),
        ("docker-btrfs lvm2 resume", "base udev", "lvm2"),
        ("docker-btrfs", "docker-btrfs base udev modconf block filesystems fsck", "base"),
        ("udev docker-btrfs", "base docker-btrfs udev block filesystems", "udev"),
        ("udev docker-btrfs resume", "", "resume"),
    ])
    func `the place of mkinitcpio's hook`(runtime: String, hooks: String, later: String?) async throws {
        // As mkinitcpio joins the files, ours at the end. A list that is no list is no longer one when the hooks are run.
        let ours = "\n# ours\n    HOOKS=(\"${HOOKS[@]:0:docker_btrfs_at}\" docker-btrfs \"${HOOKS[@]:docker_btrfs_at}\")\n"
        let parts: Parts = [
            .file("buildconfig", Array("HOOKS=(base old)\nHOOKS=\"\(hooks)\"\(ours)".utf8)),
            .file("config", Array("EARLYHOOKS=\"\"\nHOOKS=\"\(runtime)\"\n".utf8)),
        ]
        let found = try await inspection([parts, Self.hook, Self.scriptInit, Self.switchRoot, Self.program, Self.module])
        let expected = later.map { "'x' cannot boot an image: hook: 'docker-btrfs' stands before '\($0)' in HOOKS" }
        #expect(found.failure?.message == expected)
    }

    @Test func `a hook that stands before systemd is put in as one for busybox`() async throws {
        let parts: Parts = [.file("buildconfig", [])]
        let found = try await inspection([
            parts, Self.systemd, Self.hook, Self.hooksList, Self.systemdInit, Self.systemctl, Self.program, Self.module,
        ])
        #expect(found.failure?.message == "'x' cannot boot an image: unit: 'docker-btrfs' stands before 'systemd' in HOOKS")
    }

    @Test(
        arguments: [
            ([.symlink("init", to: "usr/lib/gone")], "init: there is no /init, which the kernel starts"),
            ([.directory("init")], "init: there is no /init, which the kernel starts"),
            ([.file("init", mode: 0o644, [])], "init: /init cannot be run"),
        ] as [(Parts, String)])
    func `what the kernel cannot start`(parts: Parts, message: String) async throws {
        let found = try await inspection([
            [.directory("usr/lib/dracut")], Self.dracutHook, Self.switchRoot, Self.program, Self.module, parts,
        ])
        #expect(found.failure?.message == "'x' cannot boot an image: \(message)")
    }

    @Test(
        arguments: [
            ([], "'switch_root'"), ([.file("usr/bin/switch_root", [])], "'switch_root'"),
            ([.symlink("sbin/switch_root", to: "/usr/sbin/gone")], "'switch_root'"),
        ] as [(Parts, String)])
    func `nothing starts the new root`(parts: Parts, name: String) async throws {
        let found = try await inspection([
            [.directory("usr/lib/dracut")], Self.dracutHook, Self.scriptInit, Self.program, Self.module, parts,
        ])
        #expect(found.failure?.message == "'x' cannot boot an image: switch: there is no program \(name), which starts the new root")
    }

    @Test func `an image's name is shown, not sent to the terminal`() async throws {
        let name: Parts = [.file("etc/docker-btrfs.json", Array(#"{ "docker_image": "a\u001b[2Jb" }"#.utf8))]
        let found = try await inspection([Self.systemd, Self.unit, Self.link, Self.module, Self.program, name])
        let text = #"could not read the image reference 'a\x1b[2Jb': "#
        #expect(found.findings.contains { $0.mark == .missing && $0.text.hasPrefix(text) }, "\(found.findings)")
    }

    @Test func `an initramfs of mkinitcpio is told of mkinitcpio's files`() async throws {
        let found = try await inspection([[.file("buildconfig", [])], Self.hook])
        #expect(found.commandLineRemedy == "add 'docker_path=' to /etc/kernel/cmdline or /etc/cmdline.d, and build it again")
    }
}
