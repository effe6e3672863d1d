import Basics
import Planning
import Testing

@testable import Boot

/// Which root a boot gets where images were tried before; v2 is what is asked for.
struct FallbackTests {
    private let why = "none of the last 3 boots of image 'sample:v2' (\(ImageID.named("v2"))) was good"
    private let how = "docker_image=sample:v2 at the boot menu tries it again"

    /// v2 stands and was tried three times, v1 booted well before.
    private func failing(_ change: (inout Facts) -> Void = { _ in }) -> Facts {
        .later { facts in
            facts.kept = [.kept(3, "v1", .good), .kept(4, "v2")]
            facts.standing = .root(5, "v2")
            facts.record = .example(good: ["v1"], images: ["v2": 3])
            change(&facts)
        }
    }

    @Test(arguments: [Facts.example(), .later(), .later { $0.record = .example(good: ["v1"], images: ["v2": 2, "v1": 7]) }])
    func `the image that is asked for gets a new root, without a word`(facts: Facts) throws {
        #expect(try decision(facts) == Decision(choice: .build(.image("v2"), modules: nil)))
    }

    @Test func `an image that was tried too often gives way to a copy of the newest good root of another one`() throws {
        let facts = failing { $0.kept.insert(.kept(2, "v0", .good), at: 0) }
        let note = "\(why); booting root 3 ('sample:v1') instead; \(how)"
        #expect(try decision(facts) == Decision(choice: .restore(.kept(3, "v1", .good)), notes: [note]))
    }

    @Test func `a good root of the same image is none to fall back to`() throws {
        let facts = failing { facts in
            facts.kept = [.kept(3, "v1", .good), .kept(4, "v2", .good)]
            facts.record = .example(good: ["v1", "v2"], images: ["v2": 3])
        }
        #expect(try decision(facts).choice == .restore(.kept(3, "v1", .good)))
    }

    @Test func `a good root of another image that stands is booted as it is`() throws {
        let facts = failing { $0.standing = .root(6, "v1", .good) }
        let root = Facts.Root.kept(6, "v1", .good) { $0.path = "docker_rwlayer" }
        #expect(try decision(facts) == Decision(choice: .stay(root), notes: ["\(why); booting root 6 ('sample:v1') instead; \(how)"]))
        #expect(try plan(facts).steps == [])
    }

