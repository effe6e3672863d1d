import Basics
import Planning
import Testing

@testable import Boot

/// What a boot does to the disk. The plans are in Golden/, one step a line.
struct BootPlanTests {
    private func plan(_ facts: Facts, for line: String = article) throws -> Plan {
        try Plan(for: try #require(try Request(line)), given: facts)
    }

    @Test func `the first boot makes a root and gives it its name`() throws {
        try expectGolden(plan(.example()), "first-boot")
    }

    @Test func `a later boot exchanges the roots, keeps the old one and deletes what is older last`() throws {
        try expectGolden(plan(.later()), "later-boot")
    }

    @Test func `without roots to keep, the old one is deleted last`() throws {
        try expectGolden(plan(.later(), for: "\(article) docker_keep=0"), "nothing-kept")
    }

    @Test func `what an interrupted boot left is deleted before anything is built`() throws {
        try expectGolden(plan(.later { $0.leftover = .unfinished }), "interrupted-boot")
    }

    @Test func `what a boot that was interrupted after the swap left is put away`() throws {
        let facts = Facts.later { facts in
            facts.kept = []
            facts.leftover = .replaced(.kept(1, "v1"))
        }
        try expectGolden(plan(facts), "interrupted-after-the-swap")
    }

    @Test func `a root that lost its mark is put aside before the new one gets its name`() throws {
        try expectGolden(plan(.later { $0.standing = .unreadable }), "root-without-a-mark")
    }

    @Test func `a first boot that was interrupted`() throws {
        let facts = Facts.example { facts in
            facts.missingDirectories = []
            facts.leftover = .unfinished
        }
        try expectGolden(plan(facts), "interrupted-first-boot")
    }

    @Test func `directories above the root's name are made, and the name is one name among the roots`() throws {
        let line = article.replacing("subvol=docker_rwlayer", with: "subvol=/layers/100%/root")
        let name: Path = "layers/100%/root"
        let missing = [Layout.home, Layout.layers, Layout.templates, Layout.allRoots, Layout.roots(of: name), "layers", "layers/100%"]
        try expectGolden(plan(.example { $0.missingDirectories = missing }, for: line), "nested-name")
    }

    @Test func `without a top layer nothing is copied`() throws {
        try expectGolden(plan(.example(), for: "root=LABEL=linux rootflags=subvol=docker_rwlayer docker_path=/"), "no-top-layer")
    }

    /// An image of an overlay store, with two layers.
    private func layered(_ change: (inout Facts) -> Void = { _ in }) -> Facts {
        .later { facts in
            var source = Facts.Source.image("v2")
            source.root = .layers(["docker/overlay2/top/diff", "docker/overlay2/base/diff"], .overlay)
            source.extent = Facts.Extent(size: 3 << 30, files: 100_000)
            facts.wanted = .success(source)
            change(&facts)
        }
    }

    @Test func `the layers of an image are merged, and the root is made from that`() throws {
        try expectGolden(plan(layered()), "layers")
    }

    @Test func `a store on another filesystem: what cannot be shared is copied, also one tree, and takes its room`() throws {
        let data = Filesystem.store(.label("data"))
        let layers = layered { facts in
            guard case .success(var source) = facts.wanted else { return }
            source.root = .layers([Place("docker/overlay2/top/diff", on: data), Place("docker/overlay2/base/diff", on: data)], .overlay)
            facts.wanted = .success(source)
        }
        try expectGolden(plan(layers), "layers-of-another-device")
        let tree = layered { facts in
            guard case .success(var source) = facts.wanted else { return }
            source.root = .subvolume(Place("docker/btrfs/subvolumes/top", on: data))
            facts.wanted = .success(source)
            facts.space = Need(data: 2 << 30, metadata: 1 << 30)
            facts.capacity = facts.space
        }
        let failure = #expect(throws: Failure.self) { try plan(tree) }
        #expect(failure?.message.hasPrefix("could not make a new root: the filesystem could have 2048 MiB free") == true)
        var roomy = tree
        roomy.space = nil
        try expectGolden(plan(roomy), "tree-of-another-device")
        roomy.held.append(.named("chain-v2"))
        #expect(
            try plan(roomy).steps.first == .snapshot(of: Place(Layout.hold(.named("chain-v2"))), at: Place(Layout.new("docker_rwlayer"))))
    }

    @Test func `layers that were merged before are not merged again`() throws {
        let plan = try plan(layered { $0.held.append(.named("chain-v2")) })
        #expect(plan.steps.first == .snapshot(of: Place(Layout.hold(.named("chain-v2"))), at: Place(Layout.new("docker_rwlayer"))))
    }

