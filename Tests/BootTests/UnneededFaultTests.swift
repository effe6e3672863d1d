import Basics
import Planning
import Testing

@testable import Boot

/// What is wrong with things that a boot can do without is told, and the boot goes on.
struct UnneededFaultTests {
    private let tree: Tree
    private let roots = ".docker-btrfs/roots/docker_rwlayer"

    init() throws {
        tree = try Tree()
    }

    @Test(arguments: [
        ("a file", ".docker-btrfs/roots/README", "'/.docker-btrfs/roots/README' is no folder of roots; it is left alone"),
        (
            "a high number", ".docker-btrfs/roots/docker_rwlayer/2147483647/x",
            "'/.docker-btrfs/roots/docker_rwlayer/2147483647' has a number that is too high to be that of a root; it is left alone"
        ),
        (
            "a higher number", ".docker-btrfs/roots/docker_rwlayer/99999999999999999999",
            "'/.docker-btrfs/roots/docker_rwlayer/99999999999999999999' has a number that is too high to be that of a root; it is left alone"
        ),
        (
            "no folder of templates", ".docker-btrfs/templates",
            "could not open the directory '/.docker-btrfs/templates': Not a directory; no template is used"
        ),
        (
            "no folder of layers", ".docker-btrfs/layers",
            "could not open the directory '/.docker-btrfs/layers': Not a directory; what is held is not known"
        ),
        (
            "no folder of roots", ".docker-btrfs/roots/docker_rwlayer",
            "could not open the directory '/.docker-btrfs/roots/docker_rwlayer': Not a directory; what is in it is left alone"
        ),
        (
            "a template that is none", ".docker-btrfs/templates/docker_rwlayer.\(String(repeating: "0a", count: 32))/x",
            "'/.docker-btrfs/templates/docker_rwlayer.\(String(repeating: "0a", count: 32))' is not as docker-btrfs left it: it is not used, and left alone"
        ),
    ])
    func `what stands in the layout without being of it`(what: String, path: String, note: String) throws {
        try tree.write("", to: path)
        let facts = try tree.facts()
        #expect(facts.faults == [note], "\(what)")
        #expect(facts.areRootsKnown == (what != "no folder of roots"), "\(what)")
        #expect(try facts.wanted.get().reference.text == "bb3:v1")
        #expect(try Plan(for: try #require(try Request(Tree.line)), given: facts).notes.contains(note))
    }

    @Test func `a symlink in a circle, wherever one of ours may be`() throws {
        for path in [".docker-btrfs/roots/other", "\(roots)/3", ".docker-btrfs/record", "other"] { try tree.link(path, to: "3") }
        try tree.link("\(roots)/new", to: "new")
        let facts = try tree.facts()
        #expect(try facts.wanted.get().reference.text == "bb3:v1")
        #expect(facts.kept == [])
        #expect(facts.takenNumbers == [3])
    }

    @Test func `a fault of a root leaves the layers that are held where they are`() throws {
        let facts = Facts.later { facts in
            facts.held = [.named("chain-v0"), .named("chain-v1")]
            facts.areRootsKnown = false
            facts.faults = ["could not read"]
        }
        let plan = try plan(facts)
        #expect(!plan.afterwards.contains(.deleteSubvolume(Place(Layout.hold(.named("chain-v0"))))))
        #expect(plan.notes == ["could not read"])
    }

    @Test func `a root that cannot be looked at makes way, and is put aside and not deleted`() throws {
        let facts = Facts.later { $0.standing = .unreadable }
        let new = Place(Layout.new("docker_rwlayer"))
        let plan = try plan(facts, adding: "docker_keep=0")
        let aside = Step.rename("docker_rwlayer", to: Place(Layout.kept("docker_rwlayer", 2)))
        #expect(plan.steps.suffix(2) == [aside, .rename(new, to: "docker_rwlayer")])
        #expect(!plan.afterwards.contains(.deleteSubvolume(new)))
        #expect(plan.notes == ["'/docker_rwlayer' is put aside as '/.docker-btrfs/roots/docker_rwlayer/2'"])
        let stop = Plan(stopping: try request(), given: facts)
        #expect(stop.steps == [aside])
    }

    @Test func `nor is what lies where the new one is to be built`() throws {
        let facts = Facts.later { $0.leftover = .unreadable(Layout.kept("docker_rwlayer", 3)) }
        let plan = try plan(facts)
        #expect(plan.steps.first == .rename(Place(Layout.new("docker_rwlayer")), to: Place(Layout.kept("docker_rwlayer", 3))))
        #expect(plan.steps.contains { if case .mark(_, let mark) = $0 { mark.number == 4 } else { false } })
    }

    @Test(arguments: ["lib", "usr"])
    func `the modules of a root that cannot be looked at keep it from nothing but being the one that has them`(text: String) throws {
        let root = Facts.Root.kept(1, "v1", .good) { $0.modules = .unknown }
        let facts = Facts.later { facts in
            facts.kept = [root]
            facts.standing = .nothing
            facts.wanted = .failure(Failure("no image"))
        }
        let decision = try Decision(after: Failure("no image"), for: request(), given: facts)
        #expect(decision.choice == .restore(root))
    }

