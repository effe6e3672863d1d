import TestSupport
import Testing

extension OnDisk {
    /// What becomes of the roots that are replaced.
    struct KeptRootsTests {
        private let roots = ".docker-btrfs/roots/docker_rwlayer"

        /// Boots several times, and leaves in each root a file with its number.
        private func boot(_ disk: Disk, _ line: KernelLine, times: Int) async throws {
            for number in 1...times {
                try await disk.bootWell(line)
                try await disk.change("echo work > docker_rwlayer/root-\(number)")
            }
        }

        @Test(arguments: [("", ["3"]), ("docker_keep=0", []), ("docker_keep=1", ["3"]), ("docker_keep=2", ["2", "3"])])
        func `as many as were asked for are kept, with the work in them`(policy: String, kept: [String]) async throws {
            try await Disk.withStore { disk, _ in
                try await boot(disk, disk.line(keeping: policy), times: 4)
                let found = kept.map { "\(roots)/\($0)/root-\($0)\n" }.joined()
                #expect(
                    try await disk.look("find .docker-btrfs/roots -name 'root-*' | sort; ls docker_rwlayer/root-*") == found
                        + "docker_rwlayer/root-4\n")
            }
        }

        @Test func `a kept root that is chosen at the boot menu is booted as it stands`() async throws {
            try await Disk.withStore { disk, _ in
                try await boot(disk, disk.line(keeping: "docker_keep=2"), times: 3)
                let before = try await disk.files(in: roots)
                var line = disk.line(keeping: "")
                line.flags = "rootflags=subvol=\(roots)/1"
                let outcome = try await disk.boot(line)
                #expect(
                    outcome.told.replacing(/after \d+ ms/, with: "after N ms")
                        == "'/\(roots)/1' is ready after N ms\n")
                #expect(try await disk.files(in: roots) == before)
            }
        }

        @Test func `the last root that booted well is kept beside the newest`() async throws {
            try await Disk.withStore { disk, _ in
                let line = disk.line(keeping: "docker_tries=9")
                try await disk.bootWell(line)
                try await disk.markGood()
                for _ in 1...4 { try await disk.bootWell(line) }
                #expect(try await disk.look("ls \(roots)") == "1\n4\n")
            }
        }

        @Test func `a root with somebody's subvolume in it is not deleted, and that is said`() async throws {
            try await Disk.withStore { disk, _ in
                let line = disk.line(keeping: "docker_keep=0")
                try await disk.bootWell(line)
                try await disk.change("btrfs subvolume create docker_rwlayer/srv/data; echo work > docker_rwlayer/srv/data/file")
                let outcome = try await disk.boot(line)
                let note = """
                    root 1 ('sample_image:latest') at '/\(roots)/1' is not deleted: somebody put something into its subvolume '/srv/data'
                    """
                #expect(outcome.told.split(separator: "\n").contains(note[...]))
                for _ in 1...2 { try await disk.bootWell(line) }
                #expect(try await disk.look("ls \(roots); cat \(roots)/1/srv/data/file") == "1\nwork\n")
            }
        }

        @Test func `the subvolumes that systemd makes in every root do not pile up`() async throws {
            try await Disk.withStore { disk, store in
                for _ in 1...5 {
                    try await disk.bootWell(disk.line(keeping: "docker_keep=0"))
                    try await disk.change(
                        "mkdir -p docker_rwlayer/var/lib; btrfs subvolume create docker_rwlayer/var/lib/machines; btrfs subvolume create docker_rwlayer/var/lib/portables"
                    )
                }
                let nested = ["docker_rwlayer/var/lib/machines", "docker_rwlayer/var/lib/portables"]
                #expect(try await disk.subvolumes() == (store.subvolumes(holding: "sample_image:latest") + nested).sorted())
            }
        }
    }
}
