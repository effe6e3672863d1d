import Basics
import Foundation
import Planning
import Testing

@testable import Boot

/// `docker_kernel=image`: the image's own kernel is started where another one runs.
struct OwnKernelTests {
    private let asked = "docker_kernel=image"
    private let kernel = Facts.Kernel.of("v2")

    /// v2 has no modules for the running kernel, and a kernel of its own; root 2 of v1 stands and booted well.
    private func facts(_ change: (inout Facts) -> Void = { _ in }) -> Facts {
        .later { facts in
            facts.wanted = .success(.image("v2", modules: .absent))
            facts.kernel = kernel
            facts.standing = .root(2, "v1", .good)
            facts.record = .example(good: ["v1"])
            change(&facts)
        }
    }

    @Test func `the root is made and this boot is counted before it starts`() throws {
        let plan = try plan(facts(), adding: asked)
        try expectGolden(plan, "own-kernel")
        #expect(plan.startsKernel)
        #expect(plan.notes == [])
    }

    @Test func `without one, the rules for an image without modules hold`() throws {
        let plan = try plan(facts { $0.kernel = nil }, adding: asked)
        #expect(!plan.startsKernel)
        #expect(plan.notes.first?.contains("has no modules for the running kernel 6.18.44; booting root 2 ('sample:v1')") == true)
    }

    @Test func `the kernel that was started goes on with the root, counts nothing and starts no other`() throws {
        var later = facts()
        later.follow(try plan(later, adding: asked))
        let note = "going on with root 3 ('sample:v2'), which was made before this kernel was started (docker_kernel=started)"
        #expect(try plan(later, adding: "docker_kernel=started") == Plan(steps: [], notes: [note]))
        #expect(later.record.tries(ofImage: .named("v2"), under: "docker_rwlayer") == 1)
    }

    @Test func `the image's initramfs need not say which image it is of`() throws {
        let request = try #require(try Request("\(article) docker_kernel=started", configuration: nil))
        let facts = facts { $0.wanted = .failure(Failure("could not find the image")) }
        #expect(try Plan(for: request, given: facts).steps == [])
        #expect(throws: Failure.self) { try Request("\(article) docker_kernel=image", configuration: nil) }
    }

    @Test func `where it finds no root, it makes one`() throws {
        let plan = try plan(.example(), adding: "docker_kernel=started")
        #expect(plan.steps.contains(.rename(Place(Layout.new("docker_rwlayer")), to: "docker_rwlayer")))
        #expect(!plan.startsKernel)
    }

    @Test func `one that never comes up is given up after docker_tries, and the last good root boots without it`() throws {
        var facts = facts()
        for number in 1...3 {
            let plan = try plan(facts, adding: asked)
            #expect(plan.startsKernel)
            facts.follow(plan)
            #expect(facts.record.tries(ofImage: .named("v2"), under: "docker_rwlayer") == number)
        }
        let given = try decision(facts, adding: asked)
        #expect(given.notes.first?.hasPrefix("none of the last 3 boots of image 'sample:v2'") == true)
        #expect(!given.startsKernel)
        #expect(given.choice == .restore(facts.kept[0]) && facts.kept[0].mark.origin == .image("v1"))
    }

    @Test func `then the last good image boots with its own, and not an older root without it`() throws {
        var facts = facts { facts in
            facts.kept = [.kept(1, "v0", .good)]
            facts.lastGood = .image("v1", modules: .absent)
            facts.kernel = .of("v1")
            facts.standing = .root(.kept(2, "v2") { $0.path = "docker_rwlayer" })
            facts.record = .example(good: ["v1"], images: ["v2": 3])
        }
        let request = try BootTests.request(adding: asked)
        #expect(facts.sourceOfKernel(try facts.wanted.get(), request) == facts.lastGood)
        let plan = try plan(facts, adding: asked)
        #expect(plan.startsKernel)
        #expect(plan.notes.first?.contains("booting 'sample:v1' (\(ImageID.named("v1"))) instead, the last image that booted well") == true)
        #expect(plan.steps.contains(.loadKernel(kernel.path, initramfs: kernel.initramfs, of: "docker/layer-v1")))

        // It has its chances too.
        facts.record = .example(good: ["v1"], images: ["v1": 3, "v2": 3])
        #expect(try decision(facts, adding: asked).choice == .restore(facts.kept[0]))
        #expect(try !decision(facts, adding: asked).startsKernel)
    }

