import Basics
import Testing

@testable import Boot
@testable import Images

/// What is found on a disk, here a directory tree. Roots of ours have to be subvolumes: see LoopTests.
struct SurveyTests {
    private let tree: Tree

    init() throws {
        tree = try Tree()
    }

    @Test func `a machine before its first boot`() throws {
        let facts = Facts(
            image: Image(
                reference: "bb3:v1",
                id: ImageID(try #require(Digest("sha256:a8be6a5138c5d7f5ec05c29530aafd7971f30d23bad9e01ab95138c6e7f5829c"))),
                chainID: ChainID(try #require(Digest("sha256:f81a049253937bdbeacf17b02a0ed5822e2b27f707296c285c3e84d73f1efabe"))),
                layer: "btrfs/subvolumes/a791edfc1a1c0ca091ebb77f7d2e0e375377ad47d7a167cfa6da5d4f10f74229",
                os: "linux", architecture: "amd64"
            ),
            contents: .bootable, standing: .nothing, missingParents: [], hasWorkshop: false, hasLeftover: false
        )
        #expect(try tree.facts() == facts)
        #expect(try tree.facts("root=LABEL=linux rootflags=subvol=x docker_path=/docker/ docker_image=bb3:v1") == facts)
    }

    @Test func `an image that was made for containers`() throws {
        try tree.remove("\(Tree.layer)/proc", "\(Tree.layer)/dev", "\(Tree.layer)/tmp")
        try tree.link("\(Tree.layer)/tmp", to: "/nowhere")
        try tree.write("", to: "\(Tree.layer)/.dockerenv")
        let contents = try tree.facts().contents
        #expect(contents.missingDirectories == ["proc", "dev"])
        #expect(contents.hasContainerMark)
    }

    @Test func `what has the root's name without being a root of ours is named`() throws {
        try tree.make("a")
        try tree.write("", to: "b")
        try tree.link("c", to: "a")
        try tree.link("d", to: "nowhere")
        for (name, what) in ["a": "a directory", "b": "a file", "c": "a symlink", "d": "a symlink"] {
            #expect(try tree.facts(Tree.line.renaming(to: name)).standing == .foreign(what), "\(name)")
        }
    }

    @Test(
        arguments: [
            ("x", []), ("here/x", []), ("here/a/x", ["here/a"]), ("a/b/c/x", ["a", "a/b", "a/b/c"]), ("there/x", []),
            ("there/a/x", ["there/a"]),
        ] as [(String, [Path])])
    func `what lies above the root's name and is not there is to be made`(name: String, missing: [Path]) throws {
        try tree.make("here")
        try tree.link("there", to: "/here")
        let facts = try tree.facts(Tree.line.renaming(to: name))
        #expect(facts.missingParents == missing)
        #expect(facts.standing == .nothing)
    }

    @Test(arguments: ["file", "link", "file/a/b"])
    func `a root below something that is no directory`(parent: String) throws {
        try tree.write("", to: "file")
        try tree.link("link", to: "nowhere")
        let reason = "'/\(parent.prefix { $0 != "/" })' is not a directory"
        #expect(tree.failure(Tree.line.renaming(to: "\(parent)/x")) == "could not make the root '/\(parent)/x': \(reason)")
    }

    @Test func `the workshop of earlier boots, and what an interrupted one left in it`() throws {
        try tree.make(".docker-btrfs/other.new")
        #expect(try tree.facts().hasWorkshop)
        #expect(try !tree.facts().hasLeftover)
        try tree.make(".docker-btrfs/docker_rwlayer.new")
        #expect(try tree.facts().hasLeftover)
        try tree.make(".docker-btrfs/layers%2Fone.new")
        #expect(try tree.facts(Tree.line.renaming(to: "layers/one")).hasLeftover)
        #expect(try !tree.facts(Tree.line.renaming(to: "layers/two")).hasLeftover)
    }

    @Test func `a wrong docker_path: what is there is listed`() throws {
        #expect(
            tree.failure("\(Tree.line) docker_path=var/lib/docker") == """
                could not find Docker's data-root '/var/lib/docker' (docker_path=): there is no such directory
                hint: '/' holds boot_docker, docker
                """)
        #expect(
            tree.failure("\(Tree.line) docker_path=docker/data") == """
                could not find Docker's data-root '/docker/data' (docker_path=): there is no such directory
                hint: '/docker' holds btrfs, containers, image
                """)
        #expect(
            tree.failure("\(Tree.line) docker_path=boot_docker") == """
                could not use '/boot_docker': it is not a docker data-root, which has a directory 'image'
                hint: the directory is empty
                """)
    }

    @Test(arguments: [("docker", "docker"), ("docker", "docker/image"), ("link", "docker")])
    func `a store in the root that each boot deletes`(root: String, store: String) throws {
        try tree.link("link", to: "docker")
        #expect(
            tree.failure("\(Tree.line) docker_path=\(store)".renaming(to: root)) == """
                could not use Docker's data-root '/\(store)' (docker_path=): it is in the root '/\(root)', which each boot deletes
                hint: move it out of the root, to a directory of its own
                """)
    }
}

extension String {
    /// The command line with another name for the root.
    func renaming(to name: String) -> String {
        replacing("subvol=docker_rwlayer", with: "subvol=\(name)")
    }
}
