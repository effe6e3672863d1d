import TestSupport
import Testing

extension Beside {
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
                #expect(outcome.told.hasPrefix("could not look at '\(disk.device):/deep/d/d/"))
                #expect(outcome.told.contains("/d/d': there are more than 1500 directories in one another\nhint: take this tree "))
                #expect(try await disk.look(inventoryScript(of: "docker_rwlayer")) == root)
            }
        }

        /// With few open files and little stack: they take the same for any number.
        @Test(arguments: ["touch boot_docker/d", "mkdir boot_docker/d; touch boot_docker/d/.wh..wh..opq", "touch boot_docker/.wh.d"])
        func `in the image they go`(change: String) async throws {
            try await Disk.withStore { disk, store in
                let image = try #require(store.images["sample_image:latest"]).cacheID
                try await disk.change("\(change); cd docker/btrfs/subvolumes/\(image); perl -e '\(Self.deeper)' 30000")
                try await output(of: ["prlimit", "--stack=262144", "--nofile=64"] + disk.bootCommand(disk.line))
                #expect(try await disk.look("find docker_rwlayer/d -mindepth 1 || true") == "")
            }
        }
    }
}