    @Test func `where no root boots under the loader's kernel, it is started however often it was`() throws {
        let only = facts { facts in
            facts.kept = []
            facts.standing = .root(.kept(2, "v2", .good) { ($0.path, $0.modules) = ("docker_rwlayer", .absent) })
            facts.record = .example(good: ["v2"], images: ["v2": 3])
        }
        let why =
            "none of the last 3 boots of image 'sample:v2' (\(ImageID.named("v2"))) was good; it is booted again with its own kernel, "
        for text in [asked, "\(asked) docker_image=sample:v2"] {
            let decision = try decision(only, adding: text)
            #expect(decision.startsKernel && decision.choice == .build(.image("v2", modules: .absent), modules: nil))
            #expect(decision.notes == [why + "for nothing here has modules for the running one"])
        }
        // Two images that had their tries: the kernel that was looked for is the good one's.
        var both = only
        both.lastGood = .image("v1", modules: .absent)
        both.kernel = .of("v1")
        both.record = .example(good: ["v1"], images: ["v1": 3, "v2": 3])
        let decision = try decision(both, adding: asked)
        #expect(decision.startsKernel && decision.choice == .build(.image("v1", modules: .absent), modules: nil))
        #expect(
            decision.notes.first?.contains("was good; 'sample:v1' (\(ImageID.named("v1"))), the last image that booted well, is") == true)
        // What a person chose is that.
        both.kernel = .of("v2")
        let chosen = try BootTests.decision(both, adding: "\(asked) docker_image=sample:v2")
        #expect(chosen.startsKernel && chosen.choice == .build(.image("v2", modules: .absent), modules: nil))
        // Without a kernel of its own there is nothing to start.
        both.kernel = nil
        #expect(throws: Failure.self) { try BootTests.decision(both, adding: asked) }
    }

    @Test func `without an image the last good root boots with its own`() throws {
        let failure = Failure("could not find the top layer")
        let hold = Layout.hold(.named("chain-v1"))
        let load = Step.loadKernel(kernel.path, initramfs: kernel.initramfs, of: Place(hold))
        var facts = facts { facts in
            facts.wanted = .failure(failure)
            facts.kernel = .of("v1")
            facts.kept = [.kept(1, "v1")]
            facts.standing = .root(.kept(2, "v1", .good) { ($0.path, $0.modules) = ("docker_rwlayer", .absent) })
        }
        let request = try BootTests.request(adding: asked)
        let plan = try Plan(after: failure, for: request, given: facts)
        #expect(plan.startsKernel && plan.steps.contains(load))
        #expect(plan.notes == ["could not find the top layer; booting root 2 ('sample:v1') instead, the last one that booted well"])

        // Not for ever where another root boots without it, and not without being asked.
        facts.record = .example(good: ["v1"], images: ["v1": 3])
        #expect(try !Plan(after: failure, for: request, given: facts).startsKernel)
        facts.kept = []
        #expect(try Plan(after: failure, for: request, given: facts).startsKernel)
        facts.record = .example(good: ["v1"])
        #expect(throws: failure) { try Plan(after: failure, for: BootTests.request(adding: "docker_kernel=loader"), given: facts) }
        facts.kernel = nil
        #expect(throws: failure) { try Plan(after: failure, for: request, given: facts) }
    }

    @Test(arguments: ["image", "loader"])
    func `the last root that is good with the loader's kernel is kept beside the last good one`(word: String) throws {
        let facts = facts { facts in
            facts.kept = [.kept(1, "v1", .good), .kept(2, "v2", .good) { $0.modules = .absent }]
            facts.standing = .root(.kept(3, "v2") { $0.path = "docker_rwlayer" })
            facts.wanted = .success(.image("v3"))
        }
        let gone = try plan(facts, adding: "docker_kernel=\(word)").afterwards.contains(.deleteSubvolume(Place(facts.kept[0].path)))
        #expect(gone == (word == "loader"))
    }

    @Test func `so is that of an image which a person chose`() throws {
        let facts = facts { $0.record = .example(good: ["v1"], images: ["v2": 3]) }
        #expect(throws: Failure.self) { try decision(facts, adding: "\(asked) docker_image=sample:v2") }
        let tried = self.facts { $0.record = .example(good: ["v1"], images: ["v2": 2]) }
        #expect(try decision(tried, adding: "\(asked) docker_image=sample:v2").startsKernel)
    }

    @Test func `a root that persists stays, and is counted before`() throws {
        var root = Facts.Root.kept(5, "v2", .good).with(topLayer: "sha256:files")
        root.path = "docker_rwlayer"
        root.modules = .absent
        let facts = facts { facts in
            facts.standing = .root(root)
            facts.held = [.named("chain-v2")]
        }
        let plan = try plan(facts, adding: "\(asked) docker_mode=persist")
        let record = Step.replaceFile(".docker-btrfs/record", content: facts.record.trying(root.mark, of: "docker_rwlayer").text)
        let load = Step.loadKernel(kernel.path, initramfs: kernel.initramfs, of: "docker/layer-v2")
        #expect(plan == Plan(steps: [load], afterwards: [record], startsKernel: true), "that it cannot be counted ends no good root")
        root.isGood = false
        let other = self.facts { ($0.standing, $0.held) = (.root(root), facts.held) }
        let new = try BootTests.plan(other, adding: "\(asked) docker_mode=persist")
        #expect(new == Plan(steps: [load, record], startsKernel: true), "a kernel that never came up is started where that is counted")
    }

    /// v2 is given up; the kernels of v1 and v2 are both unknown to the loader.
    private func givenUp(_ change: (inout Facts) -> Void = { _ in }) -> Facts {
        facts { facts in
            var root = Facts.Root.kept(5, "v1", .good).with(topLayer: "sha256:files")
            (root.path, root.modules) = ("docker_rwlayer", .absent)
            (facts.kept, facts.standing) = ([], .root(root))
            facts.lastGood = .image("v1", modules: .absent)
            facts.kernel = .of("v1")
            facts.record = .example(good: ["v1"], images: ["v2": 3])
            change(&facts)
        }
    }

    @Test func `what stands in for an image goes on in its root that persists`() throws {
        let facts = givenUp()
        guard case .root(let root) = facts.standing else { return }
        let plan = try plan(facts, adding: "\(asked) docker_mode=persist")
        #expect(plan.startsKernel && plan.steps.last == .loadKernel(kernel.path, initramfs: kernel.initramfs, of: "docker/layer-v1"))
        #expect(try decision(facts, adding: "\(asked) docker_mode=persist").choice == .stay(root))
        #expect(plan.notes.first?.contains("booting 'sample:v1'") == true && plan.notes.count == 1)
        #expect(try decision(facts, adding: asked).choice == .build(.image("v1", modules: .absent), modules: nil))
    }

    @Test func `the kernel is taken out of the tree that it was found in, whatever root goes on`() throws {
        let facts = givenUp { $0.record = .example(good: ["v1"], images: ["v1": 6, "v2": 3], roots: [5: 1]) }
        let plan = try plan(facts, adding: "\(asked) docker_mode=persist")
        #expect(plan.notes.first?.contains("is booted again with its own kernel") == true)
        #expect(plan.steps.contains(.loadKernel(kernel.path, initramfs: kernel.initramfs, of: "docker/layer-v1")))
    }

    @Test func `where no new root can be made, a root of the image that has its kernel is started with that`() throws {
        let failure = Failure("could not make a new root: there is no room")
        let facts = facts { facts in
            facts.kept = []
            facts.standing = .root(.kept(2, "v2", .good) { ($0.path, $0.modules) = ("docker_rwlayer", .absent) })
            facts.held = [.named("chain-v2")]
        }
        let plan = try Plan(after: failure, for: BootTests.request(adding: asked), given: facts)
        #expect(plan.startsKernel && plan.steps == [.loadKernel(kernel.path, initramfs: kernel.initramfs, of: "docker/layer-v2")])
        #expect(plan.notes == ["\(failure.message); booting root 2 ('sample:v2') instead, the last one that booted well"])
        // A good one under the running kernel is better than one that is not known to be.
        let other = self.facts { facts in
            facts.kept = [.kept(1, "v1", .good)]
            facts.standing = .root(.kept(2, "v2") { ($0.path, $0.modules) = ("docker_rwlayer", .absent) })
        }
        #expect(try !Plan(after: failure, for: BootTests.request(adding: asked), given: other).startsKernel)
    }
}

