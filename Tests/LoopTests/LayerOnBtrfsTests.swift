import Basics
import Fixtures
import Foundation
import Images
import TestSupport
import Testing

extension Beside {
    /// On btrfs a layer has to be a subvolume.
    struct LayerOnBtrfsTests {
        private let layer = "btrfs/subvolumes/a791edfc1a1c0ca091ebb77f7d2e0e375377ad47d7a167cfa6da5d4f10f74229"

        /// Runs `body` with a fixture on a btrfs, which is unmounted with its disk.
        private func withFixture(_ body: (Fixture) throws -> Void) async throws {
            try await Disk.with(["mkfs.btrfs", "-q"], size: "128M") { disk in
                try await output(of: ["mount", "-o", "X-mount.mkdir", disk.device, "\(disk.folder)/scratch"])
                try body(Fixture(in: "\(disk.folder)/scratch"))
            }
        }

        private func failure(of fixture: Fixture, at data: String) throws -> String? {
            let folder = try Directory(opening: fixture.folder.appending(path: data).path, label: "/docker")
            let store = try #require(try ImageStores(in: folder, at: .top))
            return #expect(throws: Failure.self) { try store.image(ImageReference("bb3:v1")) }?.description
        }

        /// Makes the fixture's layer a subvolume, as the driver has it.
        private func makeSubvolume(in fixture: Fixture) throws {
            try fixture.remove(layer)
            try fixture.run("btrfs", "-q", "subvolume", "create", fixture.folder.appending(path: layer).path)
        }

        @Test func `a layer that is a subvolume is found`() async throws {
            try await withFixture { fixture in
                try fixture.unpack(.docker29)
                try makeSubvolume(in: fixture)
                let store = try #require(try ImageStores(in: fixture.directory(), at: .top))
                let image = try store.image(ImageReference("bb3:v1"))
                #expect(image.image.tree == .subvolume(try #require(Path(layer))))
            }
        }

        @Test func `a layer that is an ordinary directory is none`() async throws {
            try await withFixture { fixture in
                try fixture.unpack(.docker29)
                #expect(
                    try failure(of: fixture, at: "") == """
                        could not use the image's top layer '/docker/\(layer)': it is an ordinary directory, not a btrfs subvolume
                        hint: the store is damaged, as after a power failure: restart docker, then pull or build the image again
                        """)
            }
        }

        @Test func `in a snapshot of the data-root the layers are missing`() async throws {
            try await withFixture { fixture in
                try fixture.run("btrfs", "-q", "subvolume", "create", fixture.folder.path)
                try fixture.unpack(.docker29)
                try makeSubvolume(in: fixture)
                try fixture.run("btrfs", "-q", "subvolume", "snapshot", fixture.folder.path, fixture.folder.appending(path: "old").path)
                #expect(
                    try failure(of: fixture, at: "old") == """
                        could not use the image's top layer '/docker/\(layer)': it is only the empty place of a subvolume, since the \
                        store is in a snapshot
                        hint: snapshots leave out the engine's layers, which are subvolumes: docker_path must name the original store
                        """)
            }
        }
    }
}
