import Basics
import Images
import Testing

private let id = "a8be6a5138c5d7f5ec05c29530aafd7971f30d23bad9e01ab95138c6e7f5829c"
private let entry = "image/btrfs/layerdb/sha256/f81a049253937bdbeacf17b02a0ed5822e2b27f707296c285c3e84d73f1efabe"
private let layer = "btrfs/subvolumes/a791edfc1a1c0ca091ebb77f7d2e0e375377ad47d7a167cfa6da5d4f10f74229"
private let repair = "hint: the store is damaged, as after a power failure: restart docker, then pull or build the image again"

/// What a person reads, whole, when an image cannot be found or used.
struct StoreFailureTests {
    private let fixture = Fixture()

    /// The text of the failure of `image(reference)` after a change to the store.
    private func failure(
        _ reference: String = "bb3:v1", in name: Fixture.Name = .docker29, after change: (Fixture) throws -> Void = { _ in }
    ) throws -> String {
        try fixture.unpack(name)
        try change(fixture)
        let store = try DockerStore(at: fixture.directory())
        let failure = #expect(throws: Failure.self) { try store.image(reference) }
        return failure?.description ?? ""
    }

    @Test func `no such name: the nearest ones are listed`() throws {
        #expect(
            try failure("bb:v1") == """
                could not find image 'bb:v1' in /docker (docker, btrfs driver)
                hint: images there: bb3:v1, 127.0.0.1:5077/team/multi:v1
                """)
    }

    @Test func `no such tag: the repository's other tags come first, and six names are enough`() throws {
        #expect(
            try failure("moved", in: .docker20) == """
                could not find image 'moved:latest' in /docker (docker, btrfs driver)
                hint: images there: moved:1, committed:1, myuser/thing:latest, nested:1, \
                bb3:v1, ghcr.io/x/y:z and 2 more
                """)
    }

    @Test func `no such digest, although the repository is there`() throws {
        #expect(
            try failure("bb3@sha256:\(id)") == """
                could not find image 'bb3@sha256:\(id)' in /docker (docker, btrfs driver)
                hint: images there: bb3:v1, 127.0.0.1:5077/team/multi:v1
                """)
    }

    @Test func `a host in capitals is another host`() throws {
        #expect(
            try failure("LOCALHOST:5000/foo/bar:2", in: .docker20).hasPrefix(
                "could not find image 'LOCALHOST:5000/foo/bar:2' in /docker (docker, btrfs driver)\nhint: images there: localhost:5000/foo/bar:2, "
            ))
    }

    @Test func `no such id`() throws {
        let other = String(repeating: "0", count: 64)
        #expect(
            try failure(other) == """
                could not find image 'sha256:\(other)' in /docker (docker, btrfs driver)
                hint: image ids there: \(id)
                """)
    }

    @Test func `digits that more than one id begins with`() throws {
        #expect(
            try failure("1", in: .buildKit) == """
                could not choose an image: 2 ids in /docker (docker, btrfs driver) begin with '1'
                hint: they are 1dd294c08a1ff0021dd2458a69ccbf218e18f37b76001968d824836cdf89d27a, \
                1fd95c37613abb67751d98880bc9833c095b3b6fda7ebfc74375962a4643b08e
                """)
    }

    @Test func `an empty store`() throws {
        let text = try failure { fixture in
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
            try failure { try $0.write(#"{"Repositories":{}}"#, to: "image/btrfs/repositories.json") } == """
                could not find image 'bb3:v1' in /docker (docker, btrfs driver)
                hint: image ids there: \(id)
                """)
    }

    @Test(arguments: [
        ("", "it is empty"),
        ("{\"Repositories\":{\n", "it is not JSON: line 2: string or '}' expected near end of file"),
        ("[]", "it has no object 'Repositories'"),
        ("{}", "it has no object 'Repositories'"),
        ("{\"Repositories\":[]}", "it has no object 'Repositories'"),
    ])
    func `a broken repositories file`(content: String, reason: String) throws {
        #expect(
            try failure { try $0.write(content, to: "image/btrfs/repositories.json") } == """
                could not read '/docker/image/btrfs/repositories.json': \(reason)
                hint: the names are lost, the images may not be: name the image by its id in full, or move the file away and build again
                """)
    }

    @Test(arguments: [#""sha256:12""#, #""../../../etc""#, "7", "null", "[]"])
    func `a name that stands for no image id`(value: String) throws {
        #expect(
            try failure { try $0.write(#"{"Repositories":{"bb3":{"bb3:v1":\#(value)}}}"#, to: "image/btrfs/repositories.json") } == """
                could not read '/docker/image/btrfs/repositories.json': 'bb3:v1' has no image id
                \(repair)
                """)
    }

    @Test func `a name whose image is gone`() throws {
        #expect(
            try failure { try $0.remove("image/btrfs/imagedb/content/sha256/\(id)") } == """
                could not use image 'bb3:v1': its configuration '/docker/image/btrfs/imagedb/content/sha256/\(id)' is not there
                \(repair)
                """)
    }

    @Test(arguments: [
        ("", "it is empty"),
        ("{}", "its content has the digest sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a"),
    ])
    func `a configuration that does not match its id`(content: String, reason: String) throws {
        #expect(
            try failure { try $0.write(content, to: "image/btrfs/imagedb/content/sha256/\(id)") } == """
                could not use the image's configuration '/docker/image/btrfs/imagedb/content/sha256/\(id)': \(reason)
                \(repair)
                """)
    }

    @Test func `an image without layers`() throws {
        let config = #"{"os":"linux","architecture":"amd64","rootfs":{"type":"layers"}}"#
        let digest = Digest.of(Array(config.utf8))
        let text = try failure("\(digest)") { try $0.write(config, to: "image/btrfs/imagedb/content/sha256/\(digest.hex)") }
        #expect(text == "could not use image '\(digest)': it has no layers, so there is nothing to boot")
    }

    @Test(arguments: [#"["sha256:12"]"#, "[7]", #"["../../x"]"#])
    func `an image with a layer that has no digest`(layers: String) throws {
        let config = #"{"rootfs":{"diff_ids":\#(layers)}}"#
        let hex = Digest.of(Array(config.utf8)).hex
        let file = "image/btrfs/imagedb/content/sha256/\(hex)"
        #expect(
            try failure(hex) { try $0.write(config, to: file) }
                == "could not use the image's configuration '/docker/\(file)': one of its layers has no sha256 digest")
    }

    @Test func `a layer that the database does not have`() throws {
        #expect(
            try failure { try $0.remove(entry) } == """
                could not find the image's top layer: there is no directory '/docker/\(entry)'
                \(repair)
                """)
    }

    @Test(arguments: ["cache-id", "diff", "parent"])
    func `a file of the layer that is empty`(file: String) throws {
        #expect(
            try failure { try $0.write("", to: "\(entry)/\(file)") } == """
                could not use '/docker/\(entry)/\(file)': it is empty
                \(repair)
                """)
    }

    @Test(arguments: [
        ("cache-id", "it is not there"),
        (
            "diff",
            "it is not there, the image says 'sha256:c7b95ce38ccd455aa02db4200b88f00e01f3b2478c89324b300d112f8372c784'"
        ),
        (
            "parent",
            "it is not there, the image says 'sha256:1d6534b2b680a839775b63eb0c45459f1a7602d66e490dc107c1027f1d2c3cc0'"
        ),
    ])
    func `a file of the layer that is missing`(file: String, reason: String) throws {
        #expect(
            try failure { try $0.remove("\(entry)/\(file)") } == """
                could not use '/docker/\(entry)/\(file)': \(reason)
                \(repair)
                """)
    }

    @Test func `a layer with something below it that the image does not have`() throws {
        let diff = "sha256:93b6b3a47e7381db971ff3256ed352ced178c5c18e4dd272fb4a8711f0e3eaac"
        let config = #"{"rootfs":{"diff_ids":["\#(diff)"]}}"#
        let hex = Digest.of(Array(config.utf8)).hex
        let parent = "image/btrfs/layerdb/sha256/\(diff.dropFirst(7))/parent"
        let text = try failure(hex) { fixture in
            try fixture.write(config, to: "image/btrfs/imagedb/content/sha256/\(hex)")
            try fixture.write("sha256:\(id)", to: parent)
        }
        #expect(
            text == """
                could not use '/docker/\(parent)': it says 'sha256:\(id)', the image says that nothing is below
                \(repair)
                """)
    }

    @Test(arguments: ["../../../etc", "/etc", "..", "a b", "ABC", "x-init"])
    func `a cache id that would lead elsewhere`(value: String) throws {
        #expect(
            try failure { try $0.write(value, to: "\(entry)/cache-id") } == """
                could not use '/docker/\(entry)/cache-id': '\(value)' is not a cache id
                \(repair)
                """)
    }

    @Test func `a layer that is listed but absent`() throws {
        #expect(
            try failure { try $0.remove(layer) } == """
                could not use the image's top layer '/docker/\(layer)': it is not there
                \(repair)
                """)
    }

    @Test(arguments: [true, false])
    func `a layer that is a file or a symlink`(isLink: Bool) throws {
        let text = try failure { fixture in
            try fixture.remove(layer)
            if isLink { try fixture.link(layer, to: "b4d640c8007d80cdb688866c2eb90f9e3b062648c5a71e1279fd009bdddcd773") }
            if !isLink { try fixture.write("", to: layer) }
        }
        #expect(
            text == """
                could not use the image's top layer '/docker/\(layer)': it is not a directory
                \(repair)
                """)
    }
}
