import Basics
import Planning
import Testing

@testable import Boot

/// What is found on a disk, here a directory tree. Roots of ours have to be subvolumes: see LoopTests.
struct SurveyTests {
    private let tree: Tree

    init() throws {
        tree = try Tree()
    }

    @Test func `a machine before its first boot`() throws {
        let facts = try tree.facts()
        #expect(facts.standing == .nothing)
        #expect(facts.kept == [])
        #expect(facts.takenNumbers == [])
        #expect(facts.held == [])
        #expect(facts.heldForOthers == [])
        #expect(facts.record == Record())
        #expect(facts.recordDamage == nil)
        #expect(facts.leftover == .nothing)
        #expect(facts.modulesElsewhere == nil)
        #expect(facts.lastGood == nil)
        #expect(facts.topLayer?.extent?.files == 0)
        #expect(
            facts.missingDirectories == [
                ".docker-btrfs", ".docker-btrfs/layers", ".docker-btrfs/templates", ".docker-btrfs/roots",
                ".docker-btrfs/roots/docker_rwlayer",
            ])
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
        #expect(facts.missingDirectories.dropFirst(5) == missing[...])
        #expect(facts.standing == .nothing)
    }

    @Test(arguments: ["file", "link", "file/a/b"])
    func `a root below something that is no directory`(parent: String) throws {
        try tree.write("", to: "file")
        try tree.link("link", to: "nowhere")
        let reason = "'/\(parent.prefix { $0 != "/" })' is not a directory"
        #expect(try tree.refusal(Tree.line.renaming(to: "\(parent)/x")) == "could not make the root '/\(parent)/x': \(reason)")
    }

    @Test func `what an interrupted boot left belongs to one name`() throws {
        try tree.make(".docker-btrfs/roots/other/new")
        #expect(try tree.facts().leftover == .nothing)
        try tree.make(".docker-btrfs/roots/docker_rwlayer/new")
        #expect(try tree.facts().leftover == .unfinished)
        #expect(try tree.facts().missingDirectories == [".docker-btrfs/layers", ".docker-btrfs/templates"])
        try tree.make(".docker-btrfs/roots/layers%2Fone/new")
        #expect(try tree.facts(Tree.line.renaming(to: "layers/one")).leftover == .unfinished)
        #expect(try tree.facts(Tree.line.renaming(to: "layers/two")).leftover == .nothing)
    }

    @Test func `what lies among the roots without being one stops nothing, and its number is taken`() throws {
        let roots = ".docker-btrfs/roots/docker_rwlayer"
        try tree.make("\(roots)/3")
        try tree.write("", to: "\(roots)/11")
        try tree.link("\(roots)/5", to: "3")
        for name in ["notes", "99a", "-100", "99999999999"] { try tree.make("\(roots)/\(name)") }
        try tree.write("", to: "\(roots)/new")
        let facts = try tree.facts()
        #expect(facts.kept == [])
        #expect(facts.takenNumbers.sorted() == [3, 5, 11])
        #expect(facts.faults.contains("'/\(roots)/3' has no mark of a root; it is left alone"))
        #expect(facts.leftover == .unfinished)
    }

    @Test func `a hold has a digest for a name`() throws {
        let digits = String(repeating: "0a", count: 32)
        for name in [digits, "mine", "0a1b", digits.uppercased(), digits + "0"] { try tree.make(".docker-btrfs/layers/\(name)") }
        #expect(try tree.facts().held == [.digits(digits)])
    }

    @Test func `what was counted under a name that no root has any more is forgotten`() throws {
        let mark = Mark(origin: .image("v1"), number: 3, made: 0)
        let names: [Path] = ["docker_rwlayer", "there", "kept", "gone", Layout.kept("gone", 3)]
        let record = names.reduce(Record()) { $0.trying(mark, of: $1) }
        try tree.write(record.text, to: ".docker-btrfs/record")
        try tree.make("there")
        try tree.make(".docker-btrfs/roots/kept/3")
        let found = try tree.facts().record
        #expect(
            found.images.map(\.name) == ["docker_rwlayer", "there", "kept"]
                && found.roots.map(\.name) == ["docker_rwlayer", "there", "kept"])
    }

    @Test func `the record is read, and one that cannot be read stops no boot`() throws {
        let record = Record.example(good: ["v1"], images: ["v2": 2])
        try tree.write(record.text, to: ".docker-btrfs/record")
        #expect(try tree.facts().record == record)
        #expect(try tree.facts().recordDamage == nil)
        try tree.write(String(record.text.dropLast()), to: ".docker-btrfs/record")
        #expect(try tree.facts().record == Record())
        #expect(
            try tree.facts().recordDamage
                == "the record of earlier boots '/.docker-btrfs/record' is damaged, or of a later version: counting starts anew")
        try tree.remove(".docker-btrfs/record")
        try tree.make(".docker-btrfs/record")
        #expect(
            try tree.facts().recordDamage
                == "could not read '/.docker-btrfs/record': it is not a regular file: counting of boots starts anew")
    }

    @Test func `the last good image comes from the store, by its id and with the name that it had`() throws {
        let image = try ImageID.digits("a8be6a5138c5d7f5ec05c29530aafd7971f30d23bad9e01ab95138c6e7f5829c")
        let origin = Origin(reference: .sample("v0"), imageID: image, chainID: .named("chain-v0"), layer: "x", topLayer: nil)
        let record = Record().good(Mark(origin: origin, number: 1, made: 0), of: "docker_rwlayer")
        try tree.write(record.text, to: ".docker-btrfs/record")
        #expect(try tree.facts().lastGood == nil, "it is the one that is asked for")
        let request = try #require(try Request(Tree.line))
        let images = ImageSurvey(topLevel: try tree.open(), topLayer: [], initProgram: nil, host: Tree.host)
        let source = try SourceSurvey(request: request, images: images, missing: nil).recorded(record.images[0])
        #expect(source?.reference == .sample("v0"))
        #expect(source?.imageID == image)
        #expect(source?.root == .subvolume(Place(try #require(Path(Tree.layer)))))
    }

    @Test func `a last good image that is gone, or that cannot be booted any more, stops no boot`() throws {
        let chain = String(repeating: "0a", count: 32)
        let origin = Origin(reference: .sample("gone"), imageID: .named("gone"), chainID: try .digits(chain), layer: "x", topLayer: nil)
        try tree.write(Record().good(Mark(origin: origin, number: 1, made: 0), of: "docker_rwlayer").text, to: ".docker-btrfs/record")
        #expect(try tree.facts().lastGood == nil)
        #expect(try tree.refusal() == nil)
        try tree.make(".docker-btrfs/layers/\(chain)/etc")
        #expect(try tree.facts().lastGood == nil, "the hold has no init")
        #expect(try tree.refusal() == nil)
        try tree.program(".docker-btrfs/layers/\(chain)/sbin/init")
        try tree.write("ID=old\n", to: ".docker-btrfs/layers/\(chain)/etc/os-release")
        let source = try #require(try tree.facts().lastGood)
        #expect(source.root == .subvolume(Place(Layout.hold(try .digits(chain)))))
        #expect(source.reference == .sample("gone"))
    }

    @Test(
        arguments: [
            ("BOOT_IMAGE=/esp/vmlinuz", "esp/modules/6.18.44"), ("BOOT_IMAGE=(hd0,gpt1)/esp/vmlinuz", "esp/modules/6.18.44"),
            (#"initrd=\esp\initrd.img"#, "esp/modules/6.18.44"), ("", "boot_docker/boot/modules/6.18.44"),
            ("BOOT_IMAGE=/elsewhere/vmlinuz", "boot_docker/boot/modules/6.18.44"), ("BOOT_IMAGE=/file", "boot_docker/boot/modules/6.18.44"),
        ] as [(String, Path)])
    func `modules beside the kernel, in the first of the folders that has them`(text: String, place: Path) throws {
        try tree.make("esp/modules/6.18.44")
        try tree.make("boot_docker/boot/modules/6.18.44")
        for place in ["esp/modules/6.18.44", "boot_docker/boot/modules/6.18.44"] { try tree.write("", to: "\(place)/modules.dep") }
        try tree.make("elsewhere/modules/6.18.44")
        try tree.write("", to: "file")
        #expect(try tree.facts("\(text) \(Tree.line)").modulesElsewhere == place)
        #expect(try tree.facts("\(text) \(Tree.line)", on: Facts.Host(kernelRelease: nil, time: 0)).modulesElsewhere == nil)
    }

    @Test func `why the top layer's filesystem cannot be had is why there is no new root`() throws {
        let request = try #require(try Request(Tree.line))
        let failure = Failure("could not find the device")
        let facts = Facts(surveying: try tree.open(), topLayer: .failure(failure), for: request, on: Tree.host)
        #expect(facts.wanted == .failure(failure))
        #expect(facts.topLayer == nil)
    }

    @Test func `a wrong docker_path: what is there is listed`() throws {
        #expect(
            try tree.refusal("\(Tree.line) docker_path=var/lib/docker") == """
                could not find the image store '/var/lib/docker' (docker_path=): there is no such directory
                hint: '/' holds boot_docker, docker
                """)
        #expect(
            try tree.refusal("\(Tree.line) docker_path=docker/data") == """
                could not find the image store '/docker/data' (docker_path=): there is no such directory
                hint: '/docker' holds btrfs, containers, image
                """)
        #expect(
            try tree.refusal("\(Tree.line) docker_path=boot_docker") == """
                could not use '/boot_docker': it is neither a docker data-root nor containerd's root nor podman's graphroot
                hint: the directory is empty
                """)
    }
}

extension String {
    /// The command line with another name for the root.
    func renaming(to name: String) -> String {
        replacing("subvol=docker_rwlayer", with: "subvol=\(name)")
    }
}
