import Basics
import Testing

@testable import Deployments

/// What is known to come from a registry, though its name does not say so.
struct PulledImagesTests {
    private func id(_ text: String) -> ImageID { ImageID(Digest.of(Array(text.utf8))) }

    @Test func `each image is known by the name that it came under, and is still when others came`() throws {
        let small = "docker.io/library/small:latest"
        var pulled = PulledImages().adding(id("one"), to: small).adding(nil, to: "docker.io/library/typo:latest")
        pulled = pulled.adding(id("two"), to: small).adding(id("three"), to: "docker.io/library/other:1")
        let again = PulledImages(reading: try JSON(parsing: Array(pulled.json.text.utf8), name: "it"))
        #expect(again == pulled)
        #expect(["one", "two", "three"].map { again.has(id($0), as: small) } == [true, true, false])
        #expect(!again.has(id("one"), as: "docker.io/library/other:1"))
        #expect(PulledImages(reading: nil) == PulledImages())
    }

    @Test func `of a name that had many, the newest stay`() {
        let pulled = (1...50).reduce(PulledImages()) { $0.adding(id("\($1)"), to: "desk") }
        #expect([1, 30, 31, 50].map { pulled.has(id("\($0)"), as: "desk") } == [false, false, true, true])
    }
}
