import Basics
import Testing

private let hex = "a8be6a5138c5d7f5ec05c29530aafd7971f30d23bad9e01ab95138c6e7f5829c"
private let long = String(repeating: "a", count: 255)

struct ImageReferenceTests {
    @Test(arguments: [
        ("debian", "docker.io", "library/debian", "debian:latest"),
        ("debian:bookworm", "docker.io", "library/debian", "debian:bookworm"),
        ("library/debian", "docker.io", "library/debian", "debian:latest"),
        ("docker.io/debian", "docker.io", "library/debian", "debian:latest"),
        ("docker.io/library/debian:12", "docker.io", "library/debian", "debian:12"),
        ("index.docker.io/library/debian:12", "docker.io", "library/debian", "debian:12"),
        ("index.docker.io/debian", "docker.io", "library/debian", "debian:latest"),
        ("library/a/b", "docker.io", "library/a/b", "library/a/b:latest"),
        ("docker.io/library", "docker.io", "library/library", "library:latest"),
        ("me/app", "docker.io", "me/app", "me/app:latest"),
        ("localhost/app", "localhost", "app", "localhost/app:latest"),
        ("localhost:5000/app:1", "localhost:5000", "app", "localhost:5000/app:1"),
        ("LOCALHOST:5000/app:1", "LOCALHOST:5000", "app", "LOCALHOST:5000/app:1"),
        ("Registry/app", "Registry", "app", "Registry/app:latest"),
        ("ghcr.io/x/y:z", "ghcr.io", "x/y", "ghcr.io/x/y:z"),
        ("127.0.0.1:5077/a", "127.0.0.1:5077", "a", "127.0.0.1:5077/a:latest"),
        ("[2001:db8::1]:5000/a:b", "[2001:db8::1]:5000", "a", "[2001:db8::1]:5000/a:b"),
        ("[::1]/a", "[::1]", "a", "[::1]/a:latest"),
        // Looks like a host and cannot be one: the daemon takes it for a part of the repository's name.
        ("my_host.lan/app", "", "my_host.lan/app", "my_host.lan/app:latest"),
        ("localhost:5000", "docker.io", "library/localhost", "localhost:5000"),
        ("a.b__c-d---e/f_g", "", "a.b__c-d---e/f_g", "a.b__c-d---e/f_g:latest"),
        ("a@sha256:\(hex)", "docker.io", "library/a", "a@sha256:\(hex)"),
        ("a:tag@sha256:\(hex)", "docker.io", "library/a", "a@sha256:\(hex)"),
        ("a:_T.-0", "docker.io", "library/a", "a:_T.-0"),
        ("sha256:a8be", "docker.io", "library/sha256", "sha256:a8be"),
        ("library/\(hex)", "docker.io", "library/\(hex)", "\(hex):latest"),
        ("ghcr.io/\(long)", "ghcr.io", long, "ghcr.io/\(long):latest"),
    ])
    func `a name is read as the daemon reads it`(text: String, host: String, path: String, printed: String) throws {
        let reference = try ImageReference(text)
        guard case .name(let name) = reference.kind else {
            Issue.record("'\(text)' was not read as a name")
            return
        }
        #expect([name.host, name.path, reference.description] == [host, path, printed])
    }

    @Test(arguments: [hex, "sha256:\(hex)"])
    func `an id in full is an id and never a name`(text: String) throws {
        let reference = try ImageReference(text)
        #expect(reference.kind == .id(ImageID(try #require(Digest("sha256:\(hex)")))))
        #expect(reference.description == "sha256:\(hex)")
    }

    @Test(arguments: [
        ("a", "a"), ("a8be", "a8be"), ("sha256:a8be", "a8be"), ("a8bg", nil), ("a8be:latest", nil), ("library/a8be", nil),
        ("\(hex)0", "\(hex)0"),
    ])
    func `hexadecimal digits may be the beginning of an id`(text: String, prefix: String?) throws {
        #expect(try ImageReference(text).idPrefix.map { String(decoding: $0, as: UTF8.self) } == prefix)
    }

