import Basics
import Planning
import Testing

@testable import Boot

/// A kept root that was chosen at the boot menu: `rootflags=subvol=.docker-btrfs/roots/docker_rwlayer/3`.
struct ChosenRootTests {
    private let path: Path = ".docker-btrfs/roots/docker_rwlayer/3"

    private func request(adding text: String = "") throws -> Request {
        let line = article.replacing("subvol=docker_rwlayer", with: "subvol=.docker-btrfs/roots/docker_rwlayer/3")
        return try #require(try Request("\(line) \(text)"))
    }

    private func facts(_ change: (inout Facts) -> Void = { _ in }) -> Facts {
        .later { facts in
            facts.kept = []
            facts.standing = .root(.kept(3, "v1"))
            change(&facts)
        }
    }

    @Test(arguments: ["", "docker_mode=persist", "docker_keep=0", "docker_tries=1", "docker_image=sample:v2"])
    func `it is booted as it stands, and nothing on the disk changes`(text: String) throws {
        #expect(try Plan(for: request(adding: text), given: facts()) == Plan(steps: []))
    }

    @Test func `neither an image nor a top layer is needed for that, nor room; without modules it says so`() throws {
        let facts = facts { facts in
            facts.wanted = .failure(Failure("could not find the image"))
            facts.topLayer = nil
            facts.space = Need(data: 0, metadata: 0)
            facts.standing = .root(.kept(3, "v1") { $0.modules = .absent })
            facts.record = .example(good: ["v2"], images: ["v1": 99], roots: [3: 99])
        }
        let note = "root 3 ('sample:v1') has no modules for the running kernel"
        #expect(try Plan(for: request(), given: facts) == Plan(steps: [], notes: [note]))
    }

    @Test(arguments: [Facts.Standing.nothing, .foreign("a subvolume")])
    func `one that there is not`(standing: Facts.Standing) throws {
        let failure = #expect(throws: Failure.self) { try Plan(for: request(), given: facts { $0.standing = standing }) }
        #expect(
            failure?.description == """
                could not boot '/.docker-btrfs/roots/docker_rwlayer/3': there is no such kept root
                hint: docker-btrfs root ls shows which roots there are
                """)
        #expect(throws: failure ?? Failure("")) {
            try Plan(stayingAfter: failure ?? Failure(""), for: request(), given: facts { $0.standing = standing })
        }
    }

    @Test func `a boot that is to stop leaves it where it is`() throws {
        #expect(Plan(stopping: try request(), given: facts()) == Plan(steps: []))
    }

    @Test func `its good boot counts for its image`() {
        let mark = Mark(origin: .image("v1"), number: 3, made: 0)
        let record = Record.example(good: ["v1", "v2"], images: ["v1": 3]).good(mark, of: path)
        #expect(record.lastGood(under: path, but: nil)?.id == .named("v1"))
        #expect(record.tries(ofImage: .named("v1"), under: path) == 0)
        #expect(record.roots.allSatisfy { $0.name != path })
    }
}
