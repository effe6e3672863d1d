import Basics
import Planning
import Testing

@testable import Boot

/// A root of an earlier boot that is gone on with: `docker_root=`.
struct EarlierRootTests {
    private let why = "as it was left (docker_root=)"

    /// Roots 1 and 4 were kept; root 5 stands.
    private func facts(_ change: (inout Facts) -> Void = { _ in }) -> Facts {
        .later { facts in
            facts.kept = [.kept(1, "v1", .good), .kept(4, "v0")]
            facts.standing = .root(5, "v2")
            facts.takenNumbers = [1, 4]
            facts.record = .example(good: ["v1"], images: ["v2": 1])
            change(&facts)
        }
    }

    @Test func `the previous one is copied, and the one that stood is kept; no image's try is counted`() throws {
        let plan = try plan(facts(), adding: "docker_root=previous")
        try expectGolden(plan, "earlier-root")
        #expect(plan.notes == ["going on with root 4 ('sample:v0'), \(why)"])
    }

    @Test(arguments: ["1", "4"])
    func `one by its number, with a word of what it lacks`(number: String) throws {
        let facts = facts { $0.kept[0].modules = .absent }
        let found = try decision(facts, adding: "docker_root=\(number)")
        let root = facts.kept[number == "1" ? 0 : 1]
        let lack = number == "1" ? "; it has no modules for the running kernel" : ""
        #expect(found == Decision(choice: .restore(root), notes: ["going on with \(root.title), \(why)\(lack)"]))
    }

    @Test func `the number of the one that stands takes that, and counts nothing`() throws {
        let plan = try plan(facts(), adding: "docker_root=5")
        #expect(plan == Plan(steps: [], notes: ["going on with root 5 ('sample:v2'), \(why)"]))
    }

    @Test func `one that a power cut kept from being put away is the previous one`() throws {
        let facts = facts { $0.leftover = .replaced(.kept(6, "v2")) }
        #expect(try decision(facts, adding: "docker_root=previous").choice == .restore(.kept(6, "v2")))
    }

    @Test func `neither an image nor a top layer is needed`() throws {
        let facts = facts { facts in
            facts.wanted = .failure(Failure("could not find the image"))
            facts.topLayer = nil
        }
        #expect(try decision(facts, adding: "docker_root=previous").choice == .restore(.kept(4, "v0")))
    }

    @Test(arguments: [
        ("previous", "could not go on with the previous root: none was kept"), ("9", "could not go on with root 9: it was not kept"),
    ])
    func `one that there is not`(word: String, message: String) throws {
        let failure = #expect(throws: Failure.self) { try plan(facts { $0.kept = [] }, adding: "docker_root=\(word)") }
        #expect(failure?.message == message)
    }

    @Test func `what docker-btrfs did not make is not replaced`() {
        #expect(throws: Failure.self) { try plan(facts { $0.standing = .foreign("a subvolume") }, adding: "docker_root=previous") }
    }

    @Test(arguments: ["next", "-1", "1000000001", "7a"])
    func `other words are refused`(word: String) {
        let failure = #expect(throws: Failure.self) { try request(adding: "docker_root=\(word)") }
        #expect(failure?.message == "could not use 'docker_root=\(word)': it must be previous or the number of a kept root")
    }
}
