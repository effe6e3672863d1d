import TestSupport
import Testing

extension OnDisk {
    /// Boots that are not the ones that were asked for.
    struct FallbackTests {
        private func version(_ disk: Disk) async throws -> String {
            try await disk.look("cat docker_rwlayer/etc/version").replacing("\n", with: "")
        }

        @Test func `an image that never boots well gives way to the last good root, and can still be chosen`() async throws {
            try await Disk.withStore { disk, store in
                let good = disk.line(keeping: "")
                try await disk.bootWell(good)
                try await disk.markGood()
                let bad = disk.line(keeping: "", tag: "v2")
                for _ in 1...3 {
                    try await disk.bootWell(bad)
                    #expect(try await version(disk) == "2")
                }
                let id = try #require(store.images["sample_image:v2"]).id
                let note = """
                    none of the last 3 boots of image 'sample_image:v2' (\(id)) was good; booting root 1 ('sample_image:latest') \
                    instead; docker_image=sample_image:v2 at the boot menu tries it again
                    """
                let outcome = try await disk.boot(bad)
                #expect(outcome.told.split(separator: "\n").first == note[...])
                #expect(try await version(disk) == "1")

                try await disk.bootWell(disk.line(keeping: "docker_image=sample_image:v2"))
                #expect(try await version(disk) == "2")
            }
        }

        @Test func `without a good root it gives way to the last good image`() async throws {
            try await Disk.withStore { disk, _ in
                let good = disk.line(keeping: "docker_keep=0")
                try await disk.bootWell(good)
                try await disk.markGood()
                for _ in 1...3 { try await disk.bootWell(disk.line(keeping: "docker_keep=0", tag: "v2")) }
                let outcome = try await disk.boot(disk.line(keeping: "docker_keep=0", tag: "v2"))
                #expect(outcome.told.contains("instead, the last image that booted well"))
                #expect(try await version(disk) == "1")
            }
        }

        @Test func `a mistake in the top layer gives way to the last good root, of the only image that there is`() async throws {
            try await Disk.withStore { disk, _ in
                let line = disk.line(keeping: "")
                try await disk.bootWell(line)
                try await disk.markGood()
                try await disk.change("mkdir -p boot_docker/etc; echo wrong > boot_docker/etc/fstab")
                for _ in 1...3 {
                    try await disk.bootWell(line)
                    #expect(try await disk.look("cat docker_rwlayer/etc/fstab") == "wrong\n")
                }
                for _ in 1...2 {
                    let outcome = try await disk.boot(line)
                    #expect(
                        outcome.told.contains(
                            "; booting root 1 ('sample_image:latest') instead, with this machine's files as they were in it; "))
                    #expect(try await disk.look("! grep wrong docker_rwlayer/etc/fstab 2>&1 || true") != "wrong\n")
                }
                try await disk.markGood()
                try await disk.change("echo right > boot_docker/etc/fstab")
                try await disk.bootWell(line)
                #expect(try await disk.look("cat docker_rwlayer/etc/fstab") == "right\n")
            }
        }

        @Test func `a boot that is not possible goes on with the newest root`() async throws {
            try await Disk.withStore { disk, _ in
                try await disk.bootWell(disk.line(keeping: ""))
                try await disk.change("echo work > docker_rwlayer/work")
                let outcome = try await disk.boot(disk.line(keeping: "docker_image=nope"))
                #expect(outcome.status == 0)
                #expect(
                    outcome.told.replacing(/after \d+ ms/, with: "after N ms").replacing(/images there: .*/, with: "images there: …") == """
                        could not find image 'nope:latest' in /docker (docker, btrfs driver)
                        hint: images there: …
                        could not find image 'nope:latest' in /docker (docker, btrfs driver); booting root 1 ('sample_image:latest') \
                        instead, which is not known to boot well
                        write the file '/.docker-btrfs/record'
                        '/docker_rwlayer' is ready after N ms

                        """)
                #expect(try await disk.look("cat docker_rwlayer/work") == "work\n")
            }
        }

        @Test func `with docker_onfail=stop it does not`() async throws {
            try await Disk.withStore { disk, _ in
                try await disk.bootWell(disk.line(keeping: ""))
                #expect(try await disk.boot(disk.line(keeping: "docker_image=nope docker_onfail=stop")).status == 1)
            }
        }

        @Test func `a top layer that cannot be had`() async throws {
            try await Disk.withStore { disk, _ in
                try await disk.bootWell(disk.line(keeping: ""))
                let outcome = try await disk.boot(disk.line(keeping: "toplayer=LABEL=nowhere rootdelay=0"))
                #expect(outcome.status == 0)
                #expect(outcome.told.contains("could not find the device 'LABEL=nowhere' (toplayer=): it was not there after 0 s"))
                #expect(outcome.told.contains("; booting root 1 ('sample_image:latest') instead"))
            }
        }

        @Test func `a disk that cannot be written boots the root that is there`() async throws {
            try await Disk.withStore { disk, _ in
                try await disk.bootWell(disk.line(keeping: ""))
                try await disk.detach()
                let disk = try await disk.attached(["--read-only"])
                let bytes = try await disk.bytes()
                let outcome = try await disk.boot(disk.line(keeping: ""))
                #expect(outcome.status == 0)
                let reason = "/new': could not write to the filesystem: its disk is read-only"
                #expect(outcome.told.contains("\(reason); booting root 1 ('sample_image:latest') instead"), "\(outcome.told)")
                #expect(try await disk.bytes() == bytes)
            }
        }

        @Test func `where no copy of the good root can be made either, the one that stands is booted`() async throws {
            try await Disk.withStore { disk, _ in
                try await disk.bootWell(disk.line(keeping: ""))
                try await disk.markGood()
                try await disk.bootWell(disk.line(keeping: "", tag: "v2"))
                try await disk.detach()
                let disk = try await disk.attached(["--read-only"])
                let bytes = try await disk.bytes()
                let outcome = try await disk.boot(disk.line(keeping: "", tag: "v2"))
                #expect(outcome.status == 0, "\(outcome.told)")
                let good = "booting root 1 ('sample_image:latest') instead, the last one that booted well\n"
                let standing = "booting root 2 ('sample_image:v2') instead, which is not known to boot well\n"
                #expect(outcome.told.contains(good) && outcome.told.contains(standing), "\(outcome.told)")
                #expect(try await disk.bytes() == bytes)
            }
        }

        @Test func `a damaged record counts for nothing, and that is said`() async throws {
            try await Disk.withStore { disk, _ in
                try await disk.bootWell(disk.line(keeping: ""))
                try await disk.change("sed -i s/latest/lates/ .docker-btrfs/record")
                let outcome = try await disk.boot(disk.line(keeping: ""))
                #expect(outcome.status == 0)
                #expect(outcome.told.contains("the record of earlier boots '/.docker-btrfs/record' is damaged"))
                #expect(try await !disk.boot(disk.line(keeping: "")).told.contains("damaged"))
            }
        }
    }
}
