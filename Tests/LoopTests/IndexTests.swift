import Foundation
import TestSupport
import Testing

extension OnDisk {
    /// An index for several platforms, as most images of registries are, that an engine pulled from one.
    struct IndexTests {
        @Test(arguments: ["docker-containerd-overlayfs", "podman-overlay"])
        func `the image for this machine is listed and booted, not the one for another, nor what tells of a build`(engine: String)
            async throws
        {
            try await Disk.with(["mkfs.btrfs", "-q"], size: "512M") { disk in
                try await disk.change("mkdir -p boot_docker/etc")
                try await disk.detach()
                let script = """
                    \(SmallImage.context)
                    start_registry
                    pull_index sample_image "$context"
                    list
                    """
                let told = try await output(of: [Repository.path("Tests/Lab/with-engine"), disk.file, engine, script])
                let words = try #require(told.split(separator: "\n").last { $0.hasPrefix("127.0.0.1:") }?.split(separator: " "))
                let (name, id) = (words[0], words[1].dropFirst("sha256:".count))
                let attached = try await disk.attached()
                let folder = engine.hasPrefix("podman") ? "storage" : "docker"
                let listed = try await attached.look("'\(Repository.companion)' images --data-root \(folder)").split(separator: "\n")
                let row = try #require(listed.first { $0.hasPrefix(name) }?.split(separator: " "))
                #expect(row[1] == id.prefix(12) && row.contains("yes"), "\(listed)")

                var line = attached.line("docker_image=\(name)")
                line.dockerPath = folder
                let outcome = try await attached.boot(line)
                #expect(outcome.status == 0, "\(outcome.errors)")
                #expect(
                    try await attached.look("cat docker_rwlayer/etc/version; ls docker_rwlayer | grep -E '^(other|proof)$' || true")
                        == "1\n")
                let report = try await attached.look("getfattr --only-values --name user.docker-btrfs.root docker_rwlayer")
                #expect(report.contains("\nid sha256:\(id)\n"), "\(report)")
            }
        }
    }
}
