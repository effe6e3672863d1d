import Basics
import Fixtures
import Foundation
import Planning
import Testing

@testable import Boot

/// An image whose layers are not merged yet is looked at as it will be. The store is containerd's, with bb3:v1 in three layers.
struct ImageLayerTests {
    private let tree: Tree
    private let base = Self.layer(1)
    private let middle = Self.layer(2)
    private let top = Self.layer(3)

    /// The lowest is number 1.
    private static func layer(_ number: Int) -> String {
        "docker/io.containerd.snapshotter.v1.overlayfs/snapshots/\(number)/fs"
    }

    /// The base is merged (/lib is a symlink), as in every distribution; what is installed above lies at its real place alone.
    init() throws {
        tree = try Tree(of: .containerdOverlayfs)
        for directory in ["proc", "sys", "dev", "run", "tmp", "usr/bin"] { try tree.make("\(base)/\(directory)") }
        for name in ["bin", "lib", "sbin"] { try tree.link("\(base)/\(name)", to: "usr/\(name)") }
        try tree.write("ID=sample\n", to: "\(base)/usr/lib/os-release")
        try tree.link("\(base)/etc/os-release", to: "../usr/lib/os-release")
        try tree.program("\(middle)/usr/lib/systemd/systemd")
        try tree.link("\(top)/usr/sbin/init", to: "/lib/systemd/systemd")
        try tree.write("", to: "\(middle)/usr/lib/modules/6.18.44/modules.dep")
    }

    /// That of the platform that is booted: the fixture's image is of amd64.
    private func source() throws -> Facts.Source { try tree.facts().wanted.get() }

    private func whiteout(_ path: String) throws {
        try tree.make(URL(filePath: "/\(path)").deletingLastPathComponent().path)
        try tree.run("mknod -m 0", on: path, "c", "0", "0")
    }

    private func set(_ attribute: String, _ value: String, on path: String) throws {
        try tree.make(path)
        try tree.run("setfattr --name trusted.overlay.\(attribute) --value \(value)", on: path)
    }

    @Test func `they are to be merged, the topmost first`() throws {
        let source = try source()
        #expect(source.root == .layers(try [top, middle, base].map { Place(try #require(Path($0))) }, .overlay))
        #expect(source.layerState == nil, "there is nothing yet that a template could be made of")
        // Each directory, each file and each link of the three.
        #expect(source.extent?.files == 24)
        #expect(source.contents.modules == .present)
        #expect(source.contents.missingDirectories == [])
        #expect(source.contents.lacksMachineID, "its init is systemd, by symlinks from layer to layer")
    }

    @Test func `what was merged before is taken as it is`() throws {
        let hold = Layout.hold(try source().chainID)
        try tree.make("\(hold)")
        #expect(try tree.refusal()?.contains("it has no init") == true, "the layers count for nothing any more")
        try tree.program("\(hold)/sbin/init")
        try tree.write("ID=sample\n", to: "\(hold)/etc/os-release")
        let source = try source()
        #expect(source.root == .subvolume(Place(hold)))
        #expect(source.extent == nil)
    }

    @Test func `one that is not there is named`() throws {
        try tree.remove(middle)
        #expect(try tree.refusal()?.contains("/docker/io.containerd.snapshotter.v1.overlayfs/snapshots/2/fs'") == true)
    }

    @Test func `a file in the place of one is named too`() throws {
        try tree.remove(middle)
        try tree.write("", to: middle)
        let refusal = try tree.refusal()
        #expect(refusal?.contains("snapshots/2/fs'") == true && refusal?.contains("it is not a directory") == true, "\(refusal ?? "")")
    }

    @Test(arguments: ["usr/lib/os-release", "usr/lib", "usr"]) func `a whiteout hides what lies below it`(path: String) throws {
        try tree.remove("\(middle)/usr", "\(top)/usr")
        try tree.program("\(top)/sbin/init")
        #expect(try tree.refusal() == nil)
        try whiteout("\(middle)/\(path)")
        #expect(try tree.refusal()?.contains("it has neither '/etc/os-release' nor '/usr/lib/os-release'") == true)
        try tree.write("ID=sample\n", to: "\(top)/usr/lib/os-release")
        #expect(try tree.refusal() == nil, "a layer above brings another")
    }

    @Test func `so does an opaque directory, and not what is above it`() throws {
        try tree.write("", to: "\(base)/usr/lib/modules/6.1/modules.dep")
        try set("opaque", "y", on: "\(middle)/usr/lib/modules")
        #expect(try source().contents.modules == .present)
        try tree.remove("\(middle)/usr/lib/modules/6.18.44")
        #expect(try source().contents.modules == .notNeeded, "those of the base are hidden")
        try tree.write("", to: "\(top)/usr/lib/modules/6.18.44/modules.dep")
        #expect(try source().contents.modules == .present)
    }

    @Test func `anything but a directory hides one`() throws {
        try tree.remove("\(middle)/usr/lib/modules")
        try tree.write("", to: "\(base)/usr/lib/modules/6.18.44/modules.dep")
        try tree.write("", to: "\(middle)/usr/lib/modules")
        #expect(try source().contents.modules == .notNeeded)
        try tree.make("\(top)/usr/lib/modules")
        #expect(try source().contents.modules == .notNeeded, "also from a directory above it")
    }

    @Test func `a directory that was renamed has what it had under its old name`() throws {
        try tree.move("\(middle)/usr/lib/modules", to: "\(middle)/usr/lib/modules.old")
        try set("redirect", "modules.old", on: "\(top)/usr/lib/modules")
        #expect(try source().contents.modules == .present)
        try tree.make("\(middle)/srv")
        try tree.move("\(middle)/usr/lib/modules.old", to: "\(middle)/srv/modules")
        #expect(try source().contents.modules == .notNeeded)
        try set("redirect", "/srv/modules", on: "\(top)/usr/lib/modules")
        #expect(try source().contents.modules == .present)
    }

    @Test func `symlinks and renamed directories in circles end`() throws {
        try tree.link("\(top)/etc/ssh", to: "ssh")
        let contents = try source().contents
        #expect(contents.notes.count == 1)
        #expect(contents.notes.first?.contains("Too many levels of symbolic links") == true)
        try tree.remove("\(middle)/usr/lib/systemd")
        try tree.link("\(middle)/usr/lib/systemd", to: "/lib/systemd")
        #expect(try tree.refusal()?.contains("Too many levels of symbolic links") == true)
    }

    @Test(arguments: ["/bin/sh", "../../../../../../../../../../bin/sh"])
    func `no symlink leads out of the layers`(target: String) throws {
        try tree.remove("\(top)/usr/sbin/init", "\(middle)/usr/lib/systemd")
        try tree.link("\(top)/usr/sbin/init", to: target)
        #expect(try tree.refusal()?.contains("it has no init") == true)
        try tree.program("\(base)/usr/bin/sh")
        #expect(try tree.refusal() == nil)
    }

    @Test func `what a container or one machine left is found in any layer, once`() throws {
        try tree.write("", to: "\(base)/.dockerenv")
        for layer in [base, top] { try tree.write("key", to: "\(layer)/etc/ssh/ssh_host_rsa_key") }
        try tree.write("SELINUX=enforcing\n", to: "\(middle)/etc/selinux/config")
        let contents = try source().contents
        #expect(contents.leftovers == [".dockerenv"])
        #expect(contents.identity == ["etc/ssh/ssh_host_rsa_key"])
        #expect(contents.usesSELinux)
        try whiteout("\(middle)/.dockerenv")
        #expect(try source().contents.leftovers == [])
    }
}
