import Basics
import Boot
import Testing

struct ConfigurationTests {
    private func parse(_ text: String) throws(Failure) -> Configuration {
        try Configuration(parsing: Array(text.utf8), name: "/etc/docker-btrfs.json")
    }

    @Test(arguments: [
        (#"{ "docker_image": "sample_image", "docker_tag": "latest" }"#, "sample_image:latest"),
        (#"{"docker_image":"sample_image"}"#, "sample_image"),
        (#"{"docker_image":"sample_image","docker_tag":""}"#, "sample_image"),
        (#"{"docker_image":"localhost:5000/foo/bar","docker_tag":"2"}"#, "localhost:5000/foo/bar:2"),
        (#"{"docker_tag":"latest"}"#, nil),
        (#"{"docker_image":"","docker_tag":"latest"}"#, nil),
        (#"{"comment":["for later"],"docker_image":"a","docker_image":"b"}"#, "b"),
        ("{}", nil),
    ])
    func `the image and its tag make a reference`(text: String, image: String?) throws {
        #expect(try parse(text).image == image)
    }

    @Test(arguments: [
        ("", "it is not JSON: line 1: '[' or '{' expected near end of file"),
        ("{\n\"docker_image\": sample_image\n}", "it is not JSON: line 2: invalid token near 'sample'"),
        (#"["sample_image"]"#, "it is not a JSON object"),
        (#"{"docker_image":7}"#, "'docker_image' is not a string"),
        (#"{"docker_image":null}"#, "'docker_image' is not a string"),
        (#"{"docker_image":"a","docker_tag":1.0}"#, "'docker_tag' is not a string"),
        (#"{"docker_tag":["latest"]}"#, "'docker_tag' is not a string"),
    ])
    func `a configuration that cannot be understood is refused`(text: String, reason: String) {
        #expect(throws: Failure("could not read '/etc/docker-btrfs.json': \(reason)")) { try parse(text) }
    }
}