/// Where an image has its own kernel. That of the tree runs with 6.18.44.
struct OwnKernelSurveyTests {
    private let tree: Tree
    private let layer = Tree.layer

    init() throws {
        tree = try Tree()
    }

    private func facts(_ host: Facts.Host = Tree.host) throws -> Facts { try tree.facts("\(Tree.line) docker_kernel=image", on: host) }

    private func add(_ release: String, initramfs: String? = nil) throws {
        try tree.write("", to: "\(layer)/usr/lib/modules/\(release)/modules.dep")
        try tree.link("\(layer)/lib", to: "usr/lib")
        try tree.write("kernel", to: "\(layer)/boot/vmlinuz-\(release)")
        if let initramfs { try tree.write("initramfs", to: "\(layer)/boot/\(initramfs)") }
    }

    private let stays = "; the running kernel stays (docker_kernel=image)"

    @Test(arguments: ["initrd.img-6.19", "initramfs-6.19.img", "initrd-6.19", "initrd.img"])
    func `with its initramfs`(initramfs: String) throws {
        try add("6.19", initramfs: initramfs)
        let path = try #require(Path("boot/\(initramfs)"))
        let found = try facts().kernel
        #expect(found?.path == "boot/vmlinuz-6.19" && found?.initramfs == path)
        #expect(try found?.chainID == facts().wanted.get().chainID)
        #expect(try facts().faults == [])
        #expect(try tree.facts().kernel == nil, "nothing asks for it")
    }

