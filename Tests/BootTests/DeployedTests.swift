import Basics
import Planning
import Testing

@testable import Boot

/// `docker_deployed=`: what a program chose.
struct DeployedTests {
    private let tree: Tree
    private let one: Deployment
    private static let id = String(repeating: "a1", count: 32)
    private static let chain = String(repeating: "c1", count: 32)
    private static let line = Tree.line.replacing("docker_path=docker", with: "").replacing("docker_image=bb3:v1", with: "")

    init() throws {
        tree = try Tree()
        one = try Deployment(
            imageID: ImageID(#require(Digest(hex: Self.id.utf8))), chainID: .digits(Self.chain), reference: ImageReference("desktop"),
            number: 3, made: 1_800_000_000, release: "6.18.44",
            files: [
                .init(name: "vmlinuz-0123456789abcdef", size: 12, digest: .of([1])), .init(name: "initrd-x y", size: 0, digest: .of([])),
            ])
        try tree.write(one.text, to: ".docker-btrfs/deployments/\(Self.id)")
        try tree.program(".docker-btrfs/layers/\(Self.chain)/sbin/init")
        try tree.write("ID=old\n", to: ".docker-btrfs/layers/\(Self.chain)/etc/os-release")
        try tree.write("", to: ".docker-btrfs/layers/\(Self.chain)/usr/lib/modules/6.18.44/modules.dep")
    }

    @Test func `its held layer is booted, and no store is read`() throws {
        let facts = try tree.facts("\(Self.line) docker_deployed=\(Self.id)")
        let source = try facts.wanted.get()
        #expect(source.root == .subvolume(Place(Layout.hold(one.chainID))))
        #expect(source.reference.text == "desktop" && source.imageID == one.imageID)
        #expect(source.contents.modules == .present)
    }

    @Test func `one that cannot be read stops no boot of another`() throws {
        let other = ".docker-btrfs/deployments/\(String(repeating: "b2", count: 32))"
        try tree.link(other, to: Path(other).map { display($0.name) } ?? "")
        #expect(try tree.facts("\(Self.line) docker_deployed=\(Self.id)").wanted.get().imageID == one.imageID)
    }

    @Test(arguments: ["docker_deployed=\(id)", "docker_deployed=sha256:\(id) docker_path=docker"])
    func `the fallback may overrule it`(words: String) throws {
        let request = try #require(try Request("\(Self.line) \(words)"))
        #expect(request.deployed == one.imageID && !request.isImageChosen)
    }

    @Test func `a person's choice goes before it`() throws {
        let request = try #require(try Request("\(Self.line) docker_deployed=\(Self.id) docker_image=bb3:v1"))
        #expect(request.deployed == nil && request.isImageChosen && request.dockerPath == nil)
    }

    @Test(arguments: ["desktop", "desktop:latest", "docker.io/library/desktop", id])
    func `a person names one of the deployments where there is no store`(name: String) throws {
        let facts = try tree.facts("\(Self.line) docker_deployed=\(Self.id) docker_image=\(name)")
        #expect(try facts.wanted.get().imageID == one.imageID)
    }

    @Test(arguments: ["", "=", "=desktop", "=a1a1a1a1a1a1"])
    func `only an id in full is taken`(value: String) throws {
        let failure = #expect(throws: Failure.self) { try Request("\(Self.line) docker_deployed\(value)") }
        #expect(failure?.message == "could not use 'docker_deployed=\(value.dropFirst())': it is not an image id in full")
    }

    @Test func `one that is not there is named, with those that are`() throws {
        let other = String(repeating: "b2", count: 32)
        #expect(
            try tree.refusal("\(Self.line) docker_deployed=\(other)") == """
                could not find the deployed image 'sha256:\(other)': it is not among the deployments
                hint: deployed are desktop (sha256:\(Self.id))
                """)
        try tree.remove(".docker-btrfs/layers/\(Self.chain)")
        let gone = try tree.refusal("\(Self.line) docker_deployed=\(Self.id)")
        #expect(gone?.hasPrefix("could not find the deployed image 'sha256:\(Self.id)': its layer is not held any more\n") == true)
    }

    @Test func `what was deployed stays held; where one cannot be read, all do`() throws {
        #expect(try tree.facts().heldForOthers == [one.chainID])
        let other = String(repeating: "d4", count: 32)
        try tree.make(".docker-btrfs/layers/\(other)")
        #expect(try tree.facts().heldForOthers == [one.chainID])
        try tree.write("docker-btrfs deployment 2\n", to: ".docker-btrfs/deployments/\(other)")
        #expect(try tree.facts().heldForOthers == [one.chainID, .digits(other)])
    }

    @Test func `modules of the running kernel come from whichever layer has them`() throws {
        let place = Layout.hold(one.chainID) / "usr/lib/modules/6.18.44"
        #expect(try tree.facts().modulesElsewhere == place)
        try tree.write("", to: "boot_docker/boot/modules/6.18.44/modules.dep")
        #expect(try tree.facts().modulesElsewhere == "boot_docker/boot/modules/6.18.44")
    }

    /// The loader starts B's kernel; A has none of its modules.
    @Test func `bad boots of B end in A, with the modules of B`() throws {
        let facts = Facts.later { facts in
            facts.kept = [.kept(3, "v1", .good) { $0.modules = .absent }]
            facts.standing = .root(5, "v2")
            facts.record = .example(good: ["v1"], images: ["v2": 3])
            facts.lastGood = .image("v1", modules: .absent)
            facts.modulesElsewhere = "layers/b/lib/modules/6.18.44"
        }
        #expect(try decision(facts).choice == .build(.image("v1", modules: .absent), modules: "layers/b/lib/modules/6.18.44"))
    }
}

struct DeploymentFileTests {
    private static let text = """
        docker-btrfs deployment 1
        id sha256:\(String(repeating: "a1", count: 32))
        chain sha256:\(String(repeating: "c1", count: 32))
        image desktop:latest
        number 3
        made 1800000000
        kernel 6.18.44
        file sha256:\(String(repeating: "d1", count: 32)) 12 vmlinuz-0123456789abcdef

        """

    @Test func `it is read as it was written`() throws {
        let one = try #require(Deployment(parsing: Array(Self.text.utf8)))
        #expect(one.text == Self.text)
        #expect(one.files.map(\.name) == ["vmlinuz-0123456789abcdef"] && one.number == 3)
    }

    @Test(arguments: [
        ("deployment 1", "deployment 2"), ("number 3", "number 0"), ("number 3", "number 99999999999"), ("image desktop:latest", "image A"),
        ("12 vmlinuz", "12 a/vmlinuz"), ("12 vmlinuz", "-1 vmlinuz"), ("12 vmlinuz-0123456789abcdef", "12 .."),
        ("id sha256:a1", "id sha256:"),
    ])
    func `what is damaged is none`(part: String, other: String) throws {
        #expect(Deployment(parsing: Array(Self.text.replacing(part, with: other).utf8)) == nil)
    }

    @Test func `what is cut off is none`() throws {
        let bytes = Array(Self.text.utf8)
        for count in bytes.indices { #expect(Deployment(parsing: Array(bytes[..<count])) == nil) }
    }
}
