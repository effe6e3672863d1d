import Foundation
import TestSupport

/// A folder that is gone with the object.
final class Scratch: Sendable {
    let path: String

    init() throws {
        path = FileManager.default.temporaryDirectory.appending(path: "docker-btrfs-\(UUID().uuidString)").path
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    }

    deinit {
        try? FileManager.default.removeItem(atPath: path)
    }

    func file(_ name: String) -> String { "\(path)/\(name)" }

    @discardableResult
    func write(_ bytes: [UInt8], to name: String) throws -> String {
        try FileManager.default.createDirectory(
            at: URL(filePath: file(name)).deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(bytes).write(to: URL(filePath: file(name)))
        return file(name)
    }

    func read(_ name: String) throws -> [UInt8] {
        Array(try Data(contentsOf: URL(filePath: file(name))))
    }

    /// Runs a script of bash in the folder.
    @discardableResult
    func shell(_ script: String) async throws -> String {
        try await output(of: ["bash", "-euo", "pipefail", "-c", "cd \"$0\"; \(script)", path])
    }
}
