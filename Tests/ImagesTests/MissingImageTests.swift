import Fixtures
import Images
import Testing

private let id = "a8be6a5138c5d7f5ec05c29530aafd7971f30d23bad9e01ab95138c6e7f5829c"

/// What a person reads where there is no such image.
struct MissingImageTests {
    private let fixture = Fixture()

    @Test func `no such name: the nearest ones are listed`() throws {
        #expect(
            try fixture.failure("bb:v1") == """
                could not find image 'bb:v1' in /docker (docker, btrfs driver)
                hint: images there: bb3:v1, 127.0.0.1:5077/team/multi:v1
                """)
    }

    @Test func `no such tag: the repository's other tags come first, and six names are enough`() throws {
        #expect(
            try fixture.failure("moved", in: .docker20) == """
                could not find image 'moved:latest' in /docker (docker, btrfs driver)
                hint: images there: moved:1, committed:1, myuser/thing:latest, nested:1, \
                bb3:v1, ghcr.io/x/y:z and 2 more
                """)
    }

    @Test func `no such digest, although the repository is there`() throws {
        #expect(
            try fixture.failure("bb3@sha256:\(id)") == """
                could not find image 'bb3@sha256:\(id)' in /docker (docker, btrfs driver)
                hint: images there: bb3:v1, 127.0.0.1:5077/team/multi:v1
                """)
    }

    @Test func `a host in capitals is another host`() throws {
        #expect(
            try fixture.failure("LOCALHOST:5000/foo/bar:2", in: .docker20) == """
                could not find image 'LOCALHOST:5000/foo/bar:2' in /docker (docker, btrfs driver)
                hint: images there: localhost:5000/foo/bar:2, 127.0.0.1:5077/team/bb:v1, ghcr.io/x/y:z, \
                moved:1, bb3:v1, committed:1 and 2 more
                """)
    }

    @Test func `no such id`() throws {
        let other = String(repeating: "0", count: 64)
        #expect(
            try fixture.failure(other) == """
                could not find image 'sha256:\(other)' in /docker (docker, btrfs driver)
                hint: image ids there: \(id)
                """)
    }

    @Test func `digits that more than one id begins with`() throws {
        #expect(
            try fixture.failure("1", in: .buildKit) == """
                could not choose an image: 2 ids in /docker (docker, btrfs driver) begin with '1'
                hint: they are 1dd294c08a1ff0021dd2458a69ccbf218e18f37b76001968d824836cdf89d27a, \
                1fd95c37613abb67751d98880bc9833c095b3b6fda7ebfc74375962a4643b08e
                """)
    }

    @Test func `an empty store`() throws {
        let text = try fixture.failure { fixture in
            try fixture.remove("image/btrfs/imagedb")
            try fixture.remove("image/btrfs/repositories.json")
        }
        #expect(
            text == """
                could not find image 'bb3:v1' in /docker (docker, btrfs driver)
                hint: no image is there yet: docker pull or docker build makes one
                """)
    }

    @Test func `a store without names`() throws {
        #expect(
            try fixture.failure { try $0.write(#"{"Repositories":{}}"#, to: "image/btrfs/repositories.json") } == """
                could not find image 'bb3:v1' in /docker (docker, btrfs driver)
                hint: image ids there: \(id)
                """)
    }
}
