import Basics
import Foundation
import Initramfs
import TestSupport
import Testing

/// What Tests/Lab/initramfs made: a Debian with a kernel, and images that its frameworks made.
enum InitramfsTree {
    static let path = Repository.path(".build/lab/initramfs/tree")

    static func image(_ name: String) -> String { Repository.path(".build/lab/initramfs/\(name).img") }

    static func release() throws -> String {
        try #require(FileManager.default.contentsOfDirectory(atPath: path + "/lib/modules").first)
    }

    /// Runs `docker-btrfs initramfs build` on the tree, with the example's configuration.
    static func build(_ arguments: [String], environment: [String: String] = [:]) async throws -> Outcome {
        let command = [Repository.companion, "initramfs", "build", "--root", path, "--init", Repository.embeddedInit]
        let configuration = ["--config", Repository.path("docs/examples/debian/docker-btrfs.json")]
        return try await run(command + configuration + arguments, environment: environment)
    }

    static func shell(_ script: String, _ arguments: String...) async throws -> String {
        try await output(of: ["bash", "-euo", "pipefail", "-c", script, "bash"] + arguments)
    }

    /// Runs `body` with a folder that is gone afterwards.
    static func withFolder(_ body: (String) async throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "docker-btrfs-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        try await body(folder)
    }
}
