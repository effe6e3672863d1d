import Basics
import Fixtures
import Foundation
import Images
import Testing

/// A directory with more than one store, of which the daemon shows one.
struct SeveralStoresTests {
    private let fixture = Fixture()
    private let containerd = "/docker/containerd/daemon (containerd, overlayfs snapshotter)"
    private let docker = "/docker (docker, btrfs driver)"

    /// The image of one store is taken, and what is told of that of the other one ends with `reason`.
    private func expectTaken(from kind: StoreKind, before other: String, _ reason: String) throws {
        let found = try fixture.stores().image("built-bk:1")
        #expect(found.image.store == kind)
        #expect(found.notes.count == 1)
        #expect(found.notes.first?.hasPrefix("\(other) has another image under the name 'built-bk:1', sha256:") == true)
        #expect(found.notes.first?.hasSuffix("; \(reason)") == true)
    }

    @Test func `both are found, in the documented order`() throws {
        try fixture.unpack(.mixed)
        #expect(try fixture.stores().kinds == [.containerdOverlayfs, .dockerBtrfs])
    }

    @Test func `the image that got the name last is taken, and the other is told`() throws {
        try fixture.unpack(.mixed)
        try expectTaken(
            from: .containerdOverlayfs, before: docker,
            "it is older than that of \(containerd), which is taken; docker_store=docker-btrfs takes the other")
    }

    /// A pull of an image that was there moves nothing but the name.
    @Test func `where it is not known which name is later, the store that was written to last is taken, and the other is told`() throws {
        try fixture.unpack(.mixed)
        try fixture.touch("image/btrfs/repositories.json", at: afterwards)
        try expectTaken(
            from: .dockerBtrfs, before: containerd,
            "the store that was written to last is \(docker), which is taken; docker_store=containerd-overlayfs takes the other")
    }

    /// Later than all that is in containerd's part of the fixture.
    private let afterwards = 1_900_000_000
    private let database = "containerd/daemon/io.containerd.metadata.v1.bolt/meta.db"

    /// dockerd writes to containerd's database whenever a container starts, whatever its own driver is.
    @Test func `a database that was written to later has no later images by that`() throws {
        try fixture.unpack(.mixed)
        try fixture.touch("image/btrfs/repositories.json", at: afterwards)
        try fixture.touch(database, at: afterwards + 1)
        let found = try fixture.stores().image("built-classic:1")
        #expect(found.image.store == .dockerBtrfs)
        #expect(found.notes == [])
    }

    @Test func `layers of a snapshotter that cannot be read stop an older image alone, and what is listed agrees`() throws {
        try fixture.unpack(.mixed)
        var content = try fixture.bytes(of: database)
        let (driver, other) = (Data("overlayfs".utf8), Data("overlaybd".utf8))
        while let place = content.range(of: driver) { content.replaceSubrange(place, with: other) }
        try fixture.write(content, to: database)
        try fixture.touch("image/btrfs/repositories.json", at: afterwards)
        try fixture.touch(database, at: afterwards + 1)
        let found = try fixture.stores().image("built-classic:1")
        #expect(found.image.store == .dockerBtrfs)
        #expect(found.notes == [])
        #expect(try fixture.stores().listing().images.allSatisfy { (try? $0.image.get()) != nil })

        try fixture.touch("image/btrfs/repositories.json", at: 1_000_000_000)
        let failure = try #require(throws: Failure.self) { try fixture.stores().image("built-classic:1") }
        #expect(failure.message.hasSuffix("its layers are kept by the overlaybd snapshotter"))
        #expect(failure.hint?.hasPrefix("docker_store=docker-btrfs takes the image of \(docker); ") == true)
        #expect(try fixture.stores().listing().images.allSatisfy { (try? $0.image.get()) == nil })
    }

    @Test(arguments: [Fixture.Name.podmanOverlay, .overlay2], ["docker", "containerd"])
    func `a file that is called as a store beside it is none`(store: Fixture.Name, name: String) throws {
        try fixture.unpack(store, at: "storage")
        try fixture.write("", to: name)
        #expect(try ImageStores(in: fixture.directory(), at: "storage")?.kinds.isEmpty == false)
    }

    @Test func `a store that is asked for is read alone`() throws {
        try fixture.unpack(.mixed)
        let found = try fixture.stores(StoreChoice(kind: .dockerBtrfs)).image("built-bk:1")
        #expect(found.image.store == .dockerBtrfs)
        #expect(found.notes.isEmpty)
    }

