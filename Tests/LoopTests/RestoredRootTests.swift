import TestSupport
import Testing

extension OnDisk {
    /// New roots that are copies of kept ones.
    struct RestoredRootTests {
        private let roots = ".docker-btrfs/roots/docker_rwlayer"

        @Test func `where the kept root has subvolumes, its copy has ordinary directories`() async throws {
            try await Disk.withStore { disk, _ in
                let good = disk.line(keeping: "")
                try await disk.bootWell(good)
                try await disk.markGood()
                try await disk.change(
                    """
                    cd docker_rwlayer; mkdir -p var/lib; btrfs subvolume create var/lib/machines
                    btrfs subvolume create srv/data; echo work > srv/data/file
                    """)
                for _ in 1...3 { try await disk.bootWell(disk.line(keeping: "", tag: "v2")) }
                let outcome = try await disk.boot(disk.line(keeping: "", tag: "v2"))
                #expect(outcome.told.contains("\nwhat is in '/srv/data' of root 1 stays there, in '/\(roots)/1/srv/data'\n"))
                try await disk.change("cd docker_rwlayer; touch var/lib/machines/file srv/data/file")
                #expect(try await disk.look("cat docker_rwlayer/etc/version \(roots)/1/srv/data/file") == "1\nwork\n")
            }
        }

        @Test func `a root that persisted and was put away is gone on with`() async throws {
            try await Disk.withStore { disk, _ in
                let line = disk.line(keeping: "docker_mode=persist")
                try await disk.bootWell(line)
                try await disk.change("echo work > docker_rwlayer/work; mv docker_rwlayer \(roots)/1")
                let outcome = try await disk.boot(line)
                let note = "going on with a copy of root 1 ('sample_image:latest'), which was made from the same image and top layer"
                #expect(outcome.told.split(separator: "\n").first == note[...])
                #expect(try await disk.look("cat docker_rwlayer/work \(roots)/1/work") == "work\nwork\n")
            }
        }

        @Test func `work that persisted is there again after another image was tried`() async throws {
            try await Disk.withStore { disk, _ in
                let policy = "docker_mode=persist"
                try await disk.bootWell(disk.line(keeping: policy))
                try await disk.change("echo work > docker_rwlayer/work")
                #expect(try await disk.boot(disk.line(keeping: "\(policy) docker_image=sample_image:v2")).status == 0)
                #expect(try await disk.look("ls docker_rwlayer/work 2>/dev/null || true") == "")
                #expect(try await disk.boot(disk.line(keeping: policy)).status == 0)
                #expect(try await disk.look("cat docker_rwlayer/{work,etc/version}") == "work\n1\n")
            }
        }

        @Test func `a boot under one name keeps what roots of another one need`() async throws {
            try await Disk.withStore { disk, _ in
                var other = disk.line("docker_image=sample_image:v2")
                other.flags = "rootflags=subvol=layers/other"
                try await disk.bootWell()
                for _ in 1...2 { #expect(try await disk.boot(other).status == 0) }
                try await disk.bootWell()
                #expect(try await disk.look("ls .docker-btrfs/layers | wc --lines") == "2\n")
            }
        }
    }
}
