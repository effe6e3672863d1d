import Basics
import Fixtures
import Foundation
import TestSupport
import Testing

@testable import Deployments

/// What was installed and removed in a root, by the databases of the package managers.
struct PackageTests {
    private let root = Fixture()
    private let base = Fixture()

    /// dpkg's stanza of a package, and the list of its files.
    private static func package(_ name: String, _ more: [String] = [], version: String = "1", architecture: String = "amd64") -> String {
        (["Package: \(name)", "Status: install ok installed", "Architecture: \(architecture)", "Version: \(version)"] + more
            + ["Description: \(name)", " Depends: nothing", " .", ""])
            .joined(separator: "\n")
    }

    private func debian(now: [String], before: [String], automatic: [String] = []) throws -> PackageDifference? {
        let dpkg = Self.package("dpkg")
        try root.write(([dpkg] + now).joined(separator: "\n"), to: "var/lib/dpkg/status")
        try base.write(([dpkg] + before).joined(separator: "\n"), to: "var/lib/dpkg/status")
        let marks = automatic.map { "Package: \($0)\nArchitecture: amd64\nAuto-Installed: 1\n" }
        try root.write(marks.joined(separator: "\n"), to: "var/lib/apt/extended_states")
        return try PackageDifference(of: root.directory(), from: base.directory())
    }

    private func words(_ difference: PackageDifference?) -> [String] {
        difference?.commands { _ in true }.map { $0.filter { !$0.hasPrefix("-") && !$0.hasPrefix("DEBIAN") }.joined(separator: " ") } ?? []
    }

