import TestSupport
import Testing

extension OnDisk {
    /// What a top layer on another filesystem takes is what would be allocated, and nothing is deleted where that cannot be enough.
    struct LayerRoomTests {
        private static let roots = "ls .docker-btrfs/roots/docker_rwlayer"

        /// Three boots, then one more with a top layer on ext4 in which `arranging` was done.
        private func boot(arranging: String, _ check: (Disk, Outcome) async throws -> Void) async throws {
            try await Disk.withStore { disk, _ in
                try await Disk.with(["mkfs.ext4", "-q"], size: "512M") { machine in
                    try await machine.change("mkdir etc; echo big > etc/motd", options: "rw")
                    let line = disk.line(keeping: "docker_keep=4").layered(from: machine)
                    for _ in 1...3 { try await disk.bootWell(line) }
                    try await machine.change(arranging, options: "rw")
                    try await check(disk, try await disk.boot(line))
                }
            }
        }

        @Test(arguments: [
            // As long as the highest user id, and empty.
            "mkdir -p var/log; truncate --size 200G var/log/lastlog",
            "truncate --size 9G sparse; printf end | dd of=sparse bs=1M seek=9000 conv=notrunc status=none",
            "head --bytes 15M /dev/urandom > one; for name in {2..30}; do ln one $name; done",
            "mkdir links; head --bytes 1M /dev/urandom > links/0; for name in {1..400}; do ln links/0 links/$name; done",
        ])
        func `a file without data needs no room, and one with several names needs it once`(arranging: String) async throws {
            try await boot(arranging: arranging) { disk, outcome in
                #expect(outcome.status == 0)
                #expect(!outcome.told.contains("make room"), "\(outcome.told)")
                #expect(!outcome.told.contains("instead"), "\(outcome.told)")
                let standing = try await disk.look("cat docker_rwlayer/etc/motd; \(Self.roots)")
                #expect(standing == "big\n1\n2\n3\n")
            }
        }

        @Test(arguments: ["head --bytes 400M /dev/urandom > large", "for name in {1..4}; do head --bytes 100M /dev/urandom > $name; done"])
        func `what the disk could never hold deletes nothing, and names the largest file`(arranging: String) async throws {
            try await boot(arranging: arranging) { disk, outcome in
                #expect(outcome.status == 0)
                #expect(outcome.told.contains("; booting root 3 ('sample_image:latest') instead"), "\(outcome.told)")
                let standing = try await disk.look("cat docker_rwlayer/etc/motd; \(Self.roots)")
                #expect(standing == "big\n1\n2\n")
            }
        }
    }
}
