import Basics
import Planning
import Testing

@testable import Boot

/// A root that is kept as it was before its first boot, for the next one.
struct TemplateTests {
    private let new = Place(Layout.new("docker_rwlayer"))

    /// A disk whose layers are subvolumes, as they are on a real one.
    private func facts(_ change: (inout Facts) -> Void = { _ in }) -> Facts {
        .later { facts in
            var source = Facts.Source.image("v2")
            source.layerState = "uuid 1 1"
            facts.wanted = .success(source)
            change(&facts)
        }
    }

    private func template(_ facts: Facts, _ text: String = "") throws -> Path? {
        facts.template(of: try facts.wanted.get(), for: try request(text))
    }

    private func request(_ text: String) throws -> Request { try #require(try Request("\(article) \(text)")) }

    @Test func `it is kept after the swap, and those of earlier makings go`() throws {
        let old = Layout.templates / "docker_rwlayer.old"
        let facts = facts { $0.templates = [old] }
        let template = try #require(try template(facts))
        let plan = try plan(facts)
        #expect(plan.afterwards.suffix(2) == [.keepTemplate(of: "docker_rwlayer", at: Place(template)), .deleteSubvolume(Place(old))])
        #expect(plan.steps.contains { if case .copyTopLayer = $0 { true } else { false } })
    }

    @Test(arguments: [(190, true), (191, false)])
    func `where its name would be longer than a file's, there is none`(length: Int, isKept: Bool) throws {
        let name = String(repeating: "n", count: length)
        let request = try #require(try Request(article.replacing("subvol=docker_rwlayer", with: "subvol=\(name)")))
        #expect(try (facts().template(of: facts().wanted.get(), for: request) != nil) == isKept)
    }

    @Test func `an unchanged boot is a snapshot of it`() throws {
        var facts = facts()
        let template = try #require(try template(facts))
        facts.templates = [template]
        facts.held.append(.named("chain-v2"))
        facts.topLayer?.extent = nil
        let mark = Mark(origin: .image("v2", over: ["boot_docker"]), number: 3, made: 1_800_000_000)
        let plan = try plan(facts)
        #expect(plan.steps.prefix(2) == [.snapshot(of: Place(template), at: new), .mark(new, mark)])
        #expect(plan.steps.count == 4, "the record and the exchange follow")
        #expect(!plan.afterwards.contains { if case .keepTemplate = $0 { true } else { false } })
    }

    @Test func `it needs no room for the top layer`() throws {
        var facts = facts()
        facts.topLayer?.isShared = false
        facts.space = Need(data: 1 << 20, metadata: 1 << 30)
        #expect(try plan(facts).steps.contains { if case .makeRoom = $0 { true } else { false } })
        facts.templates = [try #require(try template(facts))]
        facts.held.append(.named("chain-v2"))
        #expect(try plan(facts).steps.count == 4)
    }

    @Test func `anything else that a root is made from makes it another one`() throws {
        let changes: [(inout Facts) -> Void] = [
            { _ in }, { $0.topLayer?.state = "sha256:other" },
            { facts in
                var source = Facts.Source.image("v3")
                source.layerState = "uuid 1 1"
                facts.wanted = .success(source)
            },
            { facts in
                var source = Facts.Source.image("v2")
                source.layerState = "uuid 2 1"
                facts.wanted = .success(source)
            },
        ]
        let templates = try changes.map { try #require(try template(facts($0))) }
        #expect(Set(templates).count == templates.count)
    }

    @Test func `there is none where a root is made from more, or stays`() throws {
        #expect(try template(facts { $0.minted = ["etc/machine-id"] }) == nil)
        #expect(try template(facts { $0.topLayer = nil }) == nil)
        #expect(try template(facts(), "docker_mode=persist") == nil)
        #expect(try template(.later()) == nil, "a layer that is no subvolume has no state")
        let stale = Layout.templates / "docker_rwlayer.old"
        let plan = try plan(facts { $0.templates = [stale] }, adding: "docker_mode=persist")
        #expect(plan.afterwards.contains(.deleteSubvolume(Place(stale))))
    }

    @Test func `where there is no room, those of earlier makings go first`() throws {
        let stale = Layout.templates / "docker_rwlayer.old"
        let plan = try plan(
            facts { facts in
                facts.templates = [stale]
                facts.space = Need(data: 0, metadata: 0)
            })
        guard case .makeRoom(_, _, let places, _)? = plan.steps.first(where: { if case .makeRoom = $0 { true } else { false } }) else {
            Issue.record("nothing makes room")
            return
        }
        #expect(places.first == Place(stale))
        #expect(!plan.afterwards.contains(.deleteSubvolume(Place(stale))))
    }
}
