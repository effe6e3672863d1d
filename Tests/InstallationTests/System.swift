import Basics
import Fixtures
import Foundation
import Synchronization
import TestSupport
import Testing

@testable import Installation

/// A system as a directory tree.
struct System {
    private let fixture = Fixture()
    var path: String { fixture.folder.path }

    init() throws { try fixture.makeDirectory("") }

    /// Stands for docker-btrfs-init.
    static let program = Array("the program\n".utf8)

    func tree() throws -> Directory { try Directory(opening: path, label: "") }

    func write(_ text: String, to path: String) throws { try fixture.write(text, to: path) }

    func read(_ path: String) throws -> String { try fixture.read(path) }

    func make(_ path: String) throws { try fixture.makeDirectory(path) }

    func link(_ path: String, to target: String) throws {
        try fixture.makeDirectory(path.split(separator: "/").dropLast().joined(separator: "/"))
        try fixture.link(path, to: target)
    }

    func remove(_ path: String) throws { try fixture.remove(path) }

    func setMode(_ mode: String, of path: String) throws { try fixture.run("chmod", mode, "\(self.path)/\(path)") }

    func exists(_ path: String) throws -> Bool { try tree().status(of: #require(Path(path))) != nil }

    func mode(_ path: String) throws -> UInt32? { try tree().status(of: #require(Path(path)))?.permissions }

    /// Something that can be run.
    func program(_ path: String) throws {
        try write("#!/bin/true\n", to: path)
        try setMode("755", of: path)
    }

    /// Returns what the person sees.
    @discardableResult
    func install(
        _ framework: InitramfsTool?, program: [UInt8] = program, action: Installer.Action = .perform
    ) async throws -> [String] {
        try await running(action) { try await $0.install(framework, program: program) }
    }

    @discardableResult
    func uninstall(action: Installer.Action = .perform) async throws -> [String] {
        try await running(action) { try await $0.uninstall() }
    }

    private func running(
        _ action: Installer.Action, _ body: (Installer) async throws -> Void
    ) async throws -> [String] {
        let lines = Mutex<[String]>([])
        let installer = try Installer(root: path, action: action, initramfs: .build) { line in lines.withLock { $0.append(line) } }
        try await body(installer)
        return lines.withLock { $0 }.map { $0.replacing(path, with: "ROOT") }
    }

    /// Why an install does not go on.
    func refusal(_ framework: InitramfsTool?) async throws -> String? {
        do throws(Failure) {
            let installer = try Installer(root: path, action: .perform, initramfs: .build) { _ in }
            try await installer.install(framework, program: Self.program)
            return nil
        } catch {
            return error.description.replacing(path, with: "ROOT")
        }
    }

    /// Everything in the tree: paths, kinds, modes, link targets, contents.
    func inventory() async throws -> [String] {
        let script = #"cd "$1"; find . -printf '%P %y %m %l\n'; find . -type f -exec sha256sum {} +"#
        return try await output(of: ["bash", "-euc", script, "bash", path]).split(separator: "\n").map { String($0) }.sorted()
    }

    /// Regular files and links.
    func files() async throws -> [String] {
        let script = #"cd "$1"; find . -type f -printf '%m /%P\n' -o -type l -printf '/%P -> %l\n'"#
        return try await output(of: ["bash", "-euc", script, "bash", path]).split(separator: "\n").map { String($0) }.sorted()
    }
}

/// A file of this repository.
func source(_ path: String) throws -> String {
    try String(contentsOf: Repository.folder.appending(path: path), encoding: .utf8)
}
