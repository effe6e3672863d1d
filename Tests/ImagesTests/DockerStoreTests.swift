import Basics
import Fixtures
import Foundation
import Images
import Testing

private let bb3 = "a8be6a5138c5d7f5ec05c29530aafd7971f30d23bad9e01ab95138c6e7f5829c"
private let index = "sha256:2016edf254548850f74f6da37508b99553b56cff3e964e1823397d2179fab2a1"

struct DockerStoreTests {
    private let fixture = Fixture()

    @Test func `an image has its ids and its platform`() throws {
        try fixture.unpack(.docker29)
        let image = try fixture.stores().image("bb3:v1").image
        let description = [image.reference.text, "\(image.id)", "\(image.chainID)", image.tree.text, image.os, image.architecture]
        #expect(
            description == [
                "bb3:v1",
                "sha256:a8be6a5138c5d7f5ec05c29530aafd7971f30d23bad9e01ab95138c6e7f5829c",
                "sha256:f81a049253937bdbeacf17b02a0ed5822e2b27f707296c285c3e84d73f1efabe",
                "/btrfs/subvolumes/a791edfc1a1c0ca091ebb77f7d2e0e375377ad47d7a167cfa6da5d4f10f74229",
                "linux", "amd64",
            ])
    }

    @Test(arguments: [
        "bb3:v1", "library/bb3:v1", "docker.io/bb3:v1", "docker.io/library/bb3:v1", "index.docker.io/library/bb3:v1",
        "myuser/thing", "myuser/thing:latest", "docker.io/myuser/thing", "index.docker.io/myuser/thing:latest",
        "localhost:5000/foo/bar:2", "ghcr.io/x/y:z", "127.0.0.1:5077/team/bb:v1",
        "127.0.0.1:5077/team/bb@\(index)", "127.0.0.1:5077/team/bb:no-such-tag@\(index)",
        bb3, "sha256:\(bb3)", "a", "a8be", "sha256:a8be6a", String(bb3.dropLast()),
    ])
    func `every spelling that the daemon takes finds the image`(reference: String) throws {
        try fixture.unpack(.docker20)
        #expect(try fixture.stores().image(reference).image.id.digest.hex == bb3)
    }

    @Test func `a name wins over the beginning of an id`() throws {
        try fixture.unpack(.docker20)
        let nested = "sha256:1eb09e014ee9261d1b7f4b4e33d8af682c17471e4e735ea7dc7b0796ecdf47d7"
        try fixture.write(#"{"Repositories":{"a8be":{"a8be:latest":"\#(nested)"}}}"#, to: "image/btrfs/repositories.json")
        let store = try fixture.stores()
        #expect(try store.image("a8be").image.id.description == nested)
        #expect(try store.image("a8be6").image.id.digest.hex == bb3)
    }

    @Test func `an id in full needs no names`() throws {
        try fixture.unpack(.docker20)
        try fixture.write("damaged", to: "image/btrfs/repositories.json")
        #expect(try fixture.stores().image(bb3).image.id.digest.hex == bb3)
    }

    @Test func `the beginning of an id is found in a store without names`() throws {
        try fixture.unpack(.docker20)
        try fixture.remove("image/btrfs/repositories.json")
        #expect(try fixture.stores().image("a8").image.id.digest.hex == bb3)
    }

    @Test func `white space around the values in the store's files is ignored`() throws {
        try fixture.unpack(.docker29)
        for file in ["cache-id", "diff", "parent"] {
            let path = "image/btrfs/layerdb/sha256/f81a049253937bdbeacf17b02a0ed5822e2b27f707296c285c3e84d73f1efabe/\(file)"
            try fixture.write(" \(try fixture.read(path))\n", to: path)
        }
        #expect(try fixture.stores().image("bb3:v1").image.id.digest.hex == bb3)
    }

    @Test func `what other images and interrupted work left behind has no effect`() throws {
        try fixture.unpack(.buildKit)
        let database = "image/btrfs/layerdb/sha256"
        let chain = "f81a049253937bdbeacf17b02a0ed5822e2b27f707296c285c3e84d73f1efabe"
        for layer in try fixture.names(in: database) where layer != chain {
            for file in ["cache-id", "diff", "parent", "size"] { try fixture.write("", to: "\(database)/\(layer)/\(file)") }
        }
        let contents = "image/btrfs/imagedb/content/sha256"
        for other in try fixture.names(in: contents) where other != bb3 { try fixture.write("", to: "\(contents)/\(other)") }
        try fixture.makeDirectory("\(database)/\(chain)-123-removing")
        try fixture.makeDirectory("image/btrfs/layerdb/tmp/write-set-1")
        try fixture.makeDirectory("btrfs/subvolumes/\(chain)")
        #expect(
            try fixture.stores().image("bb3:v1").image.tree.text
                == "/btrfs/subvolumes/553169b13c49f294a7875406926223127431f08074b7a01ca8d067f1331c9135")
    }
}
