import Basics
import Planning
import Testing

@testable import Boot

/// Files by which one machine is known: those that an image brings, and those that a machine makes.
struct IdentityTests {
    private let new = Place(Layout.new("docker_rwlayer"))

    private func facts(_ identity: [Path] = [], manifest: String = "{}", minted: [Path] = []) throws -> Facts {
        let manifest = try LayerManifest(parsing: Array(manifest.utf8), name: "x")
        return .later { facts in
            var source = Facts.Source.image("v2")
            source.contents.identity = identity
            facts.wanted = .success(source)
            facts.topLayer?.layers[0].manifest = manifest
            facts.minted = minted
        }
    }

    @Test func `what the image brings is reported`() throws {
        let plan = try plan(facts(["etc/machine-id", "etc/ssh/ssh_host_rsa_key"]))
        #expect(
            plan.notes == [
                """
                image 'sample:v2' brings '/etc/machine-id', '/etc/ssh/ssh_host_rsa_key', which every machine that boots it has \
                alike: take that away in the Dockerfile, or say "image_identity": "remove" in the top layer's '/.docker-btrfs.json'
                """
            ])
        #expect(!plan.steps.contains(.removeFile("etc/machine-id", of: new)))
    }

    @Test func `it is removed where the manifest says so, before the top layer is copied`() throws {
        let plan = try plan(facts(["etc/machine-id"], manifest: #"{"image_identity": "remove"}"#))
        #expect(plan.notes == [])
        let removal = try #require(plan.steps.firstIndex(of: .removeFile("etc/machine-id", of: new)))
        let copy = try #require(plan.steps.firstIndex { if case .copyTopLayer = $0 { true } else { false } })
        #expect(removal < copy)
    }

    @Test func `what the machine made is carried over, and stored once the new root stands`() throws {
        let plan = try plan(facts(minted: ["etc/machine-id"]))
        #expect(plan.steps.contains(.carryFile("etc/machine-id", of: "docker_rwlayer", to: new)))
        #expect(
            plan.afterwards.last
                == .storeFile("etc/machine-id", of: "docker_rwlayer", in: Place("boot_docker", on: .topLayer(.label("linux")))))
    }

    @Test func `a root that persists has what the machine made, and its layer stays as it is`() throws {
        let request = try #require(try Request("\(article) docker_mode=persist"))
        let plan = try Plan(for: request, given: facts(minted: ["etc/machine-id"]))
        #expect(plan.steps.contains(.carryFile("etc/machine-id", of: "docker_rwlayer", to: new)))
        #expect(!plan.afterwards.contains { if case .storeFile = $0 { true } else { false } })
    }

    @Test func `the survey finds what a container engine and an installation left`() throws {
        let tree = try Tree()
        for file in [".dockerenv", "run/.containerenv", "etc/hosts", "etc/resolv.conf", "etc/ssh/ssh_host_empty_key"] {
            try tree.write("", to: "\(Tree.layer)/\(file)")
        }
        for file in ["etc/hostname", "etc/machine-id", "etc/ssh/ssh_host_rsa_key", "etc/ssh/ssh_host_rsa_key.pub", "etc/ssh/sshd_config"] {
            try tree.write("text\n", to: "\(Tree.layer)/\(file)")
        }
        try tree.write("own\n", to: "boot_docker/etc/ssh/ssh_host_rsa_key.pub")
        let contents = try tree.contents()
        #expect(contents.leftovers == [".dockerenv", "run/.containerenv", "etc/hosts", "etc/resolv.conf"])
        #expect(contents.identity == ["etc/machine-id", "etc/ssh/ssh_host_rsa_key"], "the top layer brings the other key")
        try tree.write("uninitialized\n", to: "\(Tree.layer)/etc/machine-id")
        #expect(try tree.contents().identity == ["etc/ssh/ssh_host_rsa_key"])
    }
}