    @Test func `the one that runs is not started`() throws {
        try add("6.18.44", initramfs: "initrd.img-6.18.44")
        #expect(try facts().kernel == nil)
        #expect(try facts().faults == [])
    }

    @Test func `none, and none without an initramfs`() throws {
        #expect(try facts().faults == ["the image has no kernel with modules\(stays)"])
        try add("6.19")
        #expect(try facts().kernel == nil)
        #expect(try facts().faults == ["the image has no initramfs for its kernel 6.19\(stays)"])
    }

    @Test func `of several, none is the first`() throws {
        try add("6.19", initramfs: "initrd.img-6.19")
        try tree.write("", to: "\(layer)/usr/lib/modules/6.20/modules.dep")
        try tree.write("kernel", to: "\(layer)/boot/vmlinuz-6.20")
        try tree.write("initramfs", to: "\(layer)/boot/initrd.img-6.20")
        #expect(try facts().kernel == nil)
        #expect(try facts().faults == ["the image has several kernels\(stays)"])
    }

    @Test func `a kernel that cannot start another one`() throws {
        try add("6.19", initramfs: "initrd.img-6.19")
        let host = Facts.Host(kernelRelease: "6.18.44", time: 0, kernelObstacle: "the running kernel has no kexec")
        #expect(try facts(host).kernel == nil)
        #expect(try facts(host).faults == ["the running kernel has no kexec\(stays)"])
    }
}
