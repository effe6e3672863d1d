import TestSupport
import Testing

extension OnDisk {
    /// Roots of earlier boots: `docker_root=`.
    struct EarlierRootTests {
        private let roots = ".docker-btrfs/roots/docker_rwlayer"

        @Test func `the previous root is gone on with as it was left, and nothing is counted`() async throws {
            try await Disk.withStore { disk, _ in
                let line = disk.line(keeping: "")
                try await disk.bootWell(line)
                try await disk.change("echo work > docker_rwlayer/work; rm docker_rwlayer/etc/version")
                try await disk.bootWell(disk.line(keeping: "", tag: "v2"))
                let record = try await disk.look("cat .docker-btrfs/record")
                // The image is not there any more.
                let outcome = try await disk.boot(disk.line(keeping: "docker_root=previous docker_image=nope"))
                #expect(outcome.told.hasPrefix("going on with root 1 ('sample_image:latest'), as it was left (docker_root=)\n"))
                #expect(
                    try await disk.look("cat docker_rwlayer/work; ls docker_rwlayer/etc/version \(roots)/2/etc/version 2>&1 || true")
                        == "work\nls: cannot access 'docker_rwlayer/etc/version': No such file or directory\n\(roots)/2/etc/version\n")
                #expect(try await disk.look("cat .docker-btrfs/record") == record)
                // And back again.
                try await disk.bootWell(disk.line(keeping: "docker_root=2"))
                #expect(try await disk.look("cat docker_rwlayer/etc/version; ls \(roots)") == "2\n3\n")
            }
        }
    }
}
