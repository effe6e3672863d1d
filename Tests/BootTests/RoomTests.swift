import Basics
import Planning
import Testing

@testable import Boot

/// Boots on a filesystem that is nearly full. The top layer is 1000 files of 80 MiB.
struct RoomTests {
    private let new: Place = ".docker-btrfs/roots/docker_rwlayer/new"
    private let need = Need(data: 0, metadata: 16 << 20 + 2_048_000)

    private func place(_ number: Int) -> Place { Place(Layout.kept("docker_rwlayer", number)) }

    private func tight(_ space: Need = Need(data: 1 << 30, metadata: 1 << 20), _ change: (inout Facts) -> Void = { _ in }) -> Facts {
        .later { facts in
            facts.kept = [.kept(1, "v0"), .kept(2, "v1", .good), .kept(3, "v1")]
            facts.standing = .root(4, "v1")
            facts.space = space
            change(&facts)
        }
    }

    /// What is deleted to make room.
    private func room(_ facts: Facts, adding text: String = "") throws -> (need: Need, roots: [Place])? {
        for case .makeRoom(let need, _, let leftovers, let roots) in try plan(facts, adding: text).steps {
            return (need, leftovers + roots)
        }
        return nil
    }

    @Test(arguments: [nil, Need(data: 1 << 20, metadata: 1 << 30), Need(data: 1 << 20, metadata: 16 << 20 + 2_048_000)])
    func `where there is enough, or where that is not known, nothing is deleted for it`(space: Need?) throws {
        #expect(try room(tight { $0.space = space }) == nil)
    }

    @Test func `older roots go before anything is built, the oldest first, and never the last good one`() throws {
        let plan = try plan(tight(), adding: "docker_keep=9")
        #expect(plan.steps.first == .makeRoom(need, deleting: [], roots: [place(1), place(3)]))
        #expect(plan.afterwards == [.rename(new, to: place(4))])
    }

    @Test func `nor one that holds somebody's subvolume`() throws {
        #expect(try room(tight { $0.kept[0].occupied = ["srv"] })?.roots == [place(3)])
    }

    @Test func `nor one that is good with the boot loader's kernel, where the image's own is started`() throws {
        let facts = tight { facts in
            facts.kept[0].isGood = true
            facts.kept[1].modules = .absent
            facts.kernel = .of("v2")
        }
        #expect(try room(facts, adding: "docker_kernel=image")?.roots == [place(3)])
        #expect(try room(facts)?.roots == [place(1), place(3)])
    }

    @Test func `where the last good one stands, all others may go`() throws {
        #expect(try room(tight { $0.standing = .root(4, "v1", .good) })?.roots == [place(1), place(2), place(3)])
    }

    @Test func `nor one that the new root is a copy of`() throws {
        let facts = tight(Need(data: 0, metadata: 0)) { facts in
            facts.standing = .root(4, "v2", .good)
            facts.record = .example(good: ["v1", "v2"], images: ["v2": 3])
        }
        let found = try #require(try room(facts))
        #expect(found.roots == [place(1), place(3)])
        #expect(found.need == Need(data: 0, metadata: 2 << 20), "the top layer is not copied")
        #expect(try plan(facts).steps.contains(.snapshot(of: place(2), at: new)))
    }