    @Test func `what came for another package's sake is not named, what was only recommended is`() throws {
        let difference = try debian(
            now: [
                Self.package("wanted", ["Pre-Depends: first (>= 1:2) | other", "Depends: virtual:any, circle"]), Self.package("first"),
                Self.package("real", ["Provides: virtual (= 1), more", "Depends: deep [amd64]"]), Self.package("deep"),
                Self.package("circle", ["Depends: round"]), Self.package("round", ["Depends: circle"]),
                Self.package("recommended", ["Depends: its"]), Self.package("its"), Self.package("wanted", architecture: "i386"),
                Self.package("grown", version: "2"),
            ],
            before: [Self.package("grown"), Self.package("gone")],
            automatic: ["first", "real", "deep", "circle", "round", "recommended", "its", "grown"])
        #expect(
            words(difference) == [
                "apt-get update", "apt-get install recommended wanted wanted:i386", "apt-get install grown", "apt-get purge gone",
            ])
        #expect(difference?.commands { $0 == "gone" } == [["DEBIAN_FRONTEND=noninteractive", "apt-get", "purge", "--yes", "gone"]])
    }

    @Test func `what is no name of a package goes into no command`() throws {
        let names = ["-o", "a b", "x;reboot", "$(id)", "--purge", "é", ""]
        #expect(
            words(try debian(now: names.map { Self.package($0) } + [Self.package("g++")], before: [])) == [
                "apt-get update", "apt-get install g++",
            ])
    }

    @Test func `what was not unpacked is not installed, and nothing new is no difference`() throws {
        let removed = "Package: gone\nStatus: deinstall ok config-files\nArchitecture: amd64\nVersion: 1\n"
        #expect(words(try debian(now: [removed], before: [Self.package("gone")])) == ["apt-get purge gone"])
        #expect(try debian(now: [Self.package("same"), removed], before: [removed, Self.package("same")]) == nil)
    }

    @Test func `files are packages', but not a configuration that a person wrote`() throws {
        let conffiles = [
            "Conffiles:", " /etc/tool/a file 7ac66c0f148de9519b8bd264312c4d64",
            " /etc/tool/other 7ac66c0f148de9519b8bd264312c4d64 obsolete",
        ]
        try root.write("own", to: "usr/lib/tool/own")
        try root.link("lib", to: "usr/lib")
        try root.write("abcdefg", to: "etc/tool/a file")
        try root.write("changed", to: "etc/tool/other")
        try root.link("etc/enabled", to: "/lib/tool/own")
        try root.link("etc/x", to: "/etc/alternatives/x")
        try root.link("etc/loop", to: "loop")
        try root.write(
            "/.\n/lib\n/lib/tool\n/lib/tool/own\n/lib/tool/changed\n/lib/tool/large\n/etc/tool\n/etc/tool/a file\n/etc/tool/other\n",
            to: "var/lib/dpkg/info/tool:amd64.list")
        try root.write("changed", to: "usr/lib/tool/changed")
        // More than is read at once.
        try root.write(Data(count: 65 << 20), to: "usr/lib/tool/large")
        for name in ["etc/managed", "etc/managed.changed"] { try root.write(name == "etc/managed" ? "abcdefg" : "other", to: name) }
        try root.write(
            "7ac66c0f148de9519b8bd264312c4d64  /etc/managed\n7ac66c0f148de9519b8bd264312c4d64  /etc/managed.changed\n",
            to: "var/lib/ucf/hashfile")
        try root.write(
            "e3b3ba8ec0b9a50a8c5a2c56a31bd7ad  lib/tool/changed\ne3b3ba8ec0b9a50a8c5a2c56a31bd7ad  lib/tool/large\n5ebe2294ecd0e0f08eab7690d2a6ee69  lib/tool/gone\n",
            to: "var/lib/dpkg/info/tool:amd64.md5sums")
        let difference = try #require(try debian(now: [Self.package("tool", conffiles)], before: []))
        let owners = { (path: Path) in try difference.owners(of: RootChange(.added, path, .file)) }
        #expect(try owners("usr/lib/tool/own") == ["tool"] && owners("etc/tool/a file") == ["tool"])
        #expect(try owners("etc/tool/other") == [] && owners("usr/lib/tool/mine") == [] && owners("usr/lib/tool/changed") == [])
        #expect(try owners("usr/lib/tool/large") == [])
        #expect(try difference.owners(of: RootChange(.added, "etc/tool", .directory)) == ["tool"])
        #expect(try difference.owners(of: RootChange(.changed, "etc/tool", .directory, [.mode])) == [])
        let isTrace = { (path: Path, kind: RootChange.FileKind) in try difference.isTrace(RootChange(.added, path, kind)) }
        #expect(try isTrace("etc/enabled", .symlink) && isTrace("etc/x", .symlink))
        #expect(try !isTrace("etc/loop", .symlink) && !isTrace("etc/tool/other", .file))
        #expect(try isTrace("etc/managed", .file) && !isTrace("etc/managed.changed", .file))
        #expect(try isTrace("etc/ssh/ssh_host_rsa_key", .file) && !isTrace("etc/ssh/sshd_config", .file))
        #expect(try isTrace("etc/passwd", .file) && isTrace("boot/initrd.img-6.1", .file))
    }

    @Test func `what somebody deleted of a new package is known, what dpkg does not unpack is not meant`() throws {
        try root.write(
            "/.\n/usr\n/usr/bin\n/usr/bin/tool\n/usr/bin/gone\n/usr/lib/tool\n/usr/lib/tool/a\n/usr/share/doc/tool/copyright\n/usr/bin/moved\n",
            to: "var/lib/dpkg/info/tool.list")
        try root.write("tool", to: "usr/bin/tool")
        try root.write("# path-exclude=/usr/bin/*\npath-exclude=/usr/share/doc/*\npath-include=/x\n", to: "etc/dpkg/dpkg.cfg.d/docker")
        try root.write("/usr/bin/moved\n/usr/bin/moved.distrib\n:\n", to: "var/lib/dpkg/diversions")
        let difference = try #require(try debian(now: [Self.package("tool")], before: []))
        #expect(difference.deletions { _ in true } == ["usr/bin/gone", "usr/lib/tool"])
        #expect(difference.deletions { $0 == "other" } == [])
    }

    @Test func `of a package that was brought to another version, what a person did is not the package's`() throws {
        let list = ["/etc", "/etc/cron.daily", "/etc/cron.daily/tool", "/usr/bin", "/usr/bin/tool", "/usr/lib", "/usr/lib/tool.so"]
        try base.write((list + ["/usr/lib/tool.so.1", "/usr/bin/old"]).joined(separator: "\n"), to: "var/lib/dpkg/info/tool.list")
        try root.write((list + ["/usr/lib/tool.so.2"]).joined(separator: "\n"), to: "var/lib/dpkg/info/tool.list")
        try root.write("abcdefg", to: "usr/bin/tool")
        try root.write("own", to: "usr/bin/old")
        try root.write("library", to: "usr/lib/tool.so.2")
        try root.write("mine", to: "opt/mine.so")
        try root.link("usr/lib/tool.so", to: "tool.so.2")
        try root.write("7ac66c0f148de9519b8bd264312c4d64  usr/bin/tool\n", to: "var/lib/dpkg/info/tool.md5sums")
        try root.write("abcdefg", to: "etc/managed")
        try root.write("7ac66c0f148de9519b8bd264312c4d64  /etc/managed\n", to: "var/lib/ucf/hashfile")
        let difference = try #require(
            try debian(now: [Self.package("tool", version: "2")], before: [Self.package("tool"), Self.package("gone")]))
        let owners = { (change: RootChange) in try difference.owners(of: change) }
        #expect(try owners(RootChange(.deleted, "etc/cron.daily/tool", .file)) == [])
        #expect(try owners(RootChange(.deleted, "usr/lib/tool.so.1", .file)) == ["tool"])
        #expect(try owners(RootChange(.changed, "usr/bin/old", .file, [.content])) == [])
        #expect(try owners(RootChange(.changed, "usr/bin/tool", .file, [.mode, .owner])) == [])
        let both = RootChange(.changed, "usr/bin/tool", .file, [.content, .mode])
        #expect(try owners(both) == ["tool"])
        #expect(both.besidesContent == RootChange(.changed, "usr/bin/tool", .file, [.mode]))
        #expect(try owners(RootChange(.changed, "usr/lib/tool.so", .symlink, [.content])) == ["tool"])
        try root.remove("usr/lib/tool.so")
        try root.link("usr/lib/tool.so", to: "/opt/mine.so")
        #expect(try owners(RootChange(.changed, "usr/lib/tool.so", .symlink, [.content])) == [])
        #expect(try !difference.isTrace(RootChange(.changed, "usr/lib/tool.so", .symlink, [.content])))
        #expect(try difference.isTrace(RootChange(.changed, "etc/managed", .file, [.content])))
        #expect(try !difference.isTrace(RootChange(.changed, "etc/managed", .file, [.mode])))
    }

    @Test func `pacman's packages are named as Debian's are`() throws {
        func add(_ fixture: Fixture, _ name: String, _ version: String, _ more: String = "", files: String = "") throws {
            try fixture.write("%NAME%\n\(name)\n\n%VERSION%\n\(version)\n\n\(more)", to: "var/lib/pacman/local/\(name)-\(version)/desc")
            try fixture.write("%FILES%\n\(files)", to: "var/lib/pacman/local/\(name)-\(version)/files")
        }
        for fixture in [root, base] { try fixture.write("9\n", to: "var/lib/pacman/local/ALPM_DB_VERSION") }
        try add(base, "gone", "1-1", files: "usr/\nusr/gone\n")
        try add(root, "wanted", "1-1", "%DEPENDS%\nlibrary>=2\nvirtual\n\n", files: "usr/\nusr/wanted\n\n%BACKUP%\netc/a\t0\n")
        try add(root, "library", "2-1", "%REASON%\n1\n\n")
        try add(root, "real", "2-1", "%REASON%\n1\n\n%PROVIDES%\nvirtual=3\n\n")
        let difference = try #require(try PackageDifference(of: root.directory(), from: base.directory()))
        #expect(
            difference.commands { _ in true } == [
                ["pacman", "-Syu", "--noconfirm", "--needed", "wanted"], ["pacman", "-Rn", "--noconfirm", "gone"],
            ])
        #expect(try difference.owners(of: RootChange(.deleted, "usr/gone", .file)) == ["gone"])
        #expect(try difference.owners(of: RootChange(.added, "usr/wanted", .file)) == ["wanted"])
    }
}
