import Foundation
import TestSupport
import Testing

/// Everything here uses real filesystems on loop devices. One test runs after the other: some look at the whole machine.
@Suite("on a loop-mounted btrfs", .serialized, BuiltPrograms())
enum OnDisk {}

/// What has a filesystem of its own, or needs none, and looks at nothing else, runs beside them.
@Suite("beside that", .serialized, BuiltPrograms())
enum Beside {}

/// These tests run both programs as `make build` leaves them, which `swift test` does not build: one that is older than its sources shows nothing.
private struct BuiltPrograms: SuiteTrait {
    func prepare(for test: Test) async throws {
        let built = try min(modified(Repository.embeddedInit), modified(Repository.companion))
        let sources = FileManager.default.enumerator(at: Repository.folder.appending(path: "Sources"), includingPropertiesForKeys: nil)
        for case let file as URL in try #require(sources) where ["c", "h", "swift"].contains(file.pathExtension) {
            if try modified(file.path) > built { throw OldPrograms(changed: file.lastPathComponent) }
        }
    }

    private func modified(_ file: String) throws -> Date {
        try #require(try FileManager.default.attributesOfItem(atPath: file)[.modificationDate] as? Date)
    }
}

private struct OldPrograms: Error, CustomStringConvertible {
    let changed: String
    var description: String { "docker-btrfs-init or docker-btrfs was built before \(changed) changed: run `make build`" }
}
