import Basics
import Testing

struct DigestTests {
    @Test func `the digest of a content is its SHA-256`() {
        #expect(Digest.of([]).description == "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
        #expect(Digest.of(Array("abc".utf8)).hex == "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad")
    }

    @Test(arguments: [
        "", "sha256:", String(repeating: "a", count: 64), "sha256:" + String(repeating: "a", count: 63),
        "sha256:" + String(repeating: "a", count: 65), "sha256:" + String(repeating: "A", count: 64),
        "sha256:" + String(repeating: "g", count: 64), "sha512:" + String(repeating: "a", count: 64),
        " sha256:" + String(repeating: "a", count: 64), "sha256:" + String(repeating: "a", count: 63) + "/",
    ])
    func `nothing else is a digest`(text: String) {
        #expect(Digest(text) == nil)
    }

    @Test func `a digest prints as it was written`() {
        let text = "sha256:a8be6a5138c5d7f5ec05c29530aafd7971f30d23bad9e01ab95138c6e7f5829c"
        #expect(Digest(text)?.description == text)
    }

    @Test func `the chain id of one layer is its diff id, that of more has all layers below in it`() throws {
        let layers = try [
            "sha256:93b6b3a47e7381db971ff3256ed352ced178c5c18e4dd272fb4a8711f0e3eaac",
            "sha256:8585d65490a66e55428526d6db0cb64aca6af81f9a92b052d02b23cf761ca37a",
            "sha256:c7b95ce38ccd455aa02db4200b88f00e01f3b2478c89324b300d112f8372c784",
        ].map { DiffID(try #require(Digest($0))) }
        let chains = (1...3).map { ChainID(of: layers.prefix($0))?.description }
        // As Docker 20.10, 28.5 and 29.7 named the directories of these layers.
        #expect(
            chains == [
                "sha256:93b6b3a47e7381db971ff3256ed352ced178c5c18e4dd272fb4a8711f0e3eaac",
                "sha256:1d6534b2b680a839775b63eb0c45459f1a7602d66e490dc107c1027f1d2c3cc0",
                "sha256:f81a049253937bdbeacf17b02a0ed5822e2b27f707296c285c3e84d73f1efabe",
            ])
    }

    @Test func `no layers have no chain id`() {
        #expect(ChainID(of: [DiffID]()) == nil)
    }

    @Test func `a cache id is lower-case letters and digits, of any length that a file's name can have`() {
        #expect(CacheID("x8rjn0z9wiajmr8o1ne34941p".utf8)?.description == "x8rjn0z9wiajmr8o1ne34941p")
        #expect(CacheID(String(repeating: "a", count: 255).utf8) != nil)
        for text in ["", "..", ".", "a/b", "A", "a-init", "a\n", "ä", String(repeating: "a", count: 256)] {
            #expect(CacheID(text.utf8) == nil, "\(text)")
        }
    }
}