    @Test func `numbers come back with a root that was renamed`() throws {
        let standing = Facts.Root.kept(2, "v1") { $0.path = "docker_rwlayer" }
        let facts = Facts.later { facts in
            facts.kept = [.kept(1, "v1"), .kept(2, "v1")]
            facts.takenNumbers = [1, 2]
            facts.standing = .root(standing)
        }
        let plan = try plan(facts, adding: "docker_keep=3")
        let new = Place(Layout.new("docker_rwlayer"))
        #expect(plan.afterwards.first == .rename(new, to: Place(Layout.kept("docker_rwlayer", 3))))
        #expect(plan.steps.contains { if case .mark(_, let mark) = $0 { mark.number == 4 } else { false } })
    }

    @Test(arguments: [
        (["etc/.wh.passwd"], [] as [String]), (["etc/.wh..wh..opq"], []), (["etc/.wh."], []), (["etc/.wh..wh.plnk"], []),
        (["etc/wh.file", "etc/.whale", "etc/.wh.x"], ["/etc/.whale", "/etc/wh.file"]),
    ])
    func `what would hide the image's files is no file that a machine made`(made: [String], stored: [String]) throws {
        #expect(try minted(made) == stored)
    }

    @Test func `nor is what would be the layer's manifest`() throws {
        #expect(try minted([".docker-btrfs.json", "a.json"], pattern: "/*.json") == ["/a.json"])
    }

    @Test(arguments: ["chmod u+s", "setfattr --name security.capability --value 0x0100000200200000000000000000000000000000"])
    func `nor is what gives rights to who runs it`(command: String) throws {
        #expect(try minted(["etc/key", "etc/tool"]) == ["/etc/key", "/etc/tool"])
        try tree.run(command, on: "docker_rwlayer/etc/tool")
        #expect(try minted(["etc/key"]) == ["/etc/key"])
    }

    @Test func `more files than any machine makes are not stored`() throws {
        let faults = Faults()
        #expect(try minted((1...1100).map { "srv/\($0)" }, pattern: "/srv/*", faults).count == 1000)
        #expect(faults.notes == ["more than 1000 files in '/srv' are to be stored in the top layer; the others are not"])
    }

    @Test func `a create-only file whose folder cannot be looked at is told`() throws {
        let faults = Faults()
        try tree.link("docker_rwlayer/etc", to: "etc")
        #expect(try minted([], faults) == [])
        #expect(faults.notes.count == 1)
        #expect(faults.notes[0].hasSuffix("; what else is to be stored in the top layer from '/etc' is not known"))
    }

    /// A user would get copies of what is in a directory that he cannot enter.
    @Test(arguments: ["/home/u/x/*", "/home/u/x/y/*"])
    func `nor is what a symlink leads to, wherever it is on the way`(pattern: String) throws {
        let faults = Faults()
        try tree.write("secret", to: "docker_rwlayer/root/y/key")
        try tree.write("secret", to: "docker_rwlayer/root/key")
        try tree.link("docker_rwlayer/home/u/x", to: "/root")
        #expect(try minted([], pattern: pattern, faults) == [])
        let place = pattern.dropLast(2)
        #expect(
            faults.notes == [
                """
                '/docker_rwlayer\(place)' is reached by a symlink: create_only has to name what it leads to; what else is to be stored in the top layer \
                from '\(place)' is not known
                """
            ])
    }

    /// It may be the root of another machine.
    @Test func `what was made in a root of other top layers is not taken, and that is told where there is something`() throws {
        let faults = Faults()
        #expect(try minted([], over: "other", faults) == [])
        #expect(faults.notes == [])
        #expect(try minted(["etc/key"], over: nil, faults) == [])
        #expect(faults.notes == [])
        #expect(try minted(["etc/key"], over: "other", faults) == [])
        #expect(
            faults.notes == [
                """
                '/etc/key' is in no top layer, and root 1 ('sample:v1') was not made with these; what the system of root 1 ('sample:v1') made \
                for this machine is not carried over
                """
            ])
    }

    /// What is found to have been made by a root's system.
    private func minted(
        _ made: [String], pattern: String = "/etc/*", over layer: Path? = "boot_docker", _ faults: Faults = Faults()
    ) throws -> [String] {
        let origin = Origin.image("v1", over: layer.map { [$0] } ?? [])
        try tree.make("docker_rwlayer")
        try tree.make(display(Layout.hold(origin.chainID).bytes))
        for file in made { try tree.write("x", to: "docker_rwlayer/\(file)") }
        try tree.write(#"{"create_only": ["\#(pattern)"]}"#, to: "boot_docker/.docker-btrfs.json")
        let root = Facts.Root(
            path: "docker_rwlayer", mark: Mark(origin: origin, number: 1, made: 0), isGood: false, modules: .notNeeded, nested: [],
            occupied: [])
        let request = try #require(try Request(Tree.line))
        let files = try #require(try MachineFiles(of: request, on: tree.open(), besides: tree.open(), Tree.host))
        return files.minted(by: .root(root), on: try tree.open(), faults).map { $0.description }
    }
}
