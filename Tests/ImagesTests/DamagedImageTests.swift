import Basics
import Fixtures
import Images
import Testing

private let id = "a8be6a5138c5d7f5ec05c29530aafd7971f30d23bad9e01ab95138c6e7f5829c"
private let repair = "hint: the store is damaged, as after a power failure: restart docker, then pull or build the image again"

/// What a person reads where a store's names or an image's configuration are damaged.
struct DamagedImageTests {
    private let fixture = Fixture()

    @Test(arguments: [
        ("", "it is empty"),
        ("{\"Repositories\":{\n", "it is not JSON: line 2: string or '}' expected near end of file"),
        ("[]", "it has no object 'Repositories'"),
        ("{}", "it has no object 'Repositories'"),
        ("{\"Repositories\":[]}", "it has no object 'Repositories'"),
    ])
    func `a broken repositories file`(content: String, reason: String) throws {
        #expect(
            try fixture.failure { try $0.write(content, to: "image/btrfs/repositories.json") } == """
                could not read '/docker/image/btrfs/repositories.json': \(reason)
                hint: the names are lost, the images may not be: name the image by its id in full, or move the file away and build again
                """)
    }

    @Test(arguments: [#""sha256:12""#, #""../../../etc""#, "7", "null", "[]"])
    func `a name that stands for no image id`(value: String) throws {
        #expect(
            try fixture.failure { try $0.write(#"{"Repositories":{"bb3":{"bb3:v1":\#(value)}}}"#, to: "image/btrfs/repositories.json") }
                == """
                could not read '/docker/image/btrfs/repositories.json': 'bb3:v1' has no image id
                \(repair)
                """)
    }

    @Test func `a name whose image is gone`() throws {
        #expect(
            try fixture.failure { try $0.remove("image/btrfs/imagedb/content/sha256/\(id)") } == """
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
            try fixture.failure { try $0.write(content, to: "image/btrfs/imagedb/content/sha256/\(id)") } == """
                could not use the image's configuration '/docker/image/btrfs/imagedb/content/sha256/\(id)': \(reason)
                \(repair)
                """)
    }

    @Test func `an image without layers`() throws {
        let config = #"{"os":"linux","architecture":"amd64","rootfs":{"type":"layers"}}"#
        let digest = Digest.of(Array(config.utf8))
        let text = try fixture.failure("\(digest)") { try $0.write(config, to: "image/btrfs/imagedb/content/sha256/\(digest.hex)") }
        #expect(text == "could not use image '\(digest)': it has no layers, so there is nothing to boot")
    }

    @Test(arguments: [#"["sha256:12"]"#, "[7]", #"["../../x"]"#])
    func `an image with a layer that has no digest`(layers: String) throws {
        let config = #"{"rootfs":{"diff_ids":\#(layers)}}"#
        let hex = Digest.of(Array(config.utf8)).hex
        let file = "image/btrfs/imagedb/content/sha256/\(hex)"
        #expect(
            try fixture.failure(hex) { try $0.write(config, to: file) }
                == "could not use the image's configuration '/docker/\(file)': one of its layers has no sha256 digest")
    }
}
