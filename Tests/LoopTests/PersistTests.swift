import TestSupport
import Testing

extension OnDisk {
    /// `docker_mode=persist`
    struct PersistTests {
        @Test func `the root stays while nothing that it was made from changes`() async throws {
            try await Disk.withStore { disk, _ in
                let line = disk.line(keeping: "docker_mode=persist docker_keep=0 docker_tries=9")
                try await disk.bootWell(line)
                try await disk.change("echo work > docker_rwlayer/work")
                let plan = try await disk.plan(line)
                #expect(plan == "write the file '/.docker-btrfs/record'\n")
                try await disk.bootWell(line)
                #expect(try await disk.look("cat docker_rwlayer/work") == "work\n")
            }
        }

        @Test(arguments: [
            ("", "v2"), ("echo another > boot_docker/etc/motd", "latest"), ("chmod 700 boot_docker/etc/motd", "latest"),
            ("mv boot_docker/etc/motd boot_docker/etc/issue", "latest"),
            (
                "touch -r boot_docker/etc/motd ref; echo from-the-top-laye2 > boot_docker/etc/motd; touch -r ref boot_docker/etc/motd; rm ref",
                "latest"
            ),
        ])
        func `a new image or top layer gives a new root, and the work is kept`(change: String, tag: String) async throws {
            try await Disk.withStore { disk, _ in
                let policy = "docker_mode=persist docker_keep=0"
                try await disk.bootWell(disk.line(keeping: policy))
                try await disk.change("echo work > docker_rwlayer/work; \(change)")
                try await disk.bootWell(disk.line(keeping: policy, tag: tag))
                #expect(
                    try await disk.look("cat .docker-btrfs/roots/docker_rwlayer/1/work; ls docker_rwlayer/work 2>/dev/null || true")
                        == "work\n")
            }
        }
    }
}
