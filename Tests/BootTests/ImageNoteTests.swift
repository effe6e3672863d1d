import Basics
import Planning
import Testing

@testable import Boot

/// What a person is told of an image before it is a puzzle.
struct ImageNoteTests {
    private func facts(manifest: String = "{}", _ change: (inout Facts.Contents) -> Void) throws -> Facts {
        let manifest = try LayerManifest(parsing: Array(manifest.utf8), name: "x")
        return .later { facts in
            var source = Facts.Source.image("v2")
            change(&source.contents)
            facts.wanted = .success(source)
            facts.topLayer?.layers[0].manifest = manifest
        }
    }

    @Test(arguments: [(0o700, "0700"), (0o750, "0750"), (0o1770, "01770")] as [(UInt32, String)])
    func `an image that only root can enter`(permissions: UInt32, text: String) throws {
        let note = "only root can enter '/' of image 'sample:v2', which has mode \(text); 'RUN chmod 755 /' opens it"
        #expect(try plan(facts { $0.permissions = permissions }).notes == [note])
        #expect(try plan(facts(manifest: #"{"directories": ["/"]}"#) { $0.permissions = permissions }).notes == [])
    }

    @Test(arguments: [0o755, 0o711, 0o777, 0o1777] as [UInt32])
    func `one that everybody can enter`(permissions: UInt32) throws {
        #expect(try plan(facts { $0.permissions = permissions }).notes == [])
    }

    @Test(arguments: [100_000, 1, 65_534, UInt32.max] as [UInt32])
    func `an image whose owners are shifted is refused`(owner: UInt32) throws {
        let failure = #expect(throws: Failure.self) { try plan(facts { $0.owner = owner }) }
        #expect(failure?.message == "could not use the image 'sample:v2': its '/' belongs to user \(owner) and not to root")
        let after = try Plan(after: failure ?? Failure(""), for: request(), given: try facts { $0.owner = owner })
        #expect(after.steps == [], "the root that stands is booted")
    }

    @Test func `a system that is new to itself at each boot is told of once`() throws {
        var facts = try facts { $0.lacksMachineID = true }
        let plan = try plan(facts)
        #expect(plan.notes.count == 1)
        #expect(
            plan.notes[0] == """
                neither image 'sample:v2' nor the top layer has '/etc/machine-id', so each boot is the first one to systemd: \
                say "create_only": ["/etc/machine-id"] in the top layer's '/.docker-btrfs.json'
                """)
        facts.follow(plan)
        #expect(try Plan(for: request(), given: facts).notes == [])
    }

    @Test(arguments: [
        ("systemd.machine_id=2d4c64db7ecb294e9f43f31960545a27", "{}"), ("docker_mode=persist", "{}"),
        ("", #"{"create_only": ["/etc/machine-id"]}"#), ("", #"{"create_only": ["/etc/machine*"]}"#),
    ])
    func `one that gets or keeps its own is not`(text: String, manifest: String) throws {
        let notes = try Plan(for: request(adding: text), given: try facts(manifest: manifest) { $0.lacksMachineID = true }).notes
        #expect(!notes.contains { $0.contains("/etc/machine-id") })
    }

    @Test func `the default subvolume is not deleted, and why is said`() throws {
        let facts = Facts.later { facts in facts.kept = [.kept(1, "v1") { $0.isDefault = true }] }
        let plan = try plan(facts, adding: "docker_keep=0")
        #expect(!plan.afterwards.contains(.deleteSubvolume(Place(Layout.kept("docker_rwlayer", 1)))))
        #expect(
            plan.notes == [
                """
                root 1 ('sample:v1') at '/.docker-btrfs/roots/docker_rwlayer/1' is not deleted: it is the filesystem's default subvolume \
                ('btrfs subvolume set-default' chooses another one)
                """
            ])
    }
}
