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

    static let staticProgram = sampleProgram()

    static let whole: [(framework: Framework, parts: [Parts])] = [
        (.none, [own, ownModule, ownList]),
        (.dracutWithSystemd, [[.directory("usr/lib/dracut")], systemd, unit, link]),
        (.dracut, [[.directory("var/lib/dracut")], dracutHook]),
        (.mkinitcpioWithSystemd, [[.file("buildconfig", [])], systemd, unit, link]),
        (.mkinitcpio, [[.file("buildconfig", [])], hook, hooksList]),
        (.initramfsTools, [tools, script, order]),
        (.systemd, [systemd, unit, link]),
    ]

    /// What all the frameworks have.
    private static func common(_ framework: Framework) -> [Parts] { framework == .none ? [] : [program, module] }

    private func inspection(_ parts: [Parts]) async throws -> Inspection {
        try await Inspection(of: InitramfsImage(CPIOWriter.archive(parts.flatMap { $0 }, time: 0), name: "x"))
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
                    without it, a failure would boot an old root; btrfs: there are no kernel modules
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
        let parts = [Self.systemd, Self.unit, Self.link, Self.module, Self.program]
        let broken = try await inspection(parts + [[.file("etc/docker-btrfs.json", Array("{".utf8))]])
        #expect(broken.failure?.message.contains("configuration: could not read '/etc/docker-btrfs.json': it is not JSON: ") == true)
        #expect(try await inspection(parts).failure == nil)
    }

    @Test func `without our udev rules it boots, but not with a device missing, which is noted`() async throws {
        let found = try await inspection([[Self.systemd[0]], Self.unit, Self.link, Self.module, Self.program])
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
}
