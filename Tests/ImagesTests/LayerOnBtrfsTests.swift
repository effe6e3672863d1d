import Basics
import Fixtures
import Foundation
import Images
import Testing

/// A directory on btrfs, for the tests that need one and root.
private let scratch = ProcessInfo.processInfo.environment["DOCKER_BTRFS_TEST_DIRECTORY"]

/// On btrfs a layer has to be a subvolume. Needs `DOCKER_BTRFS_TEST_DIRECTORY`.
@Suite(.enabled(if: scratch != nil))
struct LayerOnBtrfsTests {
    private let fixture = Fixture(in: scratch ?? "")
    private let layer = "btrfs/subvolumes/a791edfc1a1c0ca091ebb77f7d2e0e375377ad47d7a167cfa6da5d4f10f74229"

    private func failure(at data: String) throws -> String? {
        let folder = try Directory(opening: fixture.folder.appending(path: data).path, label: "/docker")
        let store = try #require(try ImageStores(in: folder, at: .top))
        return #expect(throws: Failure.self) { try store.image("bb3:v1") }?.description
    }

    /// Makes the fixture's layer a subvolume, as the driver has it.
    private func makeSubvolume() throws {
        try fixture.remove(layer)
        try fixture.run("btrfs", "-q", "subvolume", "create", fixture.folder.appending(path: layer).path)
    }

    @Test func `a layer that is a subvolume is found`() throws {
        try fixture.unpack(.docker29)
        try makeSubvolume()
        let image = try fixture.stores().image("bb3:v1")
        #expect(image.image.tree == .subvolume(try #require(Path(layer))))
    }

    @Test func `a layer that is an ordinary directory is none`() throws {
        try fixture.unpack(.docker29)
        #expect(
            try failure(at: "") == """
                could not use the image's top layer '/docker/\(layer)': it is an ordinary directory, not a btrfs subvolume
                hint: the store is damaged, as after a power failure: restart docker, then pull or build the image again
                """)
    }

    @Test func `in a snapshot of the data-root the layers are missing`() throws {
        try fixture.run("btrfs", "-q", "subvolume", "create", fixture.folder.path)
        try fixture.unpack(.docker29)
        try makeSubvolume()
        try fixture.run("btrfs", "-q", "subvolume", "snapshot", fixture.folder.path, fixture.folder.appending(path: "old").path)
        #expect(
            try failure(at: "old") == """
                could not use the image's top layer '/docker/\(layer)': it is only the empty place of a subvolume, since the store is in a \
                snapshot
                hint: snapshots leave out the engine's layers, which are subvolumes: docker_path must name the original store
                """)
    }
}
