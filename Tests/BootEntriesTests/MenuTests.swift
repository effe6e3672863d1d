import Basics
import Foundation
import TestSupport
import Testing

@testable import BootEntries

@Suite struct MenuTests {
    @Test(arguments: [BootLoader.refind, .grub, .systemdBoot])
    func files(_ loader: BootLoader) throws {
        try expectGolden(loader.files(for: .example()), loader.rawValue)
    }

    @Test func aPersonReadsThem() throws {
        try expectGolden([MenuFile(path: "entries", text: BootLoader.lines(of: .example()).map { $0 + "\n" }.joined())], "print")
    }

    /// The default is what is written last: whatever a power cut leaves, one file is whole.
    @Test(arguments: [BootLoader.refind, .grub])
    func theDefaultIsLast(_ loader: BootLoader) throws {
        let files = try loader.files(for: .example())
        #expect(try #require(files.last).text.contains("fefadf163068"))
        #expect(files.dropLast().allSatisfy { !$0.text.contains("fefadf163068") })
        #expect(files.allSatisfy { MenuFile.isOurs(Array($0.text.utf8)) })
    }

    /// While it comes or goes, no two have the same version, of which systemd-boot takes whichever; and no version is above that which is
    /// written first.
    @Test func anEntryOfSystemdBootChangesNoOther() throws {
        let menu = try BootMenu.example()
        let files = try BootLoader.systemdBoot.files(for: menu)
        for (index, file) in files.enumerated() {
            var others = menu.entries
            others.remove(at: index)
            #expect(try BootLoader.systemdBoot.files(for: BootMenu(volume: menu.volume, entries: others)) == files.filter { $0 != file })
        }
        #expect(files.map { LoaderSpecificationMenu.version(of: $0.text) } == [12, 9, 1, 0])
        #expect(files.allSatisfy { MenuFile.isOurs(Array($0.text.utf8)) })
    }

    @Test(arguments: [BootLoader.refind, .grub])
    func aMenuWithoutEntries(_ loader: BootLoader) throws {
        let menu = try BootMenu(volume: BootMenu.example().volume, entries: [])
        for file in try loader.files(for: menu) { #expect(!file.text.contains("menuentry") && !file.text.contains("default")) }
    }

    @Test func systemdBootStartsAUnifiedKernelImage() throws {
        let options = try KernelOptions("quiet")
        let entry = BootEntry(id: "docker-btrfs-x", title: "x", kernel: "uki-1", initrds: [], options: options, isUnified: true, number: 1)
        let files = try BootLoader.systemdBoot.files(for: BootMenu(volume: BootMenu.example().volume, entries: [entry]))
        #expect(try #require(files.first).text.hasSuffix("\nversion 1\nefi /uki-1\noptions quiet\n"))
        let failure = #expect(throws: Failure.self) {
            try BootLoader.grub.files(for: BootMenu(volume: BootMenu.example().volume, entries: [entry]))
        }
        #expect(failure?.message == "could not write the entry 'x' for GRUB: its kernel is in a unified kernel image")
    }

    @Test func grubReadsThem() async throws {
        for file in try BootLoader.grub.files(for: .example()) + [GrubMenu.customFile] {
            let place = FileManager.default.temporaryDirectory.appending(path: "docker-btrfs-\(UUID().uuidString).cfg")
            defer { try? FileManager.default.removeItem(at: place) }
            try Data(file.text.utf8).write(to: place)
            try await output(of: ["grub-script-check", place.path])
        }
    }

    /// With an accent after it a quote is another letter to people, and to boot loaders the same.
    @Test func aQuoteWithAnAccentIsOneToo() async throws {
        let entry = BootEntry(id: "x", title: "a'\u{301}b\"\u{301}c", kernel: "k", initrds: [], options: .none)
        let menu = try BootMenu(volume: BootMenu.example().volume, entries: [entry])
        #expect(try #require(BootLoader.grub.files(for: menu).last).text.contains("'a'\\''\u{301}b\"\u{301}c'"))
        #expect(try #require(BootLoader.refind.files(for: menu).last).text.contains("\"a'\u{301}b\"\"\u{301}c\""))
        try grubCannotHandThemOn("x=it'\u{301}s")
        #expect(throws: Failure.self) { try KernelOptions("x", "a\"\u{301}") }
        #expect(try KernelOptions("root=\u{301}x quiet").without { $0 == "root" }.description == "quiet")
    }

    /// lib/cmdline.c of GRUB puts a backslash before them.
    @Test(arguments: ["x=it's", "x=a\\040b"])
    func grubCannotHandThemOn(_ option: String) throws {
        let entry = BootEntry(id: "x", title: "x", kernel: "k", initrds: [], options: try KernelOptions(option))
        let menu = try BootMenu(volume: BootMenu.example().volume, entries: [entry])
        let failure = #expect(throws: Failure.self) { try BootLoader.grub.files(for: menu) }
        #expect(failure?.message == "could not write the kernel option '\(option)' for GRUB: it changes ' and \\ on the way to the kernel")
    }
}

@Suite struct KernelOptionsTests {
    @Test func wordsAreTheKernels() throws {
        #expect(try KernelOptions(#"  a b="c d"  "e=f g" h"#).words == ["a", #"b="c d""#, #""e=f g""#, "h"])
        #expect(try KernelOptions("toplayer", "LABEL=a b").words == [#"toplayer="LABEL=a b""#])
    }

    @Test(arguments: ["a=\"b", "a=b\nc"])
    func badText(_ text: String) { #expect(throws: Failure.self) { try KernelOptions(text) } }

    @Test func badValue() { #expect(throws: Failure.self) { try KernelOptions("toplayer", "LABEL=a\"b") } }

    /// rEFInd finds volumes by a GUID of a partition, or by a label, and its own without a line.
    @Test(
        arguments: [
            (nil, nil, nil), ("linux", nil, "linux"), ("linux", "8f3d0a55-02", "linux"), (nil, "8f3d0a55-02", nil),
            ("linux", "5f0c7a36-0b8e-4a59-9a3d-2f5b2f5e7d11", "5f0c7a36-0b8e-4a59-9a3d-2f5b2f5e7d11"),
        ] as [(String?, String?, String?)])
    func `rEFInd is told a volume that it knows`(label: String?, partition: String?, expected: String?) throws {
        let example = try BootMenu.example()
        let volume = BootVolume(uuid: "2d4c64db-7ecb-294e-9f43-f31960545a27", label: label, partition: partition)
        let text = try BootLoader.refind.files(for: BootMenu(volume: volume, entries: example.entries)).map(\.text).joined()
        let lines = text.split(separator: "\n").filter { $0.contains("volume ") }
        #expect(lines == Array(repeating: expected.map { "    volume  \"\($0)\"" } ?? "", count: expected == nil ? 0 : 4))
    }

    @Test func whatIsTheMachinesOwn() throws {
        let line =
            #"BOOT_IMAGE=/vmlinuz root=UUID=1 ro quiet security=selinux selinux=1 enforcing=1 rd.luks.uuid=2 "dyndbg=file x +p" docker_path=d toplayer_path=b initrd=\x console=ttyS0 single s 1 -b rd.break noresume docker-mode=persist rdinit=/x -- 3"#
        #expect(try KernelOptions(line).ofTheMachine.description == #"quiet rd.luks.uuid=2 "dyndbg=file x +p" console=ttyS0"#)
    }
}
