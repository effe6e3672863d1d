import Basics
import Foundation
import TestSupport
import Testing

@testable import Initramfs

struct CPIOTests {
    /// A file of every kind, two of them one file.
    static let entries: [CPIOEntry] = [
        .directory("dev"),
        CPIOEntry("dev/console", mode: 0o020600, device: .init(major: 5, minor: 1)),
        .file("empty", []),
        .symlink("lib", to: "usr/lib"),
        .directory("usr", mode: 0o1777),
        CPIOEntry("usr/a", mode: 0o100755, content: Array("a program".utf8)[...], inode: 7, links: 2),
        CPIOEntry("usr/b", mode: 0o100755, content: Array("a program".utf8)[...], inode: 7, links: 2),
        .file("usr/secret", mode: 0o600, Array("odd".utf8)),
    ]

    static let archive = CPIOWriter.archive(entries, time: 1_700_000_000)

    private func read(_ bytes: [UInt8]) throws -> [CPIOEntry] {
        try CPIOReader.read(bytes[...], name: "x").entries
    }

    @Test func `what is written is read again`() throws {
        let found = try read(Self.archive)
        #expect(found.map(\.path) == Self.entries.map(\.path))
        #expect(found.map(\.mode) == Self.entries.map(\.mode))
        #expect(found.map { Array($0.content) } == Self.entries.map { Array($0.content) })
        #expect(found.map(\.device) == Self.entries.map(\.device))
        #expect(found[5].inode == found[6].inode)
    }

    @Test func `the order of the entries makes no difference`() {
        #expect(CPIOWriter.archive(Self.entries.reversed(), time: 1_700_000_000) == Self.archive)
    }

    @Test func `GNU cpio unpacks it`() async throws {
        let scratch = try Scratch()
        try scratch.write(Self.archive, to: "a.cpio")
        let listed = try await scratch.shell(
            "mkdir out; cd out; cpio --quiet -i -H newc -m < ../a.cpio 2> ../errors || true; find . -mindepth 1 | sort")
        let without = Self.entries.filter { getuid() == 0 || $0.kind != .characterDevice }
        #expect(listed == without.map { ".\($0.path)\n" }.sorted().joined())
        #expect(
            try await scratch.shell("stat --format '%A %h %Y %s' out/usr/a out/usr/b")
                == "-rwxr-xr-x 2 1700000000 9\n-rwxr-xr-x 2 1700000000 9\n")
        #expect(try await scratch.shell("cat out/usr/b; readlink out/lib") == "a programusr/lib\n")
    }

    @Test func `archives of GNU cpio are read, with hard links and any name`() async throws {
        let scratch = try Scratch()
        try await scratch.shell(
            #"""
            mkdir -p in/sub; printf content > in/one; ln in/one in/sub/two; ln -s ../one in/sub/link
            : > in/sub/$'new\nline\xff'; mkfifo in/fifo; chmod 640 in/one
            cd in; find . -print0 | cpio --quiet -0 -o -H newc > ../a.cpio
            """#)
        let found = try read(try scratch.read("a.cpio"))
        let paths = Dictionary(uniqueKeysWithValues: found.map { ($0.path, $0) })
        #expect(paths["one"]?.content.elementsEqual("content".utf8) == true)
        #expect(paths["sub/two"]?.content == paths["one"]?.content)
        #expect(paths["one"]?.permissions == 0o640)
        #expect(paths["sub/link"]?.content.elementsEqual("../one".utf8) == true)
        #expect(paths["fifo"]?.kind == .fifo)
        let odd = try #require(Path(Array("sub/new\nline".utf8) + [0xff]))
        #expect(paths[odd]?.kind == .file)
        #expect(found.count == 7)
    }

    @Test func `the format with check sums is read`() async throws {
        let scratch = try Scratch()
        try await scratch.shell("printf content > one; echo one | cpio --quiet -o -H crc > a.cpio")
        #expect(try read(try scratch.read("a.cpio")).map(\.path) == ["one"])
    }

    @Test func `an archive that is cut off is named, wherever it ends`() throws {
        let padding = 3
        for count in 0..<(Self.archive.count - padding) {
            #expect(throws: Failure("could not read 'x': it is cut off: its cpio archive goes on after byte \(count)")) {
                try read(Array(Self.archive.prefix(count)))
            }
        }
    }

    @Test func `a byte that is wrong is refused or is read as another, wherever it stands`() throws {
        for position in Self.archive.indices {
            for value: UInt8 in [0, 0x2e, 0x30, 0x66, 0xff] {
                var bytes = Self.archive
                bytes[position] = value
                do {
                    #expect(try read(bytes).count <= Self.entries.count + 1)
                } catch let failure as Failure {
                    #expect(failure.message.hasPrefix("could not read 'x': "))
                }
            }
        }
    }

    @Test func `a path that leads up is refused`() {
        let archive = CPIOWriter.archive([.file("aa/b", [])], time: 0)
        let leading = Array(String(decoding: archive, as: UTF8.self).replacingOccurrences(of: "aa/b", with: "../b").utf8)
        #expect(throws: Failure("could not read 'x': there is no cpio header at byte 0")) { try read(leading) }
    }
}