    @Test(arguments: [
        ("", "it is empty"),
        ("Debian", "the repository's name must be lower-case"),
        (hex.uppercased(), "the repository's name must be lower-case"),
        ("ghcr.io/X/y", "the repository's name must be lower-case"),
        ("/debian", "a part of the name is empty"),
        ("debian/", "a part of the name is empty"),
        ("a//b", "a part of the name is empty"),
        (":tag", "a part of the name is empty"),
        ("a b", "'a b' is not a part of a name"),
        (" debian", "' debian' is not a part of a name"),
        ("../../etc", "'..' is not a part of a name"),
        ("a..b", "'a..b' is not a part of a name"),
        ("a___b", "'a___b' is not a part of a name"),
        ("a_-b", "'a_-b' is not a part of a name"),
        ("a-", "'a-' is not a part of a name"),
        ("-a", "'-a' is not a part of a name"),
        ("é", "'é' is not a part of a name"),
        ("host:port/a", "'host:port' is not a part of a name"),
        ("host:/a", "'host:' is not a part of a name"),
        ("[::1/a", "'[::1' is not a part of a name"),
        ("[]:1/a", "'[]:1' is not a part of a name"),
        ("[::1]x/a", "'[::1]x' is not a part of a name"),
        ("a:", "'' is not a tag"),
        ("a:-b", "'-b' is not a tag"),
        ("a:b:c", "'b:c' is not a tag"),
        ("a:b/c", "'a:b' is not a part of a name"),
        ("x/a:b/c", "'b/c' is not a tag"),
        ("a:\(String(repeating: "t", count: 129))", "'\(String(repeating: "t", count: 129))' is not a tag"),
        ("a@", "'' is not sha256: and 64 lower-case hexadecimal digits"),
        ("a@sha256:12", "'sha256:12' is not sha256: and 64 lower-case hexadecimal digits"),
        ("a@sha256:\(hex.uppercased())", "'sha256:\(hex.uppercased())' is not sha256: and 64 lower-case hexadecimal digits"),
        ("a\n", "'a\\x0a' is not a part of a name"),
        ("ghcr.io/\(long)a", "the repository's name is longer than 255 bytes"),
    ])
    func `what is no reference is refused with the reason`(text: String, reason: String) {
        let expected = Failure(
            "could not read the image reference '\(display(text.utf8))': \(reason)",
            hint: "an image is named as NAME, NAME:TAG, NAME@sha256:DIGEST or by its id"
        )
        #expect(throws: expected) { try ImageReference(text) }
    }

    @Test(arguments: [
        ("debian", "debian:latest", true), ("docker.io/library/debian", "debian:latest", true), ("debian:latest", "debian", true),
        ("index.docker.io/x/y:1", "x/y:1", true), ("debian:12", "debian", false), ("debian", "ghcr.io/library/debian", false),
        ("4e", "debian", false), ("4ebf", "4ebf", true),
    ])
    func `an image that was found once is meant by every spelling of its name`(asked: String, found: String, isMeant: Bool) throws {
        #expect(try ImageReference(asked).means(ImageID(.of([1])), foundAs: ImageReference(found)) == isMeant)
    }

    @Test func `and by its id in full, whatever it was called`() throws {
        let id = ImageID(.of([1]))
        #expect(try ImageReference(id.description).means(id, foundAs: ImageReference("debian")))
        #expect(try ImageReference(id.digest.hex).means(id, foundAs: ImageReference("debian")))
        #expect(try !ImageReference(id.description).means(ImageID(.of([2])), foundAs: ImageReference("debian")))
        #expect(
            try !ImageReference(String(id.digest.hex.prefix(12))).means(id, foundAs: ImageReference("debian")), "the store may have two")
    }
}
