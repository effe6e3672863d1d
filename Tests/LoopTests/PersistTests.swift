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

        @Test(arguments: ["", "toplayer_path=top"])
        func `boots of another mode keep its work, and it is gone on with`(layer: String) async throws {
            try await Disk.withStore { disk, _ in
                try await disk.change("btrfs subvolume create top")
                var line = disk.line(keeping: "docker_mode=persist \(layer)")
                if layer.isEmpty { line.topLayer = nil }
                var fresh = line
                fresh.more = "docker_mode=fresh docker_keep=0 \(layer)"
                try await disk.bootWell(line)
                try await disk.markGood()
                try await disk.change("echo work > docker_rwlayer/work")
                for _ in 1...3 {
                    try await disk.bootWell(fresh)
                    try await disk.markGood()
                }
                let outcome = try await disk.boot(line)
                #expect(outcome.told.contains("going on with a copy of root 1 ('sample_image:latest'), "), "\(outcome.told)")
                #expect(try await disk.look("cat docker_rwlayer/work") == "work\n")
            }
        }

        @Test func `snapshots that a top layer leaves out do not end it`() async throws {
            try await Disk.withStore { disk, _ in
                let line = disk.line(keeping: "docker_mode=persist docker_tries=9 toplayer_path=top")
                try await disk.change("btrfs subvolume create top; btrfs subvolume create top/.snapshots; echo one > top/file")
                try await disk.bootWell(line)
                try await disk.change("echo work > docker_rwlayer/work")
                for number in 1...2 {
                    let snapshot = "top/.snapshots/\(number)"
                    try await disk.change("mkdir \(snapshot); btrfs subvolume snapshot -r top \(snapshot)/snapshot")
                    try await disk.bootWell(line)
                    #expect(try await disk.look("cat docker_rwlayer/work; ls .docker-btrfs/roots/docker_rwlayer") == "work\n")
                }
                try await disk.change("btrfs subvolume create top/srv; echo two > top/srv/file")
                try await disk.bootWell(line)
                #expect(try await disk.look("cat docker_rwlayer/srv/file .docker-btrfs/roots/docker_rwlayer/1/work") == "two\nwork\n")
                // What is not left out counts, also where the layer itself is as it was.
                try await disk.change("echo three > top/srv/file")
                try await disk.bootWell(line)
                #expect(try await disk.look("cat docker_rwlayer/srv/file") == "three\n")
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
