import Basics
import Planning
import Testing

@testable import Boot

/// The layers that are held, so that what was booted can be booted again.
struct HoldingTests {
    private func drops(_ plan: Plan) -> [Step] {
        plan.afterwards.filter { step in
            if case .deleteSubvolume(let place) = step { return place.path.parent == Layout.layers }
            return false
        }
    }

    private func drop(_ version: String) -> Step { .deleteSubvolume(Place(Layout.hold(.named("chain-\(version)")))) }

    @Test func `a layer is held before the root is made of it, once`() throws {
        let hold = Step.hold(layer: "docker/layer-v2", at: Place(Layout.hold(.named("chain-v2"))))
        let new: Place = ".docker-btrfs/roots/docker_rwlayer/new"
        #expect(try plan(.later()).steps.prefix(2) == [hold, .snapshot(of: "docker/layer-v2", at: new)])
        #expect(try !plan(.later { $0.held.append(.named("chain-v2")) }).steps.contains(hold))
    }

    @Test func `a copy of a kept root holds nothing more`() throws {
        let facts = Facts.later { facts in
            facts.kept = [.kept(1, "v1", .good)]
            facts.record = .example(good: ["v1"], images: ["v2": 3])
        }
        let roots = Place(Layout.roots(of: "docker_rwlayer"))
        #expect(try plan(facts).steps.first == .snapshot(of: roots / "1", at: roots / "new"))
    }

    @Test func `one that nothing refers to any more is dropped`() throws {
        let facts = Facts.later { $0.held = [.named("chain-v0"), .named("chain-v1"), .named("chain-v2")] }
        #expect(try drops(plan(facts)) == [drop("v0")])
        #expect(try drops(plan(facts, adding: "docker_keep=0")) == [drop("v0"), drop("v1")])
    }

    @Test func `those of kept roots stay`() throws {
        let facts = Facts.later { facts in
            facts.kept = [.kept(0, "v-1"), .kept(1, "v0", .good)]
            facts.held = [.named("chain-v-1"), .named("chain-v0"), .named("chain-v1")]
        }
        #expect(try drops(plan(facts)) == [drop("v-1")])
    }

    @Test func `that of a root that is not deleted for what is in it stays`() throws {
        let facts = Facts.later { facts in
            facts.kept = [.kept(1, "v0") { $0.occupied = ["srv"] }]
            facts.held = [.named("chain-v0")]
        }
        #expect(try drops(plan(facts, adding: "docker_keep=0")) == [])
    }

    @Test func `that of the last good image stays, also without a root of it`() throws {
        let facts = Facts.later { facts in
            facts.held = [.named("chain-v0"), .named("chain-v1")]
            facts.record = .example(good: ["v0"], images: ["v1": 1])
        }
        #expect(try drops(plan(facts, adding: "docker_keep=0")) == [drop("v1")])
    }

    @Test func `those of roots of another name stay`() throws {
        let facts = Facts.later { facts in
            facts.held = [.named("chain-v0"), .named("chain-x")]
            facts.heldForOthers = [.named("chain-x")]
        }
        #expect(try drops(plan(facts)) == [drop("v0")])
    }

    @Test func `without a record that tells the last good image, none is dropped`() throws {
        let facts = Facts.later { facts in
            facts.held = [.named("chain-v0")]
            facts.recordDamage = "the record is damaged"
        }
        #expect(try drops(plan(facts)) == [])
    }

    @Test func `those of roots that make room stay for now: they may not all have to go`() throws {
        let facts = Facts.later { facts in
            facts.kept = [.kept(0, "v0"), .kept(1, "v1", .good)]
            facts.held = [.named("chain-v0")]
            facts.space = Need(data: 0, metadata: 0)
        }
        #expect(try drops(plan(facts)) == [])
    }

    @Test func `a root that stays drops what nothing refers to, but not where it stands in for what was asked for`() throws {
        var facts = Facts.later { facts in
            facts.standing = .root(.kept(2, "v2") { $0.path = "docker_rwlayer" }.with(topLayer: "none"))
            facts.topLayer = nil
            facts.held = [.named("chain-v0"), .named("chain-v3")]
            facts.heldForOthers = [.named("chain-v3")]
        }
        #expect(try drops(plan(facts, adding: "docker_mode=persist")) == [drop("v0")], "no swap may come for a year")
        facts.wanted = .success(.image("v3"))
        #expect(try drops(Plan(after: Failure("no room"), for: request(adding: "docker_mode=persist"), given: facts)) == [])
    }
}
