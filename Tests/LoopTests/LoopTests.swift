import Foundation
import TestSupport
import Testing

/// Everything here uses real filesystems on loop devices. One test runs after the other: some look at the whole machine.
@Suite("on a loop-mounted btrfs", .serialized, BuiltProgram())
enum OnDisk {}

/// What makes a filesystem of its own, or needs none, and looks at nothing else, runs beside them.
@Suite("beside that", .serialized, BuiltProgram())
enum Beside {}

/// These tests run the program of the initramfs, which `swift test` does not build: one that is older than its sources shows nothing.
private struct BuiltProgram: SuiteTrait {
    func prepare(for test: Test) async throws {
        let built = try modified(Repository.embeddedInit)
        let sources = FileManager.default.enumerator(at: Repository.folder.appending(path: "Sources"), includingPropertiesForKeys: nil)
        for case let file as URL in try #require(sources) where ["c", "h", "swift"].contains(file.pathExtension) {
            if try modified(file.path) > built { throw OldProgram(changed: file.lastPathComponent) }
        }
    }

    private func modified(_ file: String) throws -> Date {
        try #require(try FileManager.default.attributesOfItem(atPath: file)[.modificationDate] as? Date)
    }
}

private struct OldProgram: Error, CustomStringConvertible {
    let changed: String
    var description: String { "docker-btrfs-init was built before \(changed) changed: run `make build`" }
}
