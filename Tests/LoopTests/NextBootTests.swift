import Foundation
import TestSupport
import Testing

extension OnDisk {
    /// A boot where there is a root of the last one.
    struct NextBootTests {
        @Test func `what was written since the last boot is gone`() async throws {
            try await Disk.withStore { disk, _ in
                try await disk.bootWell()
                try await disk.change("echo dirt | tee docker_rwlayer/dirt > docker_rwlayer/etc/issue")
                try await disk.bootWell()
                #expect(
                    try await disk.look("cat docker_rwlayer/etc/issue; ls -A . docker_rwlayer") == """
                        from the image
                        .:
                        .docker-btrfs
                        boot_docker
                        docker
                        docker_rwlayer
                        victim
                        victims

                        docker_rwlayer:
                        .config
                        .hidden
                        bin
                        dev
                        etc
                        lib
                        new
                        proc
                        run
                        sbin
                        srv
                        sys
                        tmp
                        usr
                        var

                        """)
            }
        }

        @Test func `the old root is exchanged for the new one, and deleted after that`() async throws {
            try await Disk.withStore { disk, _ in
                try await disk.bootWell()
                let outcome = try await disk.boot()
                let lines = outcome.told.split(separator: "\n").suffix(4).dropLast().map { String($0) }
                #expect(
                    lines == [
                        "exchange '/.docker-btrfs/roots/docker_rwlayer/new' and '/docker_rwlayer'",
                        "delete the subvolume '/.docker-btrfs/roots/docker_rwlayer/new'",
                        "write everything to the disk",
                    ])
            }
        }

        @Test func `subvolumes in the old root are no obstacle, and nothing of them is left`() async throws {
            try await Disk.withStore { disk, store in
                try await disk.bootWell()
                try await disk.change(
                    """
                    cd docker_rwlayer
                    btrfs subvolume create var/lib && btrfs subvolume create var/lib/portables && mkdir var/lib/machines
                    btrfs subvolume create var/lib/machines/one && btrfs subvolume snapshot -r var/lib/machines/one tmp/frozen
                    """)
                try await disk.bootWell()
                #expect(try await disk.subvolumes() == store.subvolumes(holding: "sample_image:latest"))
                #expect(try await disk.look("ls -A docker_rwlayer/var") == "")
            }
        }

        @Test func `an image that was built again is booted the next time`() async throws {
            try await Disk.withStore { disk, store in
                try await disk.bootWell()
                try await disk.detach()
                let lab = ["with-store", "store"].map { Repository.path("Tests/Lab/\($0)") }
                let table = try await output(of: [lab[0], disk.file, "--docker", lab[1], "sample_image"])
                let disk = try await disk.attached()

                let rebuilt = try #require(Store.images(in: table)["sample_image"])
                #expect(rebuilt.id != store.images["sample_image:latest"]?.id)
                let report = "\(disk.folder)/boot.json"
                try await disk.bootWell(nil, ["--report", report])
                #expect(try String(contentsOfFile: report, encoding: .utf8).contains(rebuilt.id))
                #expect(try await disk.look("cat docker_rwlayer/etc/version") == "rebuilt\n")
            }
        }

        @Test func `another image can be chosen at any boot`() async throws {
            try await Disk.withStore { disk, _ in
                for (tag, version) in [("latest", "1"), ("v2", "2"), ("latest", "1")] {
                    try await disk.bootWell(disk.line("docker_image=sample_image:\(tag)"))
                    #expect(try await disk.look("cat docker_rwlayer/etc/version") == "\(version)\n")
                }
            }
        }
    }
}
