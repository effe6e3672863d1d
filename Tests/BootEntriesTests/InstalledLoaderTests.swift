import Basics
import Foundation
import Testing

@testable import BootEntries

/// Partitions as they are, in a folder.
@Suite final class InstalledLoaderTests {
    let folder = FileManager.default.temporaryDirectory.appending(path: "docker-btrfs-\(UUID().uuidString)")

    init() throws { try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true) }

    deinit { try? FileManager.default.removeItem(at: folder) }

    private func write(_ text: String, to path: String) throws {
        let place = folder.appending(path: path)
        try FileManager.default.createDirectory(at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: place)
    }

    private func only() throws -> InstalledLoader {
        let all = try InstalledLoader.all(in: Directory(opening: folder.path, label: ""))
        #expect(all.count == 1)
        return try #require(all.first)
    }

    @Test func none() throws {
        try write("", to: "EFI/BOOT/BOOTX64.EFI")
        #expect(try InstalledLoader.all(in: Directory(opening: folder.path)).isEmpty)
    }

    @Test func `an EFI that is no directory has none, and hides none`() throws {
        try write("x", to: "EFI")
        try write("source custom.cfg\n", to: "grub/grub.cfg")
        #expect(try only().kind == .grub)
    }

    @Test(arguments: [("\u{6}\0\0\0\u{1}", true), ("\u{6}\0\0\0\0", false), ("\u{6}\0", false), (nil, false)] as [(String?, Bool)])
    func `whether Secure Boot is on, the firmware says`(content: String?, isOn: Bool) throws {
        if let content { try write(content, to: "SecureBoot-8be4df61-93ca-11d2-aa0d-00e098032b8c") }
        #expect(InstalledLoader.hasSecureBoot(folder.path) == isOn)
    }

    @Test(arguments: [
        ("scanfor internal,external", false), ("scanfor internal, manual", true), ("#scanfor internal", true), ("scanfor +,tools", true),
        ("ScanFor internal", false), ("scanfor=internal", false), ("SCANFOR = \"Manual\"", true),
    ])
    func `a rEFInd that shows no entries of a configuration is told`(line: String, isShown: Bool) throws {
        try write("\(line)\n", to: "EFI/refind/refind.conf")
        #expect(try (only().wayIn().note == nil) == isShown)
    }

    @Test func refindNeedsTwoLines() throws {
        try write("timeout 2\n# include docker-btrfs.conf\nINCLUDE docker-btrfs-earlier.conf\n", to: "EFI/refind/refind.conf")
        let loader = try only()
        #expect(loader.kind == .refind && loader.folder == "EFI/refind")
        #expect(try loader.wayIn() == WayIn(missing: .init(file: "refind.conf", lines: ["include docker-btrfs.conf"])))
        try write("include docker-btrfs-earlier.conf\ninclude \"docker-btrfs.conf\" # ours\n", to: "EFI/refind/refind.conf")
        #expect(try loader.wayIn() == WayIn())
    }

    @Test(
        arguments: [
            ("default_selection Microsoft\ninclude docker-btrfs-earlier.conf\ninclude docker-btrfs.conf\n", true),
            ("include docker-btrfs-earlier.conf\ninclude \"docker-btrfs.conf\"\nDefault_Selection Microsoft\n", false),
            ("include docker-btrfs-earlier.conf\ninclude docker-btrfs.conf\n#default_selection x\n", true),
            ("include docker-btrfs-earlier.conf\ninclude docker-btrfs.conf\ndefault_selection=x\n", false),
            ("include docker-btrfs-earlier.conf\ninclude docker-btrfs.conf\ndefault_selection x\ninclude themes/x.conf\n", false),
        ])
    func `a rEFInd that chooses another entry after ours is told`(configuration: String, isOurs: Bool) throws {
        try write(configuration, to: "EFI/refind/refind.conf")
        #expect(try (only().wayIn() == WayIn()) == isOurs)
    }

    @Test(
        arguments: [
            ("menuentry 'Debian' --class debian --unrestricted {\n}\n", true),
            ("menuentry 'Debian' --class debian {\n}\n# --unrestricted\nset superusers=root\n", false),
            ("  menuentry 'Debian' --unrestricted --id x {\n", true),
        ])
    func `an entry asks for no password of GRUB where its own ask for none`(configuration: String, isFree: Bool) throws {
        try write(configuration, to: "grub/grub.cfg")
        #expect(try only().letsAnybodyStartEntries == isFree)
        let example = try BootMenu.example()
        let menu = BootMenu(volume: example.volume, entries: example.entries, isUnrestricted: isFree)
        let lines = try BootLoader.grub.files(for: menu).flatMap { $0.text.split(separator: "\n") }.filter { $0.hasPrefix("menuentry ") }
        #expect(lines.count == 4 && lines.allSatisfy { $0.contains(" --unrestricted ") == isFree })
    }

    @Test(
        arguments: [
            ("insmod blscfg\nblscfg\n", "grub_arg --unrestricted", true), ("blscfg\n", "grub_users $grub_users", false),
            ("menuentry x {\n}\n", "grub_arg --unrestricted", false),
        ])
    func `the entries of Fedora's GRUB are files beside it`(configuration: String, line: String, isFree: Bool) throws {
        try write(configuration, to: "grub2/grub.cfg")
        #expect(try !only().letsAnybodyStartEntries)
        try write("title Fedora\n\(line)\ngrub_class fedora\n", to: "loader/entries/fedora.conf")
        #expect(try only().letsAnybodyStartEntries == isFree)
    }

    @Test func grubGetsOurCustomFile() throws {
        try write("source ${config_directory}/custom.cfg\n", to: "grub/grub.cfg")
        let loader = try only()
        #expect(try loader.wayIn() == WayIn(file: GrubMenu.customFile))
        try write(GrubMenu.customFile.text, to: "grub/custom.cfg")
        #expect(try loader.wayIn() == WayIn())
    }

    @Test func grubWithACustomFileOfSomebodyElse() throws {
        try write("source custom.cfg\n", to: "grub/grub.cfg")
        try write("menuentry x { true }\n", to: "grub/custom.cfg")
        #expect(try only().wayIn().missing == .init(file: "custom.cfg", lines: GrubMenu.wayIn))
        let custom = folder.appending(path: "grub/custom.cfg").path
        try FileManager.default.removeItem(atPath: custom)
        try FileManager.default.createSymbolicLink(atPath: custom, withDestinationPath: "/etc/somebodys.cfg")
        #expect(try only().wayIn() == WayIn(missing: .init(file: "custom.cfg", lines: GrubMenu.wayIn)))
        try FileManager.default.removeItem(atPath: custom)
        try write("menuentry x { true }\n\(GrubMenu.wayIn.joined(separator: "\n"))\n", to: "grub/custom.cfg")
        #expect(try only().wayIn() == WayIn())
        try write("menuentry x { true }\n\(GrubMenu.wayIn.map { "\t# \($0)\n" }.joined())", to: "grub/custom.cfg")
        #expect(try only().wayIn() == WayIn(missing: .init(file: "custom.cfg", lines: GrubMenu.wayIn)))
    }

    @Test(
        arguments: [
            ("set default=win\nOURS", true), ("OURSset default=win\n", false), ("OURS  set default=\"1\"\n", false),
            ("OURSdefault=win\n", false), ("OURS# set default=win\nset timeout=2\n", true), ("#OURSset default=win\nOURS", true),
        ])
    func `a GRUB that chooses another entry after ours is told`(custom: String, isOurs: Bool) throws {
        try write("source custom.cfg\n", to: "grub/grub.cfg")
        try write(custom.replacing("OURS", with: GrubMenu.wayIn.joined(separator: "\n") + "\n"), to: "grub/custom.cfg")
        #expect(try (only().wayIn() == WayIn()) == isOurs)
    }

    @Test func grubIsToldOfOneBoot() throws {
        try write("menuentry x { true }\n", to: "grub/grub.cfg")
        let loader = try only()
        func block(_ text: String) -> String { text.padding(toLength: 1024, withPad: "#", startingAt: 0) }
        func reason() -> String? {
            let failure = #expect(throws: Failure.self) { _ = try loader.nextBoot("docker-btrfs-1") }
            return failure?.message
        }
        #expect(reason()?.contains("does not look at next_entry") == true)
        try write("if [ \"${next_entry}\" ]; then true; fi\n", to: "grub/grub.cfg")
        #expect(reason()?.contains("is not there, or is no environment of GRUB") == true)
        let title = "# GRUB Environment Block\n"
        try write(block("\(title)\(String(repeating: "x", count: 980))=\n"), to: "grub/grubenv")
        #expect(reason()?.hasSuffix("/grubenv' is full") == true)
        try write(block("\(title)# WARNING: mine\nnext_entry=other\nsaved_entry=two words\n"), to: "grub/grubenv")
        guard case .grubEnvironment(let file) = try loader.nextBoot("docker-btrfs-1") else {
            Issue.record("another way")
            return
        }
        #expect(try loader.entryOnce() == "other")
        #expect(try loader.toldOnce()?.id == nil)
        #expect(file.path == "grubenv" && file.text.utf8.count == 1024)
        #expect(file.text.hasPrefix("\(title)saved_entry=two words\nnext_entry=docker-btrfs-1\n###"))
        // As GRUB leaves it.
        try write(block("\(title)next_entry=\n"), to: "grub/grubenv")
        #expect(try loader.entryOnce() == nil)
    }

    @Test func entriesOfFedorasGrubAreNoOtherLoader() throws {
        try write("source $prefix/custom.cfg; blscfg\n", to: "grub2/grub.cfg")
        try write("title Fedora\n", to: "loader/entries/fedora.conf")
        #expect(try only().kind == .grub)
        // Of ours, systemd-boot's are that too: its loader.conf may be on another partition.
        try write("\(ownership)\n", to: "loader/entries/docker-btrfs-fefadf163068.conf")
        let all = try InstalledLoader.all(in: Directory(opening: folder.path, label: ""))
        #expect(all.map(\.kind) == [.grub, .systemdBoot])
        try write("timeout 2\n", to: "loader/loader.conf")
        #expect(try InstalledLoader.all(in: Directory(opening: folder.path, label: "")).map(\.kind) == [.grub, .systemdBoot])
    }

    @Test func grubThatSourcesNothing() throws {
        try write("menuentry x { true }\n", to: "grub/grub.cfg")
        #expect(try only().wayIn().note?.contains("does not source custom.cfg") == true)
    }

    @Test func systemdBootThatChoosesAnother() throws {
        try write("timeout 3\ndefault  arch.conf\n", to: "loader/loader.conf")
        #expect(try only().wayIn().note?.contains("chooses 'arch.conf'") == true)
        try write("default docker-btrfs-*\n", to: "loader/loader.conf")
        #expect(try only().wayIn() == WayIn())
        // It stays the first when another one is deployed.
        try write("default docker-btrfs-fefadf163068.conf\n", to: "loader/loader.conf")
        #expect(try only().wayIn().note?.contains("chooses 'docker-btrfs-fefadf163068.conf'") == true)
    }

    @Test func leftoversAreOurs() throws {
        let files = try BootLoader.systemdBoot.files(for: .example())
        for file in files { try write(file.text, to: file.path.description) }
        try write("title x\n", to: "loader/entries/docker-btrfs-mine.conf")
        try write("title x\n", to: "loader/entries/arch.conf")
        let found = try only().leftovers(but: files.filter { $0.path != "loader/entries/docker-btrfs-root-5e2bf57d3f40.conf" })
        #expect(found == ["loader/entries/docker-btrfs-root-5e2bf57d3f40.conf"])
    }

    @Test(arguments: [
        (BootLoader.refind, "EFI/refind", "refind.conf"), (.grub, "grub", "grub.cfg"), (.systemdBoot, ".", "loader/loader.conf"),
    ])
    func whatIsBootedWhenNobodyChooses(kind: BootLoader, place: String, configuration: String) throws {
        try write("", to: "\(place)/\(configuration)")
        #expect(try only().textOfDefault() == nil)
        let menu = try BootMenu.example()
        for file in try kind.files(for: menu) { try write(file.text, to: "\(place)/\(file.path)") }
        let text = try #require(try only().textOfDefault())
        #expect(text.contains("docker_deployed=fefadf163068") && !text.contains("vmlinuz-1"))
    }

    @Test func aFileOfSomebodyElseIsNotReplaced() throws {
        try write("", to: "EFI/refind/refind.conf")
        try write("menuentry \"mine\" {}\n", to: "EFI/refind/docker-btrfs.conf")
        let loader = try only()
        let failure = #expect(throws: Failure.self) { try loader.checkOwnership(of: BootLoader.refind.files(for: .example())) }
        #expect(failure?.message.hasSuffix("docker-btrfs.conf': it is there and is not from docker-btrfs") == true)
    }

    /// What a power cut leaves of one of ours on a FAT.
    @Test func aFileOfOurNameWithoutContentIsReplaced() throws {
        try write("", to: "EFI/refind/refind.conf")
        try write("", to: "EFI/refind/docker-btrfs.conf")
        let loader = try only()
        try loader.checkOwnership(of: BootLoader.refind.files(for: .example()))
        #expect(try loader.ownFiles() == ["docker-btrfs.conf"])
    }
}
