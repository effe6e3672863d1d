import Basics
import Fixtures
import Images
import Testing

struct DockerListingTests {
    private let fixture = Fixture()

    /// One line for each image: names, the beginning of the id, and the layer or what is wrong.
    private func lines() throws -> [String] {
        try fixture.stores().listing().images.map { listed in
            let id = listed.id.map { String($0.digest.hex.prefix(12)) } ?? "-"
            let answer =
                switch listed.image {
                case .success(let image): image.tree.text
                case .failure(let failure): failure.message
                }
            return "\(listed.names.joined(separator: " ")) | \(id) | \(answer)"
        }
    }

    @Test func `images are listed by name, one line for each id`() throws {
        try fixture.unpack(.docker20)
        #expect(
            try lines() == [
                """
                127.0.0.1:5077/team/bb:v1 127.0.0.1:5077/team/bb@sha256:2016edf254548850f74f6da37508b99553b56cff3e964e1823397d2179fab2a1 \
                bb3:v1 ghcr.io/x/y:z localhost:5000/foo/bar:2 moved:1 myuser/thing:latest | a8be6a5138c5 | \
                /btrfs/subvolumes/6645fa2957baa5d23a92306825eb7c1958617edddc65f5ea74d4b9e8313d4bf9
                """,
                "committed:1 | 2a0215e1153d | /btrfs/subvolumes/0c569f02feae3e3741357382e5d3c9084aef7e2d2e2a9e2da01b9d0374ac4bfb",
                "nested:1 | 1eb09e014ee9 | /btrfs/subvolumes/8ae8f160fdea8f5ab2003d80432bc16383115fbe099a1e31edcc1741a2ddb9d3",
            ])
    }

    @Test func `lines that are read in parts are the same`() throws {
        try fixture.unpack(.docker20)
        let stores = try fixture.stores()
        let parted = try stores.listing { count, part in (0..<count).flatMap { part($0..<$0 + 1) } }.images
        #expect(parted.map(\.names) == (try stores.listing().images).map(\.names))
        #expect(parted.map(\.size) == (try stores.listing().images).map(\.size) && parted.allSatisfy { $0.size ?? 0 > 0 })
    }

    @Test func `the steps of a build are left out, dangling images come last`() throws {
        try fixture.unpack(.buildKit)
        let names = #"{"Repositories":{"built":{"built:bk":"sha256:cc063133c4fe51973c6c7d86780f6fcaa95a8c8e03b42bef2c2bd73eccf1d0a5"}}}"#
        try fixture.write(names, to: "image/btrfs/repositories.json")
        #expect(
            try lines() == [
                "built:bk | cc063133c4fe | /btrfs/subvolumes/x8rjn0z9wiajmr8o1ne34941p",
                " | 1dd294c08a1f | /btrfs/subvolumes/db87a6f9284901d5bb8fff213a75e0039e561061f609b276b8ccbb9ce1845efa",
                " | 1fd95c37613a | /btrfs/subvolumes/po1ygslq1q40zs6gvwdkcyv5e",
                " | 962a86f29cd4 | /btrfs/subvolumes/86fcd765c7b7648ac727a3f12e34eed203b5b213366a92a8cf5ff5566c88bea7",
            ])
    }

    @Test func `what is wrong with an image stands in its line and hides no other`() throws {
        try fixture.unpack(.docker29)
        let names = """
            {"Repositories":{
              "gone":{"gone:1":"sha256:\(String(repeating: "0", count: 64))"},
              "odd":{"odd:1":7,"odd:\\u001b2":"../../x"},
              "bb3":{"bb3:v1":"sha256:a8be6a5138c5d7f5ec05c29530aafd7971f30d23bad9e01ab95138c6e7f5829c"}}}
            """
        try fixture.write(names, to: "image/btrfs/repositories.json")
        #expect(
            try lines() == [
                "bb3:v1 | a8be6a5138c5 | /btrfs/subvolumes/a791edfc1a1c0ca091ebb77f7d2e0e375377ad47d7a167cfa6da5d4f10f74229",
                "gone:1 | 000000000000 | could not use image 'gone:1': its configuration '/docker/image/btrfs/imagedb/content/sha256/\(String(repeating: "0", count: 64))' is not there",
                "odd:1 | - | could not read '/docker/image/btrfs/repositories.json': 'odd:1' has no image id",
                "odd:\\x1b2 | - | could not read '/docker/image/btrfs/repositories.json': 'odd:\\x1b2' has no image id",
            ])
    }

    @Test func `an empty store lists nothing`() throws {
        try fixture.makeDirectory("image/btrfs")
        #expect(try lines() == [])
    }
}
