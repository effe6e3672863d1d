import Basics
import Planning
import Testing

@testable import Boot

/// What becomes of a boot whose plan was not possible.
struct AfterFailureTests {
    private let failure = Failure("could not copy the top layer: Input/output error", hint: "look at the disk")

    private func plan(after facts: Facts, _ text: String = "") throws -> Plan {
        let request = try request(adding: text)
        do throws(Failure) { return try Plan(after: failure, for: request, given: facts) } catch {
            return try Plan(stayingAfter: failure, for: request, given: facts)
        }
    }

    private func note(_ root: String, _ quality: String) -> [String] {
        ["could not copy the top layer: Input/output error; booting \(root) instead, \(quality)"]
    }

    @Test func `the newest good root, as it stands`() throws {
        let facts = Facts.later { $0.standing = .root(2, "v1", .good) }
        let plan = try plan(after: facts)
        #expect(plan.steps == [])
        #expect(plan.notes == note("root 2 ('sample:v1')", "the last one that booted well"))
    }

    @Test func `or a copy of one that was kept`() throws {
        let facts = Facts.later { $0.kept = [.kept(1, "v1", .good)] }
        let plan = try plan(after: facts)
        #expect(plan.steps.first == .snapshot(of: ".docker-btrfs/roots/docker_rwlayer/1", at: ".docker-btrfs/roots/docker_rwlayer/new"))
        #expect(plan.notes == note("root 1 ('sample:v1')", "the last one that booted well"))
    }

    @Test func `one that had its tries makes way for the good one before it, if there is one`() throws {
        let facts = Facts.later { facts in
            facts.kept = [.kept(1, "v1", .good)]
            facts.standing = .root(2, "v1", .good)
            facts.record = .example(good: ["v1"], roots: [2: 3])
        }
        #expect(try plan(after: facts).notes == note("root 1 ('sample:v1')", "which booted well"))
        for alone in [
            Facts.later { ($0.kept, $0.standing, $0.record) = ([], facts.standing, facts.record) },
            .later { ($0.kept, $0.standing, $0.record) = (facts.kept, facts.standing, .example(roots: [1: 3, 2: 3])) },
        ] {
            #expect(try plan(after: alone).notes == note("root 2 ('sample:v1')", "the last one that booted well"))
        }
    }

    @Test func `without a good one the newest`() throws {
        #expect(try plan(after: .later()).notes == note("root 2 ('sample:v1')", "which is not known to boot well"))
        let facts = Facts.later { $0.standing = .nothing }
        #expect(try plan(after: facts).notes == note("root 1 ('sample:v1')", "which is not known to boot well"))
    }

    @Test func `one without modules for the running kernel is none`() throws {
        let facts = Facts.later { facts in
            facts.kept = [.kept(1, "v1")]
            facts.standing = .root(
                .kept(2, "v1", .good) { root in
                    root.path = "docker_rwlayer"
                    root.modules = .absent
                })
        }
        #expect(try plan(after: facts).notes == note("root 1 ('sample:v1')", "which is not known to boot well"))
    }

    /// The first boots with a kernel that came with a new image.
    @Test func `roots that have only modules of the former kernel get those that are at hand, else the hint is another entry`() throws {
        var facts = Facts.later { facts in
            facts.kept = [.kept(1, "v1") { $0.modules = .absent }]
            facts.standing = .root(
                .kept(2, "v1", .good) { root in
                    root.path = "docker_rwlayer"
                    root.modules = .absent
                })
        }
        let lacking = try #require(throws: Failure.self) { try plan(after: facts) }
        #expect(
            lacking.description == """
                could not copy the top layer: Input/output error; root 2 ('sample:v1') has no modules for the running kernel
                hint: choose an earlier entry of the boot menu, which has that root's kernel; look at the disk
                """)
        facts.modulesElsewhere = ".docker-btrfs/layers/2/lib/modules/6.18.44"
        let new: Place = ".docker-btrfs/roots/docker_rwlayer/new"
        let copying = try plan(after: facts)
        #expect(copying.steps.first == .snapshot(of: "docker_rwlayer", at: new))
        #expect(copying.steps.contains(.copyModules(".docker-btrfs/layers/2/lib/modules/6.18.44", to: "lib/modules/6.18.44", of: new)))
        #expect(copying.steps.last == .exchange(new, "docker_rwlayer"))
        let quality = "the last one that booted well, with the modules in '/.docker-btrfs/layers/2/lib/modules/6.18.44'"
        #expect(copying.notes.first == note("root 2 ('sample:v1')", quality).first)
    }

    @Test func `without any root it is the failure that there was`() {
        #expect(throws: failure) { try plan(after: .example()) }
    }

    @Test(arguments: ["a subvolume", "a directory"])
    func `a name that is taken is refused here too, whatever else there is`(what: String) throws {
        let facts = Facts.later { facts in
            facts.standing = .foreign(what)
            facts.kept = [.kept(1, "v1", .good)]
        }
        #expect(throws: failure) { try plan(after: facts) }
    }

    @Test func `where there is no room even for a copy, the root that stands`() throws {
        let facts = Facts.later { facts in
            facts.kept = [.kept(1, "v1", .good)]
            facts.space = Need(data: 0, metadata: 1 << 20)
        }
        let plan = try plan(after: facts)
        #expect(plan.steps == [])
        #expect(plan.notes == note("root 2 ('sample:v1')", "which is not known to boot well"))
        var nothing = facts
        nothing.standing = .nothing
        #expect(throws: failure) { try self.plan(after: nothing) }
    }

    @Test func `a boot that is to stop puts the root away, so that nothing mounts it by its name`() throws {
        let plan = Plan(stopping: try request(), given: .later())
        #expect(plan.steps == [.rename("docker_rwlayer", to: ".docker-btrfs/roots/docker_rwlayer/2")])
        #expect(plan.notes == ["root 2 ('sample:v1') was put away as '/.docker-btrfs/roots/docker_rwlayer/2'"])
    }

    @Test func `and makes the place for it where there is none`() throws {
        let facts = Facts.later { $0.missingDirectories = [".docker-btrfs/roots", ".docker-btrfs/roots/docker_rwlayer"] }
        #expect(
            Plan(stopping: try request(), given: facts).description == """
                create the directory '/.docker-btrfs/roots' with mode 0700
                create the directory '/.docker-btrfs/roots/docker_rwlayer' with mode 0700
                rename '/docker_rwlayer' to '/.docker-btrfs/roots/docker_rwlayer/2'
                write everything to the disk

                """)
    }

    @Test(arguments: [Facts.example(), .later { $0.standing = .foreign("a directory") }])
    func `what is not ours is not put away`(facts: Facts) throws {
        #expect(Plan(stopping: try request(), given: facts) == Plan(steps: []))
    }

    @Test func `the boot after that finds the root where it is, and its number taken`() throws {
        var facts = Facts.later { $0.record = .example(good: ["v1"]) }
        facts.follow(Plan(stopping: try request(), given: facts))
        #expect(facts.standing == .nothing)
        #expect(facts.kept.map { $0.mark.number } == [1, 2])
        let next = try BootTests.plan(facts, adding: "docker_keep=2")
        #expect(next.steps.last == .rename(".docker-btrfs/roots/docker_rwlayer/new", to: "docker_rwlayer"))
        let mark = Mark(origin: .image("v2", over: ["boot_docker"]), number: 3, made: 1_800_000_000)
        #expect(next.steps.contains(.mark(".docker-btrfs/roots/docker_rwlayer/new", mark)))
        #expect(next.afterwards == [])
    }
}