    @Test func `a root that was not finished goes first, and nothing deletes it twice`() throws {
        let facts = tight { $0.leftover = .unfinished }
        #expect(try room(facts)?.roots == [new, place(1), place(3)])
        // Where a template was enough, it would stay for ever: the new root puts it aside.
        var others = facts
        others.templates = [".docker-btrfs/templates/docker_rwlayer.1"]
        others.unfinishedHolds = [".docker-btrfs/layers/1.new"]
        #expect(
            try room(others)?.roots.prefix(3) == [
                new, ".docker-btrfs/layers/1.new", Place(".docker-btrfs/templates/docker_rwlayer.1"),
            ], "as does a hold that was not finished")
        #expect(try !plan(facts).steps.contains(.deleteSubvolume(new)))
        var alone = facts
        alone.kept = []
        #expect(try room(alone)?.roots == [new])
    }

    @Test func `a root that is to be put away is put away first`() throws {
        let facts = tight { facts in
            facts.kept.removeLast()
            facts.leftover = .replaced(.kept(3, "v1"))
        }
        #expect(try plan(facts).steps.prefix(2) == [.rename(new, to: place(3)), .makeRoom(need, deleting: [], roots: [place(1)])])
    }

    @Test(arguments: [(true, 0), (false, 80 << 20)])
    func `a top layer on another filesystem needs room for its content too`(isShared: Bool, data: Int) throws {
        let facts = tight { $0.topLayer?.isShared = isShared }
        #expect(try room(facts)?.need == Need(data: data, metadata: need.metadata))
        let full = tight(Need(data: 79 << 20, metadata: 1 << 30)) { $0.topLayer?.isShared = isShared }
        #expect(try room(full)?.need.data == (isShared ? nil : data))
    }

    /// 96 MiB for either are no 80 for data and 17 for metadata.
    @Test func `what is free for data or for metadata is not counted twice`() throws {
        let other: (inout Facts) -> Void = { $0.topLayer?.isShared = false }
        #expect(try room(tight(Need(data: 96 << 20, metadata: 96 << 20), other)) == nil)
        var alone = tight(Need(data: 96 << 20, metadata: 96 << 20, either: 96 << 20), other)
        #expect(try room(alone)?.roots == [place(1), place(3)])
        alone.kept = []
        let failure = #expect(throws: Failure.self) { try plan(alone) }
        let has = "has 96 MiB free for data and 96 MiB for metadata, 96 MiB of which are the same, and 80 and 17 are needed"
        #expect(failure?.message == "could not make a new root: the filesystem \(has)")
    }

    @Test func `a root that persists does not go for what is only wished for, whatever the mode is`() throws {
        let facts = tight(Need(data: 0, metadata: 1 << 30)) { facts in
            facts.kept[0] = facts.kept[0].with(topLayer: "sha256:files")
        }
        #expect(try room(facts)?.roots == [place(3)])
    }

    @Test func `without a top layer a little is enough`() throws {
        #expect(try room(tight(Need(data: 1 << 20, metadata: 16 << 20)) { $0.topLayer = nil }) == nil)
    }

    @Test func `where nothing can go, the boot fails before it changed anything`() throws {
        let facts = tight(Need(data: 3 << 20, metadata: 1 << 20)) { facts in
            facts.kept = [.kept(2, "v1", .good)]
            facts.topLayer?.isShared = false
        }
        let failure = #expect(throws: Failure.self) { try plan(facts) }
        #expect(
            failure?.description == """
                could not make a new root: the filesystem has 3 MiB free for data and 1 MiB for metadata, and 80 and 17 are needed
                hint: take files out of the top layer, or remove images that are not needed
                """)
    }

    @Test func `nothing is deleted where that cannot be enough`() throws {
        let facts = tight(Need(data: 300 << 20, metadata: 1 << 30)) { facts in
            facts.capacity = Need(data: 900 << 20, metadata: 2 << 30)
            facts.topLayer?.isShared = false
            facts.topLayer?.extent = Facts.Extent(size: 1600 << 20, files: 3, largest: "var/disk.img", largestSize: 1500 << 20)
        }
        let failure = #expect(throws: Failure.self) { try plan(facts) }
        #expect(
            failure?.description == """
                could not make a new root: the filesystem could have 900 MiB free for data and 2048 MiB for metadata if it was empty, \
                and 1600 and 16 are needed
                hint: take files out of the top layer (the largest is '/var/disk.img', 1500 MiB), or remove images that are not needed
                """)
    }

    @Test func `where only the count of the boot has no room, older roots go, and without any the boot goes on`() throws {
        let full = Need(data: 0, metadata: 1 << 30)
        #expect(try room(tight(full))?.roots == [place(1), place(3)])
        #expect(try room(tight(full) { $0.kept = [.kept(2, "v1", .good)] }) == nil)
        #expect(try room(tight(full), adding: "docker_mode=persist") == nil, "work is worth more than a count")
    }

    @Test func `where data has the room that metadata lacks, it is said what gives it back`() throws {
        let facts = tight(Need(data: 400 << 30, metadata: 1 << 20)) { facts in
            facts.kept = []
            facts.topLayer = nil
        }
        let failure = #expect(throws: Failure.self) { try plan(facts) }
        #expect(failure?.hint?.hasPrefix("data has room that metadata lacks: 'btrfs balance start -dusage=50 ") == true)
    }

    @Test func `a root that stays needs none`() throws {
        let facts = tight(Need(data: 0, metadata: 0)) { facts in
            facts.standing = .root(.kept(4, "v2") { $0.path = "docker_rwlayer" }.with(topLayer: "none"))
            facts.topLayer = nil
        }
        #expect(try plan(facts, adding: "docker_mode=persist").steps == [])
    }
}