    @Test func `one that a power cut kept from being put away is one to fall back to`() throws {
        let facts = failing { facts in
            facts.kept = []
            facts.leftover = .replaced(.kept(4, "v1", .good))
        }
        #expect(try decision(facts).choice == .restore(.kept(4, "v1", .good)))
        let roots = Place(Layout.roots(of: "docker_rwlayer"))
        #expect(
            try plan(facts).steps.prefix(2) == [
                .rename(roots / "new", to: roots / "4"), .snapshot(of: roots / "4", at: roots / "new"),
            ])
    }

    @Test func `without a good root it is the last good image`() throws {
        let facts = failing { facts in
            facts.kept = [.kept(3, "v1")]
            facts.lastGood = .image("v1")
        }
        let note = "\(why); booting 'sample:v1' (\(ImageID.named("v1"))) instead, the last image that booted well; \(how)"
        #expect(try decision(facts) == Decision(choice: .build(.image("v1"), modules: nil), notes: [note]))
    }

    /// A wrong line in the top layer's fstab is in each new root.
    @Test func `what is laid over every image may be at fault: then it is the last good root of the same one`() throws {
        let old = "with this machine's files as they were in it"
        let again = "it booted well before, and is tried again after a good boot of this one; \(how) at once"
        let alone = failing { facts in
            facts.kept = [.kept(2, "v2", .good), .kept(4, "v2")]
            facts.record = .example(good: ["v2"], images: ["v2": 3])
        }
        let note = "\(why); booting root 2 ('sample:v2') instead, \(old); \(again)"
        #expect(try decision(alone) == Decision(choice: .restore(.kept(2, "v2", .good)), notes: [note]))

        // The image before was given its tries, and its root is gone.
        let both = failing { facts in
            facts.kept = [.kept(3, "v2", .good)]
            facts.standing = .root(9, "v1")
            facts.lastGood = .image("v1")
            facts.record = .example(good: ["v1", "v2"], images: ["v2": 3, "v1": 3])
        }
        #expect(try decision(both).choice == .restore(.kept(3, "v2", .good)))
        var first = both
        first.record = .example(good: ["v1", "v2"], images: ["v2": 3, "v1": 2])
        #expect(try decision(first).choice == .build(.image("v1"), modules: nil))
        // With its root still there, the newest good one is taken.
        var kept = both
        kept.kept.insert(.kept(2, "v1", .good), at: 0)
        #expect(try decision(kept).choice == .restore(.kept(3, "v2", .good)))
        // A root that persists was good once, and had its tries.
        var worn = both
        worn.record = both.record.trying(Mark(origin: .image("v2"), number: 3, made: 1_700_000_000), of: "docker_rwlayer")
        for _ in 1...2 {
            worn.record = worn.record.trying(Mark(origin: .image("v2"), number: 3, made: 1_700_000_000), of: "docker_rwlayer")
        }
        #expect(try decision(worn).choice == .build(.image("v1"), modules: nil))
    }

    @Test func `one without modules for the running kernel is none to fall back to`() throws {
        let facts = failing { facts in
            facts.kept = [.kept(2, "v1", .good), .kept(3, "v1", .good) { $0.modules = .absent }]
            facts.lastGood = .image("v1", modules: .absent)
        }
        #expect(try decision(facts).choice == .restore(.kept(2, "v1", .good)))
        let none = failing { facts in
            facts.kept = []
            facts.lastGood = .image("v1", modules: .absent)
        }
        #expect(try decision(none).choice == .build(.image("v2"), modules: nil))
    }

    @Test func `without anything to fall back to the image is tried again, as on a machine that never says that a boot was good`() throws {
        let facts = Facts.later { facts in
            facts.standing = .root(2, "v2")
            facts.record = .example(images: ["v2": 40, "v1": 9])
        }
        #expect(try decision(facts) == Decision(choice: .build(.image("v2"), modules: nil)))
    }

    @Test func `an image that was chosen at the boot menu is never overruled`() throws {
        let facts = failing { $0.record = .example(good: ["v1"], images: ["v2": 99]) }
        #expect(try decision(facts, adding: "docker_image=sample:v2") == Decision(choice: .build(.image("v2"), modules: nil)))
    }

    @Test(arguments: [("docker_tries=2", 1, false), ("docker_tries=2", 2, true), ("docker_tries=1", 1, true), ("docker_tries=4", 3, false)])
    func `docker_tries= says how often an image is tried`(text: String, tries: Int, isOver: Bool) throws {
        let facts = failing { $0.record = .example(good: ["v1"], images: ["v2": tries]) }
        let choice = try decision(facts, adding: text).choice
        #expect((choice == .restore(.kept(3, "v1", .good))) == isOver)
    }

    @Test func `a fallback counts for the image that is booted, and not for the other one`() throws {
        let plan = try plan(failing())
        let record = Record.example(good: ["v1"], images: ["v2": 3])
        let mark = Mark(origin: .image("v1"), number: 6, made: 1_800_000_000)
        let source = Mark(origin: .image("v1"), number: 3, made: 1_800_000_000)
        #expect(plan.steps.contains(.mark(".docker-btrfs/roots/docker_rwlayer/new", mark)))
        #expect(
            plan.steps.contains(
                .replaceFile(".docker-btrfs/record", content: record.trying(mark, copyOf: source, of: "docker_rwlayer").text)))
        #expect(record.trying(mark, copyOf: source, of: "docker_rwlayer").tries(ofRoot: "docker_rwlayer", 3) == 1)
    }

    @Test func `a root that copies of do not boot well has its tries too, and an older good one is kept for after them`() throws {
        var facts = failing { facts in
            facts.kept = [.kept(1, "v2", .good), .kept(2, "v2", .good)]
            facts.standing = .root(3, "v2")
            facts.record = .example(good: ["v2"], images: ["v2": 3])
        }
        var copied: [String] = []
        for _ in 1...7 {
            let plan = try plan(facts, adding: "docker_keep=2")
            copied.append(
                plan.notes.first { $0.contains("; booting root ") }.map { String($0.split(separator: "booting ")[1].prefix(6)) } ?? "none")
            facts.follow(plan)
        }
        #expect(copied == ["root 2", "root 2", "root 2", "root 1", "root 1", "root 1", "none"])
    }

    @Test func `good roots stay while boots fail, as many as are kept`() throws {
        var facts = Facts.later { facts in
            facts.kept = [.kept(1, "v2", .good), .kept(2, "v2", .good), .kept(3, "v2", .good)]
            facts.standing = .root(.kept(4, "v2", .good) { $0.path = "docker_rwlayer" })
            facts.record = .example(good: ["v2"])
        }
        for _ in 1...6 { facts.follow(try plan(facts, adding: "docker_keep=3")) }
        #expect(facts.kept.filter(\.isGood).map(\.mark.number) == [2, 3, 4])
    }

    @Test func `the third boot after a bad image came is the last of it, boot by boot`() throws {
        var facts = Facts.later { facts in
            facts.standing = .root(2, "v1", .good)
            facts.record = .example(good: ["v1"])
        }
        var booted: [String] = []
        for _ in 1...6 {
            let plan = try plan(facts)
            facts.follow(plan)
            guard case .root(let root) = facts.standing else { break }
            booted.append(root.mark.origin.reference.text)
            if root.mark.origin.imageID == .named("v1") { facts.markGood() }
        }
        #expect(booted == ["sample:v2", "sample:v2", "sample:v2", "sample:v1", "sample:v1", "sample:v1"])
    }

    @Test func `a damaged record is told, after what else there is to tell`() throws {
        let facts = failing { $0.recordDamage = "the record is damaged" }
        #expect(try plan(facts).notes == ["\(why); booting root 3 ('sample:v1') instead; \(how)", "the record is damaged"])
    }

    @Test func `a layer that was held in place of the image is told`() throws {
        let facts = failing { facts in
            var source = Facts.Source.image("v2")
            source.note = "could not find image"
            facts.wanted = .success(source)
        }
        #expect(try decision(facts).notes == ["could not find image", "\(why); booting root 3 ('sample:v1') instead; \(how)"])
    }
}
