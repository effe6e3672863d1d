import TestSupport
import Testing

extension OnDisk {
    /// Directories in one another, more than anybody has.
    struct DeepTests {
        private static let deeper = "for (1..shift) { mkdir q(d); chdir q(d) or die }"

        @Test func `in the layer they are an error`() async throws {
            try await Disk.withStore { disk, _ in
                try await disk.bootWell()
                let root = try await disk.look(inventoryScript(of: "docker_rwlayer"))
                try await disk.change("mkdir deep; cd deep; perl -e '\(Self.deeper)' 2000")
                let outcome = try await disk.boot(disk.line("toplayer_path=deep"))
                #expect(outcome.status == 1)
                #expect(outcome.told.split(separator: "\n").last?.hasPrefix("could not ") == true, "\(outcome.told.suffix(500))")
                #expect(try await disk.look(inventoryScript(of: "docker_rwlayer")) == root)
            }
        }

        /// A process may have as many open files as the machine lets it, and each level takes some of its stack.
        @Test(arguments: [2000, 30_000]) func `in the image they go, or are an error`(count: Int) async throws {
            try await Disk.withStore { disk, store in
                try await disk.bootWell()
                let root = try await disk.look(inventoryScript(of: "docker_rwlayer"))
                let image = try #require(store.images["sample_image:latest"]).cacheID
                try await disk.change("touch boot_docker/d; cd docker/btrfs/subvolumes/\(image); perl -e '\(Self.deeper)' \(count)")
                let outcome = try await disk.boot()
                if outcome.status == 0 {
                    #expect(try await disk.look("stat --format %F docker_rwlayer/d") == "regular empty file\n")
                } else {
                    #expect(outcome.status == 1)
                    #expect(outcome.told.split(separator: "\n").last?.hasPrefix("could not ") == true, "\(outcome.told.suffix(500))")
                    #expect(try await disk.look(inventoryScript(of: "docker_rwlayer")) == root)
                }
            }
        }
    }
}
