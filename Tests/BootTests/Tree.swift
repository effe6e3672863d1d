import Basics
import Fixtures
import Foundation
import Testing

@testable import Boot

/// A disk as a directory tree: a real store at /docker, whose image bb3:v1 has what a bootable one needs, and the article's
/// top layer at /boot_docker.
struct Tree {
    static let line = "\(article) docker_image=bb3:v1"
    /// Where the whole file system of bb3:v1 is.
    static let layer = "docker/btrfs/subvolumes/a791edfc1a1c0ca091ebb77f7d2e0e375377ad47d7a167cfa6da5d4f10f74229"
    private let fixture = Fixture()

    init() throws {
        try fixture.unpack(.docker29, at: "docker")
        for directory in ["proc", "sys", "dev", "run", "tmp"] { try make("\(Self.layer)/\(directory)") }
        try write("ID=sample\n", to: "\(Self.layer)/usr/lib/os-release")
        try link("\(Self.layer)/etc/os-release", to: "../usr/lib/os-release")
        try program("\(Self.layer)/usr/lib/systemd/systemd")
        try link("\(Self.layer)/sbin", to: "usr/sbin")
        try link("\(Self.layer)/usr/sbin/init", to: "../lib/systemd/systemd")
        try make("boot_docker")
    }

    /// A store in which no image has a file.
    init(of store: Fixture.Name) throws {
        try fixture.unpack(store, at: "docker")
        try make("boot_docker")
    }

    static let host = Facts.Host(kernelRelease: "6.18.44", time: 1_800_000_000)

    /// What is found for a command line.
    func facts(_ line: String = line, on host: Facts.Host = host) throws -> Facts {
        let request = try #require(try Request(line))
        let topLayer = try request.topLayer.map { try open(label: "\($0.device):") }
        return Facts(surveying: try open(), topLayer: .success(topLayer), for: request, on: host)
    }

    /// What the image and the top layer give together.
    func contents(_ line: String = line, on host: Facts.Host = host) throws -> Facts.Contents {
        try facts(line, on: host).wanted.get().contents
    }

    /// The disk's top level.
    func open(label: String = "") throws -> Directory {
        try Directory(opening: fixture.folder.path, label: label)
    }

    /// Why the image that is asked for gives nothing, in whole.
    func refusal(_ line: String = line) throws -> String? {
        guard case .failure(let failure) = try facts(line).wanted else { return nil }
        return failure.description
    }

    func make(_ path: String) throws { try fixture.makeDirectory(path) }

    func write(_ text: String, to path: String) throws { try fixture.write(text, to: path) }

    func program(_ path: String) throws {
        try fixture.write("#!/bin/true\n", to: path)
        let file = fixture.folder.appending(path: path).path
        try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file)
    }

    /// A symlink, with the directories above it.
    func link(_ path: String, to target: String) throws {
        try fixture.makeDirectory(URL(filePath: "/\(path)").deletingLastPathComponent().path)
        try fixture.link(path, to: target)
    }

    /// Runs a program on the tree, with paths from its top.
    func run(_ command: String, on path: String, _ more: String...) throws {
        let words = command.split(separator: " ").map { String($0) }
        try fixture.run(words + [fixture.folder.appending(path: path).path] + more)
    }

    func move(_ path: String, to other: String) throws {
        try run("mv \(fixture.folder.appending(path: path).path)", on: other)
    }

    func remove(_ paths: String...) throws {
        for path in paths { try fixture.remove(path) }
    }
}