    @Test func `a merge needs metadata for each file, and data where it is to be copied`() throws {
        let space = Need(data: 1 << 30, metadata: 300 << 20)
        #expect(throws: Never.self) { try plan(layered { $0.space = space }) }
        let tight = layered { facts in
            facts.space = Need(data: 1 << 30, metadata: 200 << 20)
            facts.kept = []
        }
        #expect(throws: Failure.self) { try plan(tight) }
        let elsewhere = layered { facts in
            facts.space = space
            facts.kept = []
            guard case .success(var source) = facts.wanted, let device = DeviceName("LABEL=data") else { return }
            source.root = .layers([Place("overlay2/top/diff", on: .topLayer(device))], .overlay)
            facts.wanted = .success(source)
        }
        #expect(throws: Failure.self) { try plan(elsewhere) }
    }

    @Test func `a system with SELinux labels the files of a root that persists, and is told of otherwise`() throws {
        let facts = Facts.example { facts in
            var source = Facts.Source.image("v2")
            source.contents.usesSELinux = true
            facts.wanted = .success(source)
        }
        let label = Step.replaceFile(Place(Layout.new("docker_rwlayer")) / ".autorelabel", content: "")
        let persisting = try plan(facts, for: "\(article) docker_mode=persist")
        #expect(persisting.steps.contains(label))
        #expect(persisting.notes.last?.hasSuffix("labels them ('/.autorelabel'), and starts once more") == true)
        let fresh = try plan(facts)
        #expect(!fresh.steps.contains(label), "it would never come up")
        #expect(fresh.notes.last?.contains("docker_mode=persist") == true)
    }

    @Test func `the top layer of another device`() throws {
        let line = "\(article) toplayer=PARTUUID=6c2b-01 toplayer_path=/"
        let facts = Facts.later { $0.topLayer?.layers[0].path = .top }
        try expectGolden(plan(facts, for: line), "top-layer-of-another-device")
    }

    @Test func `an image from a container gets what it lacks and loses its mark`() throws {
        let facts = Facts.later { facts in
            var source = Facts.Source.image("v2")
            source.contents.missingDirectories = ["proc", "sys", "dev", "run", "tmp"]
            source.contents.placeholders = ["var/lib/machines"]
            source.contents.leftovers = [".dockerenv"]
            facts.wanted = .success(source)
        }
        try expectGolden(plan(facts), "image-of-a-container")
    }

    @Test func `a fallback to a kept root`() throws {
        let facts = Facts.later { facts in
            facts.kept = [.kept(1, "v1", .good) { $0.nested = ["var/lib/machines", "var/lib/portables"] }]
            facts.standing = .root(2, "v2")
            facts.record = .example(good: ["v1"], images: ["v2": 3])
        }
        try expectGolden(plan(facts), "fallback")
    }

    @Test func `modules that lie beside the kernel`() throws {
        let facts = Facts.later { facts in
            facts.wanted = .success(.image("v2", modules: .absent))
            facts.modulesElsewhere = "boot_docker/boot/modules/6.18.44"
        }
        try expectGolden(plan(facts), "modules-beside-the-kernel")
    }

    @Test func `a nearly full filesystem`() throws {
        let facts = Facts.later { facts in
            facts.kept = [.kept(0, "v0"), .kept(1, "v1", .good)]
            facts.space = Need(data: 1 << 30, metadata: 1 << 20)
            facts.leftover = .unfinished
        }
        try expectGolden(plan(facts), "nearly-full")
    }

    @Test func `a root that persists`() throws {
        let facts = Facts.later { facts in
            facts.standing = .root(.kept(2, "v2") { $0.path = "docker_rwlayer" }.with(topLayer: "sha256:files"))
        }
        try expectGolden(plan(facts, for: "\(article) docker_mode=persist"), "persisting-root")
    }

    @Test func `a boot that is to stop`() throws {
        try expectGolden(Plan(stopping: try #require(try Request(article)), given: .later()), "stop")
    }

    @Test func `up to the swap nothing is deleted but what was not finished`() throws {
        for facts in [Facts.example(), .later(), .later { $0.leftover = .unfinished }] {
            let deletions = try plan(facts).steps.filter { step in
                if case .deleteSubvolume(let place) = step { return place.path != Layout.new("docker_rwlayer") }
                return false
            }
            #expect(deletions == [])
        }
    }
}
