import Basics
import Planning
import Testing

@testable import Boot

/// `docker_mode=persist`: the root stays for as long as what it was made from.
struct PersistTests {
    private let persist = "docker_mode=persist"

    /// Root 5 of the image and the top layer that are asked for stands, and booted well.
    private func standing(
        _ root: Facts.Root = .kept(5, "v2", .good).with(topLayer: "sha256:files"), _ change: (inout Facts) -> Void = { _ in }
    ) -> Facts {
        .later { facts in
            var root = root
            root.path = "docker_rwlayer"
            facts.kept = [.kept(4, "v1", .good)]
            facts.standing = .root(root)
            facts.record = .example(good: ["v1", "v2"])
            change(&facts)
        }
    }

    private func keeping(_ root: Int, _ version: String, _ why: String) -> [String] {
        ["making a new root, and keeping root \(root) ('sample:\(version)') as '/.docker-btrfs/roots/docker_rwlayer/\(root)': \(why)"]
    }

    @Test func `while nothing changed it stays, and all that is written is that it was tried`() throws {
        let facts = standing()
        guard case .root(let root) = facts.standing else { return }
        #expect(try decision(facts, adding: persist) == Decision(choice: .stay(root)))
        let record = Step.replaceFile(".docker-btrfs/record", content: facts.record.trying(root.mark, of: "docker_rwlayer").text)
        #expect(try plan(facts, adding: persist) == Plan(steps: [], afterwards: [record]))
    }

    @Test func `docker_mode=fresh makes a new one all the same`() throws {
        #expect(try decision(standing()) == Decision(choice: .build(.image("v2"), modules: nil)))
    }

