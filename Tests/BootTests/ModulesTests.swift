import Basics
import Planning
import Testing

@testable import Boot

/// A kernel and its modules never part in silence.
struct ModulesTests {
    private let why = "image 'sample:v2' has no modules for the running kernel 6.18.44"
    private let how = "copy the image's kernel and initramfs to where the boot loader reads them"

    /// The image that is asked for has only modules of another kernel.
    private func parted(_ change: (inout Facts) -> Void = { _ in }) -> Facts {
        .later { facts in
            facts.wanted = .success(.image("v2", modules: .absent))
            change(&facts)
        }
    }

    @Test func `a copy of the newest good root that has them`() throws {
        let facts = parted { facts in
            facts.kept = [.kept(1, "v1", .good), .kept(2, "v1", .good) { $0.modules = .absent }, .kept(3, "v1")]
            facts.standing = .root(4, "v2")
            facts.modulesElsewhere = "boot/modules/6.18.44"
        }
        let note = "\(why); booting root 1 ('sample:v1') instead, which has them; \(how)"
        #expect(try decision(facts) == Decision(choice: .restore(.kept(1, "v1", .good)), notes: [note]))
    }

    @Test func `a root that had its tries makes way for one before it, then for the last good image, then for modules beside the kernel`()
        throws
    {
        var facts = parted { facts in
            facts.kept = [.kept(1, "v1", .good), .kept(2, "v1", .good)]
            facts.record = .example(good: ["v1"], roots: [2: 3])
        }
        #expect(try decision(facts).choice == .restore(.kept(1, "v1", .good)))
        facts.record = .example(good: ["v1"], roots: [1: 3, 2: 3])
        #expect(try decision(facts).choice == .restore(.kept(2, "v1", .good)))
        facts.modulesElsewhere = "boot/modules/6.18.44"
        #expect(try decision(facts).choice == .build(.image("v2", modules: .absent), modules: "boot/modules/6.18.44"))
        facts.lastGood = .image("v1")
        let note = "\(why); booting 'sample:v1' (\(ImageID.named("v1"))) instead, which has them; \(how)"
        #expect(try decision(facts) == Decision(choice: .build(.image("v1"), modules: nil), notes: [note]))
        facts.record = .example(good: ["v1"], images: ["v1": 3], roots: [1: 3, 2: 3])
        #expect(try decision(facts).choice == .build(.image("v2", modules: .absent), modules: "boot/modules/6.18.44"))
    }

    /// Each boot is one more try of what stands in.
    @Test func `boots one after the other do not stay with a root that is broken`() throws {
        var facts = parted { facts in
            facts.kept = [.kept(1, "v1", .good), .kept(2, "v1", .good)]
            facts.standing = .root(3, "v2")
            facts.record = .example(good: ["v1"])
        }
        var origins: [Int] = []
        for _ in 1...7 {
            let choice = try decision(facts, adding: "docker_keep=9").choice
            if case .restore(let root, _) = choice { origins.append(root.mark.number) }
            facts.follow(try plan(facts, adding: "docker_keep=9"))
        }
        #expect(origins == [2, 2, 2, 1, 1, 1, 2])
    }

    @Test func `else those beside the kernel`() throws {
        let facts = parted { $0.modulesElsewhere = "boot/modules/6.18.44" }
        let expected = Decision(
            choice: .build(.image("v2", modules: .absent), modules: "boot/modules/6.18.44"),
            notes: ["\(why); taking those in '/boot/modules/6.18.44'; \(how)"]
        )
        #expect(try decision(facts) == expected)
        let new: Place = ".docker-btrfs/roots/docker_rwlayer/new"
        #expect(try plan(facts).steps.contains(.copyModules("boot/modules/6.18.44", to: "lib/modules/6.18.44", of: new)))
    }

    @Test func `else the boot fails`() throws {
        let failure = #expect(throws: Failure.self) { try decision(parted()) }
        #expect(failure?.description == "could not use the image: \(why)\nhint: \(how)")
    }

    @Test func `an image that was chosen is not overruled by another one's root`() throws {
        let facts = parted { facts in
            facts.kept = [.kept(1, "v1", .good)]
            facts.modulesElsewhere = "boot/modules/6.18.44"
        }
        let choice = try decision(facts, adding: "docker_image=sample:v2").choice
        #expect(choice == .build(.image("v2", modules: .absent), modules: "boot/modules/6.18.44"))
        #expect(throws: Failure.self) { try decision(parted { $0.kept = [.kept(1, "v1", .good)] }, adding: "docker_image=sample:v2") }
    }

    @Test func `a good root of its own, with modules that were copied into it, is no other image`() throws {
        let facts = parted { $0.kept = [.kept(1, "v2", .good)] }
        #expect(try decision(facts, adding: "docker_image=sample:v2").choice == .restore(.kept(1, "v2", .good)))
    }

    @Test func `an image that is meant to have none is no error`() throws {
        let facts = parted { $0.wanted = .success(.image("v2", modules: .notNeeded)) }
        #expect(try decision(facts) == Decision(choice: .build(.image("v2", modules: .notNeeded), modules: nil)))
    }
}
