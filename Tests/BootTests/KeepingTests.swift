import Basics
import Planning
import Testing

@testable import Boot

/// What becomes of the root that is replaced, and of older ones.
struct KeepingTests {
    private let new: Place = ".docker-btrfs/roots/docker_rwlayer/new"

    private func place(_ number: Int) -> Place { Place(Layout.kept("docker_rwlayer", number)) }

    /// The roots from 1 up, all of one image, of which the last one stands, and some booted well.
    private func facts(_ count: Int, good: [Int] = [], _ change: (inout Facts) -> Void = { _ in }) -> Facts {
        .later { facts in
            facts.wanted = .success(.image("v1"))
            facts.kept = (1..<count).map { .kept($0, "v1", good.contains($0) ? .good : .new) }
            facts.standing = .root(count, "v1", good.contains(count) ? .good : .new)
            change(&facts)
        }
    }

    private func deleted(_ plan: Plan) -> [Place] {
        (plan.steps + plan.afterwards).compactMap { step in
            if case .deleteSubvolume(let place) = step { return place }
            return nil
        }
    }

    @Test(arguments: [(0, [1, 2, 3]), (1, [1, 2, 3]), (2, [1, 2]), (3, [1]), (4, []), (5, [])])
    func `as many as were asked for are kept, and the oldest go first`(keep: Int, gone: [Int]) throws {
        let plan = try plan(facts(4), adding: "docker_keep=\(keep)")
        #expect(deleted(plan) == gone.map { place($0) } + (keep == 0 ? [new] : []))
        #expect(plan.notes == [])
    }

    @Test(arguments: [(1, [1, 3]), (2, [1]), (3, [1])])
    func `the last good one is kept beside them`(keep: Int, gone: [Int]) throws {
        #expect(try deleted(plan(facts(4, good: [1, 2]), adding: "docker_keep=\(keep)")) == gone.map { place($0) })
    }

    @Test func `docker_keep=0 keeps not even that one`() throws {
        #expect(try deleted(plan(facts(3, good: [1, 3]), adding: "docker_keep=0")) == [place(1), place(2), new])
    }

    @Test func `the one that is replaced is put away before any is deleted`() throws {
        #expect(try plan(facts(4)).afterwards.prefix(2) == [.rename(new, to: place(4)), .deleteSubvolume(place(1))])
    }

    @Test func `what was restored stays for as long as it is the last good one`() throws {
        let facts = facts(3, good: [1]) { facts in
            facts.wanted = .success(.image("v2"))
            facts.record = .example(good: ["v1"], images: ["v2": 3])
        }
        let plan = try plan(facts)
        #expect(plan.steps.contains(.snapshot(of: place(1), at: new)))
        #expect(deleted(plan) == [place(2)])
    }

    @Test func `where the image is not there, good roots do not make way for the copies of one`() throws {
        let failure = Failure("could not find image 'sample:v1'")
        let facts = facts(6, good: [1, 2, 3]) { facts in
            facts.wanted = .failure(failure)
            facts.record = .example(good: ["v1"], roots: [3: 3])
        }
        let plan = try Plan(after: failure, for: request(adding: "docker_keep=3"), given: facts)
        #expect(plan.steps.contains(.snapshot(of: place(2), at: new)))
        #expect(deleted(plan) == [])
        #expect(plan.notes[0].hasSuffix("booting root 2 ('sample:v1') instead, which booted well"), "\(plan.notes)")
    }

