import Basics
import Fixtures
import Images
import Testing

private let manifest = "0c5c29dadaa391edb82c6ef49d6fd1a078cc03759210d7a88ae519ca66d98eef"
private let multi = "1155f317050ea6d60af2538db8daf7dccd38af710d93bed50e63e344c03a2546"

/// Images that containerd keeps, for Docker and for itself.
struct ContainerdStoreTests {
    private let fixture = Fixture()

    @Test func `an image has the digest of its manifest for an id`() throws {
        try fixture.unpack(.containerdOverlayfs)
        let image = try fixture.stores().image("bb3:v1").image
        let description = [image.reference.text, image.id.digest.hex, image.chainID.digest.hex, image.os, image.architecture]
        #expect(
            description == [
                "bb3:v1", manifest, "f81a049253937bdbeacf17b02a0ed5822e2b27f707296c285c3e84d73f1efabe", "linux", "amd64",
            ])
    }

    @Test(arguments: [
        "bb3:v1", "library/bb3:v1", "docker.io/bb3:v1", "docker.io/library/bb3:v1", "index.docker.io/library/bb3:v1",
        manifest, "sha256:\(manifest)", "0c5c", "sha256:0c5c29", "bb3@sha256:\(manifest)", "docker.io/library/bb3:x@sha256:\(manifest)",
    ])
    func `every spelling that dockerd takes finds the image`(reference: String) throws {
        try fixture.unpack(.containerdOverlayfs)
        #expect(try fixture.stores().image(reference).image.id.digest.hex == manifest)
    }

    // Of less than four digits dockerd makes a name.
    @Test(arguments: ["0c5", "0", "bb3", "bb3:v2", "other@sha256:\(manifest)", "a8be6a5138c5", String(repeating: "0", count: 64)])
    func `what is another image's is not found`(reference: String) throws {
        try fixture.unpack(.containerdOverlayfs)
        let failure = try #require(throws: Failure.self) { try fixture.stores().image(reference) }
        #expect(failure.message.hasSuffix("in /docker (containerd, overlayfs snapshotter)"))
    }

    @Test func `an index gives the manifest for this machine, and its own digest as the id`() throws {
        try fixture.unpack(.containerdBtrfs)
        let image = try fixture.stores().image("127.0.0.1:5077/team/multi:v1").image
        #expect(image.id.digest.hex == multi)
        #expect(image.architecture == hostArchitecture)
    }

    @Test func `an image without the content for any machine`() throws {
        try fixture.unpack(.containerdBtrfs)
        try fixture.remove("io.containerd.content.v1.content/blobs/sha256/a8be6a5138c5d7f5ec05c29530aafd7971f30d23bad9e01ab95138c6e7f5829c")
        #expect(
            #expect(throws: Failure.self) { try fixture.stores().image("127.0.0.1:5077/team/multi:v1") }?.description == """
                could not use image '127.0.0.1:5077/team/multi:v1': it is recorded, but its content for linux/\(hostArchitecture) is not in \
                the store
                hint: pull it with --platform linux/\(hostArchitecture)
                """)
    }

    @Test func `five hundred images are listed`() throws {
        try fixture.unpack(.containerdBtrfs)
        let lines = try fixture.stores().listing().images
        #expect(lines.flatMap(\.names).count == 503)
        #expect(lines.allSatisfy { (try? $0.image.get()) != nil && $0.size ?? 0 > 0 && $0.created != nil })
    }

    @Test func `a pull that was interrupted stands in its line`() throws {
        try fixture.unpack(.containerdBtrfs)
        let lines = try fixture.stores(StoreChoice(namespace: "default")).listing().images
        let broken = lines.filter { (try? $0.image.get()) == nil }
        #expect(lines.count == 3)
        #expect(broken.map(\.names) == [["127.0.0.1:5077/team/big:v1"]])
    }

    @Test func `a container is found by its name in Docker's files, its id and the beginning of that`() throws {
        try fixture.unpack(.mixed)
        let key = "p7fwlh27wxrsny9s1hv25kxr8"
        let committed = try #require(throws: Failure.self) { try fixture.stores().image("container:\(key)") }
        #expect(committed.message == "could not find the container '\(key)' in \(both)")
        let image = try fixture.stores().image("container:uu7vbnv7b00o8ycwqqb2lcuii").image
        #expect(image.isContainer)
        #expect(image.tree.text == "/containerd/daemon/io.containerd.snapshotter.v1.overlayfs/snapshots/2/fs")
    }

    private let both = "/docker/containerd/daemon (containerd, overlayfs snapshotter) or /docker (docker, btrfs driver)"
}
