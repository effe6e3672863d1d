import TestSupport
import Testing

extension OnDisk {
    /// Space that ends where nobody could know.
    struct SpaceTests {
        @Test func `files that take more room than they have bytes fill the disk, and the old root stays`() async throws {
            try await Disk.withStore { disk, _ in
                try await Disk.with(["mkfs.ext4", "-q"], size: "32M") { layer in
                    try await layer.change("head --bytes 3075K /dev/urandom | split --bytes 2100 --suffix-length 4 - file", options: "rw")
                    try await disk.bootWell()
                    try await disk.change("head --bytes 1G /dev/zero > full 2> /dev/null || true; sync; truncate --size -7M full")
                    let root = try await disk.look(inventoryScript(of: "docker_rwlayer"))
                    var line = disk.line("toplayer_path=/")
                    line.topLayer = layer.device
                    let outcome = try await disk.boot(line)
                    #expect(outcome.status == 1)
                    #expect(
                        outcome.told.split(separator: "\n").last?.contains(
                            /^could not copy the top layer .*: '\/file[a-z]*': No space left on device$/) == true, "\(outcome.told)")
                    #expect(try await disk.look(inventoryScript(of: "docker_rwlayer")) == root)

                    try await disk.change("rm full; sync")
                    try await disk.bootWell(line)
                    #expect(try await disk.look("ls docker_rwlayer/file* | wc --lines") == "1500\n")
                }
            }
        }

        @Test func `a top layer on the root's own disk takes no room, however the disk is called`() async throws {
            try await Disk.withStore { disk, _ in
                try await disk.change(
                    """
                    head --bytes 80M /dev/zero > boot_docker/large
                    head --bytes 2G /dev/zero > full 2> /dev/null || true; sync; truncate --size -40M full
                    """)
                var line = disk.line(keeping: "docker_keep=2")
                line.topLayer = "UUID=\(try await disk.uuid())"
                for _ in 1...3 { try await disk.bootWell(line) }
                // If room had been made for the new root, the old roots would be gone.
                #expect(try await disk.look("cd docker_rwlayer; ls ../.docker-btrfs/roots/docker_rwlayer; ls large") == "1\n2\nlarge\n")
            }
        }

        @Test func `a quota of the top level that is used up ends the boot, and the old root stays`() async throws {
            try await Disk.withStore { disk, _ in
                try await disk.bootWell()
                let root = try await disk.look(inventoryScript(of: "docker_rwlayer"))
                try await disk.change("btrfs quota enable .; btrfs quota rescan -w .; btrfs qgroup limit 16K 0/5 .")
                let outcome = try await disk.boot()
                #expect(outcome.status == 1)
                #expect(outcome.told.contains(/\ncould not [^\n]*: Disk quota exceeded\n$/), "\(outcome.told)")
                #expect(try await disk.look(inventoryScript(of: "docker_rwlayer")) == root)

                try await disk.change("btrfs quota disable .")
                try await disk.bootWell()
            }
        }
    }
}