    @Test func `one that holds somebody's subvolume is not deleted, and that is said`() throws {
        let facts = facts(3) { $0.kept[0].occupied = ["var/lib/docker", "srv/my data"] }
        let plan = try plan(facts, adding: "docker_keep=0")
        #expect(deleted(plan) == [place(2), new])
        #expect(
            plan.notes == [
                """
                root 1 ('sample:v1') at '/.docker-btrfs/roots/docker_rwlayer/1' is not deleted: somebody put something into its \
                subvolume '/var/lib/docker', '/srv/my data'
                """
            ])
    }

    @Test func `nor is the one that is replaced, which is put away then`() throws {
        var old = Facts.Root.kept(1, "v1")
        old.path = "docker_rwlayer"
        old.occupied = ["srv"]
        let facts = facts(1) { $0.standing = .root(old) }
        let plan = try plan(facts, adding: "docker_keep=0")
        #expect(plan.afterwards == [.rename(new, to: place(1))])
        #expect(
            plan.notes == [
                "root 1 ('sample:v1') at '/.docker-btrfs/roots/docker_rwlayer/1' is not deleted: somebody put something into its subvolume '/srv'"
            ])
    }

    @Test func `one that is kept anyway needs no word`() throws {
        #expect(try plan(facts(2) { $0.kept[0].occupied = ["srv"] }, adding: "docker_keep=2").notes == [])
    }

    @Test func `a copy of a root has ordinary directories for its subvolumes, and what was in them is told`() throws {
        let facts = facts(2) { facts in
            facts.kept = [
                .kept(1, "v1", .good) { root in
                    root.nested = ["var/lib/machines", "srv"]
                    root.occupied = ["srv"]
                }
            ]
            facts.wanted = .success(.image("v2"))
            facts.record = .example(good: ["v1"], images: ["v2": 3])
        }
        let plan = try plan(facts)
        let mark = Mark(origin: .image("v1"), number: 3, made: 1_800_000_000)
        #expect(
            plan.steps.prefix(4) == [
                .snapshot(of: place(1), at: new), .mark(new, mark),
                .replacePlaceholder("var/lib/machines", of: new, like: place(1)),
                .replacePlaceholder("srv", of: new, like: place(1)),
            ])
        #expect(plan.notes.last == "what is in '/srv' of root 1 stays there, in '/.docker-btrfs/roots/docker_rwlayer/1/srv'")
    }

    @Test func `one that was replaced and not put away is put away first, and counts`() throws {
        let facts = facts(3) { facts in
            facts.kept = [.kept(1, "v1")]
            facts.leftover = .replaced(.kept(2, "v1"))
        }
        let plan = try plan(facts, adding: "docker_keep=2")
        #expect(plan.steps.first == .rename(new, to: place(2)))
        #expect(plan.afterwards == [.rename(new, to: place(3)), .deleteSubvolume(place(1))])
    }

    @Test func `one that was not finished is deleted`() throws {
        #expect(try plan(facts(2) { $0.leftover = .unfinished }).steps.first == .deleteSubvolume(new))
    }

    @Test(
        arguments: [
            (.example(), 1), (.later(), 3), (.later { $0.standing = .nothing }, 2), (.later { $0.takenNumbers = [9] }, 10),
            (.later { $0.leftover = .replaced(.kept(7, "v1")) }, 8), (.later { $0.kept = [.kept(5, "v1")] }, 6),
        ] as [(Facts, Int)])
    func `a new root has a number that no place has`(facts: Facts, number: Int) throws {
        let mark = Mark(origin: .image("v2", over: ["boot_docker"]), number: number, made: 1_800_000_000)
        #expect(try plan(facts).steps.contains(.mark(new, mark)))
    }

    @Test(arguments: [0, 1, 2, 5])
    func `boot after boot, nothing piles up`(keep: Int) throws {
        var facts = Facts.example()
        for _ in 1...12 {
            facts.follow(try plan(facts, adding: "docker_keep=\(keep)"))
            facts.missingDirectories = []
        }
        guard case .root(let root) = facts.standing else {
            Issue.record("no root stands")
            return
        }
        #expect(root.mark.number == (keep == 0 ? 1 + 11 : 12))
        #expect(facts.kept.map { $0.mark.number } == Array((12 - keep)..<12))
        #expect(facts.held == [.named("chain-v2")])
    }

    @Test func `a boot is counted for the new root before the swap, and starts at one`() throws {
        let facts = facts(2) { $0.record = .example(good: ["v1"], roots: [1: 2, 2: 1, 3: 5]) }
        let content = try plan(facts).steps.compactMap { step in
            if case .replaceFile(".docker-btrfs/record", let content) = step { return content }
            return nil
        }
        let record = try #require(content.first.flatMap { Record(parsing: Array($0.utf8)) })
        #expect([1, 2, 3].map { record.tries(ofRoot: "docker_rwlayer", $0) } == [2, 1, 1])
    }

    @Test(arguments: [
        Facts.example(), .later(), .later { $0.leftover = .unfinished }, .later { $0.leftover = .replaced(.kept(0, "v1")) },
        .later { facts in
            facts.kept = [.kept(1, "v1", .good)]
            facts.record = .example(good: ["v1"], images: ["v2": 3])
        },
    ])
    func `the last steps are the record and the swap, and a sync ends the plan`(facts: Facts) throws {
        let steps = try plan(facts).steps.suffix(2).map { step in
            switch step {
            case .replaceFile(".docker-btrfs/record", _): "record"
            case .rename(new, "docker_rwlayer"), .exchange(new, "docker_rwlayer"): "swap"
            default: "\(step)"
            }
        }
        #expect(steps == ["record", "swap"])
        #expect(try plan(facts).ending == [.sync])
    }
}
