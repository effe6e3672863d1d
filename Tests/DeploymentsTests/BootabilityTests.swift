import Basics
import Boot
import Fixtures
import Foundation
import Images
import Testing

@testable import Deployments

/// What `images` says of an image: whether it can be booted, or why not.
struct BootabilityTests {
    private let fixture = Fixture()
    /// The tree of bb3:v1.
    private static let layer = "docker/btrfs/subvolumes/a791edfc1a1c0ca091ebb77f7d2e0e375377ad47d7a167cfa6da5d4f10f74229"

    init() throws {
        try fixture.unpack(.docker29, at: "docker")
        try fixture.write("ID=sample\n", to: "\(Self.layer)/etc/os-release")
        try fixture.write("", to: "\(Self.layer)/sbin/init")
        // What is looked at belongs to who runs the tests.
        try change("chmod 755 sbin/init")
    }

    private func change(_ script: String) throws {
        try fixture.run("bash", "-euc", "cd '\(fixture.folder.appending(path: Self.layer).path)'; \(script)")
    }

    private func found(hasKernelBeside: Bool = false) throws -> Bootability {
        let root = try fixture.directory()
        let stores = try #require(try ImageStores(in: root, at: "docker"))
        let line = try #require(try stores.listing().images.first { $0.names.contains("bb3:v1") })
        return Bootability(of: line, in: root, kernel: "6.18.44", hasKernelBeside: hasKernelBeside)
    }

    @Test(
        arguments: [
            (
                "true", .noKernel, "could not use the image 'bb3:v1': it has no kernel, and no modules for the running kernel 6.18.44"
            ),
            ("mkdir -p lib/modules/6.18.44; touch lib/modules/6.18.44/modules.dep", .yes, nil),
            (
                "mkdir -p lib/modules/6.1; touch lib/modules/6.1/modules.dep", .noKernel,
                "could not use the image 'bb3:v1': it has no kernel, and no modules for the running kernel 6.18.44"
            ),
            ("mkdir -p lib/modules/6.1 boot; touch lib/modules/6.1/modules.dep boot/vmlinuz-6.1", .yes, nil),
            ("rm sbin/init", .noInit, "could not use the image 'bb3:v1': it has no init: there is no program '/sbin/init'"),
            (
                "rm etc/os-release", .no,
                """
                could not use the image 'bb3:v1': it has neither '/etc/os-release' nor '/usr/lib/os-release', and systemd starts no root \
                without
                """
            ),
            ("cd ..; mv \"$OLDPWD\" ../away", .incomplete, nil),
        ] as [(String, Bootability.Verdict, String?)])
    func `one word, and the reason`(script: String, verdict: Bootability.Verdict, reason: String?) throws {
        try change(script)
        let found = try found()
        #expect(found.verdict == verdict)
        if let reason { #expect(found.reason?.message.replacing("127.0.0.1:5077/team/multi:v1", with: "bb3:v1") == reason) }
        #expect((found.tree != nil) == (verdict == .yes) && (found.reason == nil) == (verdict == .yes))
    }

    @Test(arguments: ["true", "mkdir -p lib/modules/6.1; touch lib/modules/6.1/modules.dep"])
    func `the top layer may bring the kernel that it has not`(script: String) throws {
        try change(script)
        #expect(try found().verdict == .noKernel)
        #expect(try found(hasKernelBeside: true).verdict == .yes)
    }

    @Test func `an image of another platform`() throws {
        let folder = "docker/image/btrfs/imagedb/content/sha256"
        let name = "a8be6a5138c5d7f5ec05c29530aafd7971f30d23bad9e01ab95138c6e7f5829c"
        let other = try fixture.read("\(folder)/\(name)").replacing("amd64", with: "s390x")
        let id = Digest.of(Array(other.utf8))
        try fixture.write(other, to: "\(folder)/\(id.hex)")
        let root = try fixture.directory()
        let line = try #require(try ImageStores(in: root, at: "docker")?.listing().images.first { $0.id == ImageID(id) })
        let found = Bootability(of: line, in: root, kernel: nil, hasKernelBeside: false)
        #expect(found.verdict == .platform)
        #expect(found.reason?.message.contains("it is for linux/s390x, and this machine is linux/") == true)
    }

    @Test(
        arguments: [
            ([:], ["/var/lib/docker", "/var/lib/containerd", "/var/lib/containers/storage"]),
            (
                ["etc/docker/daemon.json": #"{"data-root": "/mnt/docker"}"#],
                ["/mnt/docker", "/var/lib/containerd", "/var/lib/containers/storage"]
            ),
            (["etc/docker/daemon.json": "{}"], ["/var/lib/docker", "/var/lib/containerd", "/var/lib/containers/storage"]),
            (["etc/docker/daemon.json": " \n"], ["/var/lib/docker", "/var/lib/containerd", "/var/lib/containers/storage"]),
            (
                [
                    "etc/containerd/config.toml":
                        "version = 2\n# root = \"/no\"\n root= '/mnt/containerd' # here\n[grpc]\nroot = \"/other\"\n"
                ],
                ["/var/lib/docker", "/mnt/containerd", "/var/lib/containers/storage"]
            ),
            (
                [
                    "etc/containerd/config.toml": "[plugins]\nroot = \"/other\"\n",
                    "etc/containers/storage.conf": "[storage]\r\ngraphroot = \"/srv/pods\"\r\n",
                ],
                ["/var/lib/docker", "/var/lib/containerd", "/srv/pods"]
            ),
            (
                ["etc/containers/storage.conf": "graphroot = \"/a\"\n[storage.options]\ngraphroot = \"/b\"\n"],
                ["/var/lib/docker", "/var/lib/containerd", "/var/lib/containers/storage"]
            ),
        ] as [([String: String], [String])])
    func `where stores are, as the engines' configurations say`(files: [String: String], places: [String]) throws {
        for (path, text) in files { try fixture.write(text, to: "system/\(path)") }
        try fixture.makeDirectory("system")
        let system = try Directory(opening: fixture.folder.appending(path: "system").path)
        let roots = try EngineRoots(in: system)
        #expect([roots.docker, roots.containerd, roots.podman] == places)
    }

    @Test func `a configuration of one engine that cannot be read is nothing against the others`() throws {
        try fixture.write("{", to: "system/etc/docker/daemon.json")
        let system = try Directory(opening: fixture.folder.appending(path: "system").path)
        #expect(throws: Failure.self) { try EngineRoots.docker(in: system) }
        #expect(try EngineRoots.containerd(in: system) == "/var/lib/containerd")
        #expect(try EngineRoots.podman(in: system) == "/var/lib/containers/storage")
    }
}
