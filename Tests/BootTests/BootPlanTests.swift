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

    @Test func `a later boot exchanges the roots, and deletes the old one last`() throws {
        try expectGolden(plan(.later()), "later-boot")
    }

    @Test func `what an interrupted boot left is deleted before anything is built`() throws {
        try expectGolden(plan(.later { $0.hasLeftover = true }), "interrupted-boot")
    }

    @Test func `a first boot that was interrupted`() throws {
        let facts = Facts.example { facts in
            facts.hasWorkshop = true
            facts.hasLeftover = true
        }
        try expectGolden(plan(facts), "interrupted-first-boot")
    }

    @Test func `directories above the root's name are made, and the name is one name in the workshop`() throws {
        let line = article.replacing("subvol=docker_rwlayer", with: "subvol=/layers/100%/root")
        try expectGolden(plan(.example { $0.missingParents = ["layers", "layers/100%"] }, for: line), "nested-name")
    }

    @Test func `without a top layer nothing is copied`() throws {
        try expectGolden(plan(.example(), for: "root=LABEL=linux rootflags=subvol=docker_rwlayer docker_path=/"), "no-top-layer")
    }

    @Test func `the top layer of another device`() throws {
        let line = "\(article) toplayer=PARTUUID=6c2b-01 toplayer_path=/"
        try expectGolden(plan(.later(), for: line), "top-layer-of-another-device")
    }

    @Test func `an image from a container gets what it lacks and loses its mark`() throws {
        let facts = Facts.later { facts in
            facts.contents.missingDirectories = ["proc", "sys", "dev", "run", "tmp"]
            facts.contents.hasContainerMark = true
        }
        try expectGolden(plan(facts), "image-of-a-container")
    }

    @Test func `only the old root's end is left for after the swap`() throws {
        let first = try plan(.example())
        #expect(first.steps.last == .rename(".docker-btrfs/docker_rwlayer.new", to: "docker_rwlayer"))
        #expect(first.afterwards == [])
        let later = try plan(.later())
        #expect(later.steps.last == .exchange(".docker-btrfs/docker_rwlayer.new", "docker_rwlayer"))
        #expect(later.afterwards == [.deleteSubvolume(".docker-btrfs/docker_rwlayer.new")])
    }

    @Test(arguments: [Facts.example(), .later(), .later { $0.hasLeftover = true }])
    func `the disk is written before the swap, and nothing is between the two`(facts: Facts) throws {
        #expect(try plan(facts).steps.dropLast().last == .sync)
    }

    @Test func `two names never share a place in the workshop`() {
        let names: [Path] = ["a/b", "a%2Fb", "a", "a.new", "a%b", "a%25b", "A"]
        #expect(Set(names.map { Layout.workplace(of: $0) }).count == names.count)
        #expect(Layout.workplace(of: "a/b%") == ".docker-btrfs/a%2Fb%25.new")
    }
}