    @Test func `another image gives a new root, and that is said`() throws {
        let facts = standing(.kept(5, "v1", .good).with(topLayer: "sha256:files"))
        #expect(
            try decision(facts, adding: persist)
                == Decision(choice: .build(.image("v2"), modules: nil), notes: keeping(5, "v1", "it was made from another image")))
    }

    @Test func `an image whose tree another engine's store calls otherwise is no other one`() throws {
        let facts = standing { facts in
            guard case .success(var source) = facts.wanted else { return }
            source.chainID = .named("the chain that Podman has")
            facts.wanted = .success(source)
        }
        guard case .root(let root) = facts.standing else { return }
        #expect(try decision(facts, adding: persist).choice == .stay(root))
    }

    @Test func `an image of which no boot is ever marked as good keeps its work`() throws {
        let tried = Record.example(good: ["v1"], images: ["v2": 9], roots: [5: 9])
        let facts = standing(.kept(5, "v2").with(topLayer: "sha256:files")) { facts in
            facts.kept = []
            facts.record = Record.example(images: ["v2": 9], roots: [5: 9])
        }
        guard case .root(let root) = facts.standing else { return }
        #expect(try decision(facts, adding: persist).choice == .stay(root))
        // Where another one was good, that stands in.
        let other = standing(.kept(5, "v2").with(topLayer: "sha256:files")) { $0.record = tried }
        #expect(try decision(other, adding: persist).choice == .restore(other.kept[0]))
    }

    /// The image stays what it is, and does not come up.
    @Test func `what stands in for an image that is given up goes on with the work that was done in it`() throws {
        var facts = standing(.kept(5, "v2").with(topLayer: "sha256:files")) { facts in
            facts.record = .example(good: ["v1"], images: ["v2": 3], roots: [5: 3])
            facts.lastGood = .image("v1")
        }
        var choices: [RootChoice] = []
        for _ in 1...3 {
            choices.append(try decision(facts, adding: persist).choice)
            facts.follow(try plan(facts, adding: persist))
        }
        #expect(choices[0] == .restore(.kept(4, "v1", .good)))
        guard case .stay(let first) = choices[1], case .stay(let second) = choices[2] else {
            Issue.record("\(choices)")
            return
        }
        #expect(first == second && first.mark.number > 5 && first.mark.origin == .image("v1"))
    }

    @Test func `a new root of the image that booted well last persists too`() throws {
        var facts = standing(.kept(5, "v2").with(topLayer: "sha256:files")) { facts in
            facts.kept = []
            facts.record = .example(good: ["v1"], images: ["v2": 3], roots: [5: 3])
            facts.lastGood = .image("v1")
        }
        #expect(try decision(facts, adding: persist).choice == .build(.image("v1"), modules: nil))
        facts.follow(try plan(facts, adding: persist))
        guard case .root(let root) = facts.standing else { return }
        #expect(try decision(facts, adding: persist).choice == .stay(root))
    }

    @Test func `what stands in for an image that is not there goes on with the work that was done in it`() throws {
        let failure = Failure("could not find image 'sample:v2'")
        var facts = standing(.kept(5, "v2").with(topLayer: "sha256:files")) { facts in
            facts.wanted = .failure(failure)
            facts.record = .example(good: ["v1"])
        }
        let request = try request(adding: persist)
        func next() throws -> RootChoice { try Decision(after: failure, for: request, given: facts).choice }
        #expect(try next() == .restore(.kept(4, "v1", .good)))
        facts.follow(try Plan(after: failure, for: request, given: facts))
        guard case .root(let root) = facts.standing else { return }
        #expect(root.mark.number > 5)
        #expect(try next() == .stay(root))
        let note = "\(failure.message); booting \(root.title) instead, a copy of root 4 ('sample:v1'), the last one that booted well"
        #expect(try Decision(after: failure, for: request, given: facts).notes == [note])
        // One that lost the modules for the running kernel does not stand in for one that has them.
        var bare = root
        bare.modules = .absent
        facts.standing = .root(bare)
        #expect(try next() == .restore(.kept(4, "v1", .good)))
    }

    @Test(
        arguments: [
            ("sha256:other files", "the top layer changed"), ("none", "the top layer changed"),
            (nil, "it was not made with docker_mode=persist"),
        ] as [(String?, String)])
    func `another state of the top layer gives a new root, and that is said`(topLayer: String?, why: String) throws {
        let facts = standing(.kept(5, "v2", .good).with(topLayer: topLayer))
        #expect(
            try decision(facts, adding: persist)
                == Decision(choice: .build(.image("v2"), modules: nil), notes: keeping(5, "v2", why)))
    }

    /// One that 0.1 made has no state at all.
    @Test(arguments: ["none", nil])
    func `a root without a top layer stays where there is none`(state: String?) throws {
        let facts = standing(.kept(5, "v2").with(topLayer: state)) { $0.topLayer = nil }
        guard case .root(let root) = facts.standing else { return }
        #expect(try decision(facts, adding: persist).choice == .stay(root))
    }

    /// The work of a root that persists outlives boots of another mode, with a top layer and without.
    @Test(arguments: [true, false], ["", "docker_image=sample:v2 docker_keep=0"])
    func `boots of another mode keep the last root that persists, and the next one goes on with it`(hasLayer: Bool, other: String) throws {
        var facts = Facts.example { facts in
            if !hasLayer { facts.topLayer = nil }
        }
        facts.follow(try plan(facts, adding: persist))
        facts.markGood()
        facts.missingDirectories = []
        for _ in 1...3 {
            facts.follow(try plan(facts, adding: other))
            facts.markGood()
        }
        let root = try #require(facts.kept.first)
        #expect(root.mark.number == 1)
        let going = "going on with a copy of root 1 ('sample:v2'), which was made from the same image and top layer"
        #expect(try decision(facts, adding: persist) == Decision(choice: .restore(root), notes: [going]))
    }

    @Test func `that another mode deletes an older one is told`() throws {
        let facts = standing { $0.kept = [.kept(3, "v2").with(topLayer: "sha256:older files")] }
        let plan = try plan(facts, adding: "docker_keep=0")
        #expect(plan.afterwards.contains(.deleteSubvolume(Place(Layout.kept("docker_rwlayer", 3)))))
        #expect(plan.notes == ["root 3 ('sample:v2') is deleted with what was done in it: docker_keep=0 keeps no more"])
    }

    @Test func `the new root remembers the state of the top layer; one that does not persist need not`() throws {
        for (text, topLayer) in [(persist, "sha256:files"), ("", nil)] {
            let mark = Mark(origin: .image("v2", topLayer: topLayer, over: ["boot_docker"]), number: 1, made: 1_800_000_000)
            #expect(try plan(.example(), adding: text).steps.contains(.mark(".docker-btrfs/roots/docker_rwlayer/new", mark)))
        }
    }

    @Test func `one that does not boot any more gives way to a new one of the same image`() throws {
        let facts = standing { $0.record = .example(good: ["v2"], images: ["v2": 3], roots: [5: 3]) }
        #expect(
            try decision(facts, adding: persist)
                == Decision(choice: .build(.image("v2"), modules: nil), notes: keeping(5, "v2", "none of its last 3 boots was good")))
    }

    @Test func `a new one has as many chances, and then it is the image's fault`() throws {
        let facts = standing(.kept(6, "v2").with(topLayer: "sha256:files")) { facts in
            facts.kept = [.kept(4, "v1", .good), .kept(5, "v2", .good).with(topLayer: "sha256:files")]
            facts.record = .example(good: ["v1", "v2"], images: ["v2": 5], roots: [6: 2])
        }
        guard case .root(let root) = facts.standing else { return }
        #expect(try decision(facts, adding: persist).choice == .stay(root))
        var next = facts
        next.record = .example(good: ["v1", "v2"], images: ["v2": 6], roots: [6: 3])
        #expect(
            try decision(next, adding: persist).notes == [
                """
                none of the last 6 boots of image 'sample:v2' (\(ImageID.named("v2"))) was good; booting root 4 ('sample:v1') instead; \
                it booted well before, and is tried again after a good boot of this one; docker_image=sample:v2 at the boot menu tries it \
                again at once
                """
            ])
    }

    @Test func `an image that never booted well has no more chances than in other modes`() throws {
        let facts = standing(.kept(5, "v2").with(topLayer: "sha256:files")) { facts in
            facts.record = .example(good: ["v1"], images: ["v2": 3], roots: [5: 3])
        }
        #expect(try decision(facts, adding: persist).choice == .restore(.kept(4, "v1", .good)))
    }

    @Test func `a root that was put away is gone on with`() throws {
        let root = Facts.Root.kept(4, "v2").with(topLayer: "sha256:files")
        let facts = standing { facts in
            facts.standing = .nothing
            facts.kept = [root]
        }
        let note = "going on with a copy of root 4 ('sample:v2'), which was made from the same image and top layer"
        #expect(try decision(facts, adding: persist) == Decision(choice: .restore(root), notes: [note]))
    }

    @Test func `after another image was tried, the work of the first one is gone on with`() throws {
        let root = Facts.Root.kept(4, "v2", .good).with(topLayer: "sha256:files")
        let facts = standing(.kept(5, "v3", .good).with(topLayer: "sha256:files")) { $0.kept = [root] }
        #expect(try decision(facts, adding: persist).choice == .restore(root))
    }

    /// Both images are deployed, and each boot follows the one before.
    @Test func `work in a good root outlives boots that fail, and is gone on with once its image has its chances again`() throws {
        var facts = Facts.example { $0.heldForOthers = [.named("chain-v1"), .named("chain-v2")] }
        facts.missingDirectories = []
        func boot(_ version: String, isGood: Bool = false) throws -> Int? {
            facts.wanted = .success(.image(version))
            facts.follow(try plan(facts, adding: persist))
            if isGood { facts.markGood() }
            guard case .root(let root) = facts.standing else { return nil }
            return root.mark.number
        }
        #expect(try boot("v1", isGood: true) == 1)
        #expect(try boot("v2", isGood: true) == 2)
        for number in [2, 2, 2, 3, 3, 3] { #expect(try boot("v2") == number) }
        #expect(facts.kept.map { $0.mark.number } == [1, 2])
        #expect(try boot("v2", isGood: true) == 4, "a copy of root 1")
        #expect(try boot("v1", isGood: true) == 4)
        let root = try #require(facts.kept.first { $0.mark.number == 2 })
        facts.wanted = .success(.image("v2"))
        #expect(try decision(facts, adding: persist).choice == .restore(root))
        // It does not come up: a new one has its tries after the copy had.
        for number in [5, 5, 5, 6, 6, 6] { #expect(try boot("v2") == number) }
        #expect(facts.kept.contains(root))
        #expect(try boot("v2", isGood: true) == 7, "a copy of root 4")
    }

    @Test func `an image that is neither deployed nor asked for keeps no good root beside the newest`() throws {
        let facts = standing(.kept(5, "v1", .good).with(topLayer: "sha256:files")) { facts in
            facts.kept = [3, 4].map { .kept($0, "v\($0)", .good).with(topLayer: "sha256:files") }
            facts.heldForOthers = [.named("chain-v4")]
        }
        let plan = try plan(facts, adding: persist)
        #expect(plan.afterwards.contains(.deleteSubvolume(Place(Layout.kept("docker_rwlayer", 3)))))
        #expect(!plan.afterwards.contains(.deleteSubvolume(Place(Layout.kept("docker_rwlayer", 4)))))
    }

    @Test func `one without modules for the running kernel does not stay`() throws {
        var root = Facts.Root.kept(5, "v2", .good).with(topLayer: "sha256:files")
        root.modules = .absent
        #expect(
            try decision(standing(root), adding: persist)
                == Decision(choice: .build(.image("v2"), modules: nil), notes: keeping(5, "v2", "it has no modules for the running kernel"))
        )
    }

    @Test func `the newest root is kept whatever docker_keep= says, and the end of another one is told`() throws {
        let facts = standing(.kept(5, "v1").with(topLayer: "sha256:files")) { $0.kept = [.kept(3, "v0"), .kept(4, "v1", .good)] }
        let plan = try plan(facts, adding: "\(persist) docker_keep=0")
        #expect(
            plan.afterwards == [
                .rename(".docker-btrfs/roots/docker_rwlayer/new", to: ".docker-btrfs/roots/docker_rwlayer/5"),
                .deleteSubvolume(".docker-btrfs/roots/docker_rwlayer/3"),
            ])
        #expect(
            plan.notes == keeping(5, "v1", "it was made from another image") + [
                "root 3 ('sample:v0') is deleted with what was done in it: docker_keep=0 keeps no more"
            ])
    }
}