    @Test func `an image that is only in the store that was not written to is told so`() throws {
        try fixture.unpack(.mixed)
        try fixture.touch("image/btrfs/repositories.json", at: 1_000_000_000)
        let found = try fixture.stores().image("built-classic:1")
        #expect(found.image.store == .dockerBtrfs)
        #expect(
            found.notes == ["'built-classic:1' is only in \(docker); \(containerd) was written to later and does not have it"])
    }

    @Test func `a damaged store that was written to later stops an older image, and says how to take it`() throws {
        try fixture.unpack(.mixed)
        try fixture.write("damaged", to: database)
        let failure = try #require(throws: Failure.self) { try fixture.stores().image("small:1") }
        #expect(failure.message.hasPrefix("could not read '/docker/containerd/daemon/io.containerd.metadata.v1.bolt/meta.db'"))
        #expect(failure.hint?.hasPrefix("docker_store=docker-btrfs takes the image of /docker (docker, btrfs driver); ") == true)
        #expect(try fixture.stores(StoreChoice(kind: .dockerBtrfs)).image("small:1").image.store == .dockerBtrfs)
    }

    @Test func `a list of names that is damaged and was written to later stops an older image, and what is listed agrees`() throws {
        for store in [Fixture.Name.docker20, .overlay2] { try fixture.unpack(store) }
        try fixture.touch("image/btrfs/repositories.json", at: afterwards)
        try fixture.write(#"{"Repositories":{"#, to: "image/overlay2/repositories.json")
        for (time, isBootable) in [(afterwards - 1, true), (afterwards + 1, false)] {
            try fixture.touch("image/overlay2/repositories.json", at: time)
            #expect(((try? fixture.stores().image("committed:1")) != nil) == isBootable)
            let (images, faults) = try fixture.stores().listing()
            #expect(!images.isEmpty && images.allSatisfy { ((try? $0.image.get()) != nil) == isBootable })
            #expect(faults.count == 1)
        }
    }

    @Test(arguments: ["image/fuse-overlayfs", "100000.100000/image/overlay2"])
    func `a store of a driver that cannot be read and was written to later stops an older image, and says how to take it`(
        later: String
    ) throws {
        try fixture.unpack(.overlay2)
        let time = 1_000_000_000
        try fixture.touch("image/overlay2/repositories.json", at: time)
        let before = try fixture.stores().image("bb3:v1")
        try fixture.write("{}", to: "\(later)/repositories.json")
        #expect(try fixture.stores().image("bb3:v1") == before, "it has no images")
        try fixture.write("{}", to: "\(later)/imagedb/content/sha256/1")
        let failure = try #require(throws: Failure.self) { try fixture.stores().image("bb3:v1") }
        #expect(failure.message.hasPrefix("could not use the docker data-root '/docker': its images are "))
        #expect(failure.hint?.hasPrefix("docker_store=docker-overlay2 takes the image of /docker (docker, overlay2 driver); ") == true)
        #expect(try fixture.stores(StoreChoice(kind: .dockerOverlay2)).image("bb3:v1") == before)
        // What an engine left years ago.
        try fixture.touch("\(later)/repositories.json", at: time - 1)
        #expect(try fixture.stores().image("bb3:v1") == before)
    }

    @Test(arguments: [0, 2]) func `a damaged store that is older is told`(firstPage: Int) throws {
        try fixture.unpack(.mixed)
        let file = try FileHandle(forUpdating: fixture.folder.appending(path: database))
        let size = try file.seekToEnd()
        try file.seek(toOffset: UInt64(firstPage * 4096))
        try file.write(contentsOf: Data(repeating: 0xff, count: Int(size) - firstPage * 4096))
        try file.close()
        try fixture.touch(database, at: 1_000_000_000)
        try fixture.touch("image/btrfs/repositories.json", at: 2_000_000_000)
        let found = try fixture.stores().image("small:1")
        #expect(found.image.store == .dockerBtrfs)
        #expect(found.notes.count == 1)
    }

    @Test func `containerd's directory beside the data-root is looked at`() throws {
        try fixture.unpack(.containerdOverlayfs, at: "lib/containerd")
        try fixture.write("d7f6", to: "lib/docker/engine-id")
        let stores = try #require(try ImageStores(in: fixture.directory(), at: "lib/docker"))
        #expect(
            try stores.image("bb3:v1").image.tree.text.hasPrefix(
                "/lib/containerd/io.containerd.snapshotter.v1.overlayfs/snapshots/3/fs /lib/containerd/"))
    }

    @Test func `what is in neither is missing in both`() throws {
        try fixture.unpack(.mixed)
        #expect(
            #expect(throws: Failure.self) { try fixture.stores().image("smal:1") }?.description == """
                could not find image 'smal:1' in \(containerd) or \(docker)
                hint: images there: small:1, built-bk:1, built-classic:1
                """)
    }
}
