import TestSupport
import Testing

extension OnDisk {
    /// What keeps an image bootable.
    struct HoldTests {
        @Test func `an image that was removed from Docker still boots, and that is said`() async throws {
            try await Disk.withStore { disk, store in
                try await disk.bootWell()
                try await disk.detach()
                let docker = [
                    Repository.path("Tests/Lab/with-store"), disk.file, "--docker", "docker", "rmi", "--force", "sample_image:latest",
                ]
                try await output(of: docker)
                let disk = try await disk.attached()
                let layer = try #require(store.images["sample_image:latest"]).cacheID
                #expect(try await disk.look("ls docker/btrfs/subvolumes | grep -c \(layer) || true") == "0\n")
                let outcome = try await disk.boot()
                #expect(outcome.status == 0)
                #expect(outcome.told.contains("; taking the layer that was held when it was booted\n"))
                #expect(try await disk.look("cat docker_rwlayer/etc/{version,motd}") == "1\nfrom the top layer\n")
            }
        }

        @Test func `a hold that nothing refers to any more is dropped`() async throws {
            try await Disk.withStore { disk, store in
                try await disk.bootWell()
                try await disk.bootWell(disk.line("docker_image=sample_image:v2"))
                #expect(try await disk.subvolumes() == store.subvolumes(holding: "sample_image:v2"))
            }
        }

        @Test(arguments: ["mkdir", "touch", "ln -s /nowhere"])
        func `what is no layer in the place of a hold is put aside, and the layer is held`(make: String) async throws {
            try await Disk.withStore { disk, store in
                try await disk.bootWell()
                let name = try await disk.look("ls .docker-btrfs/layers | tr -d '\\n'")
                try await disk.change("btrfs -q subvolume delete .docker-btrfs/layers/\(name); \(make) .docker-btrfs/layers/\(name)")
                let outcome = try await disk.boot()
                #expect(outcome.status == 0, "\(outcome.told)")
                #expect(try await disk.look("btrfs property get -ts .docker-btrfs/layers/\(name) ro") == "ro=true\n")
                #expect(try await disk.look("cat docker_rwlayer/etc/version") == "1\n")
            }
        }

        @Test func `a hold is read-only, and Docker's own layer is as it was`() async throws {
            try await Disk.withStore { disk, _ in
                let before = try await disk.files(in: "docker")
                try await disk.bootWell()
                #expect(try await disk.files(in: "docker") == before)
                #expect(try await disk.look("btrfs property get -ts .docker-btrfs/layers/* ro") == "ro=true\n")
            }
        }
    }
}
