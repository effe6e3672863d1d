import Foundation
import TestSupport
import Testing

extension OnDisk {
    /// A boot where there was no root before.
    struct FirstBootTests {
        @Test func `the steps are those of the plan, and the root is ready`() async throws {
            try await Disk.withStore { disk, store in
                let image = try #require(store.images["sample_image:latest"])
                let new = "/.docker-btrfs/roots/docker_rwlayer/new"
                let outcome = try await disk.boot()
                #expect(outcome.status == 0)
                #expect(outcome.output == "")
                #expect(
                    outcome.told.replacing(/after \d+ ms/, with: "after N ms").replacing(
                        /docker_rwlayer\.[0-9a-f]{64}/, with: "docker_rwlayer.DIGEST")
                            == """
                            create the directory '/.docker-btrfs' with mode 0700
                            create the directory '/.docker-btrfs/layers' with mode 0700
                            create the directory '/.docker-btrfs/templates' with mode 0700
                            create the directory '/.docker-btrfs/roots' with mode 0700
                            create the directory '/.docker-btrfs/roots/docker_rwlayer' with mode 0700
                            hold the layer '/docker/btrfs/subvolumes/\(image.cacheID)' as '/.docker-btrfs/layers/\(image.chainID.dropFirst(7))'
                            snapshot '/docker/btrfs/subvolumes/\(image.cacheID)' to '\(new)'
                            mark '\(new)' as root 1, made from 'sample_image:latest' (\(image.id)) and '/boot_docker'
                            create the directory '\(new)/proc' with mode 0755
                            create the directory '\(new)/sys' with mode 0755
                            create the directory '\(new)/dev' with mode 0755
                            create the directory '\(new)/run' with mode 0755
                            create the directory '\(new)/tmp' with mode 01777
                            copy the top layer '/boot_docker' of \(disk.device) over '\(new)'
                            the top layer's directory '/etc/absolute.d' replaced a symlink of the image
                            the top layer's directory '/etc/relative.d' replaced a symlink of the image
                            write the file '/.docker-btrfs/record'
                            rename '\(new)' to '/docker_rwlayer'
                            keep '/docker_rwlayer' as the template '/.docker-btrfs/templates/docker_rwlayer.DIGEST'
                            write everything to the disk
                            '/docker_rwlayer' is ready after N ms

                            """)
            }
        }

        @Test func `the root is a writable snapshot of the layer that Docker made last`() async throws {
            try await Disk.withStore { disk, store in
                let image = try #require(store.images["sample_image:latest"])
                let layer = "docker/btrfs/subvolumes/\(image.cacheID)"
                let before = try await disk.files(in: layer)
                try await disk.bootWell()
                let found = try await disk.look(
                    """
                    uuid=$(btrfs subvolume show \(layer) | awk '$1 == "UUID:" { print $2 }')
                    parent=$(btrfs subvolume show docker_rwlayer | awk '$1 $2 == "ParentUUID:" { print $3 }')
                    [[ $uuid == "$parent" ]] && echo snapshot
                    btrfs property get -ts docker_rwlayer ro
                    cat docker_rwlayer/etc/version
                    ls -A .docker-btrfs/roots/docker_rwlayer
                    """)
                #expect(found == "snapshot\nro=false\n1\n")
                #expect(try await disk.files(in: layer) == before, "the layer is as it was")
            }
        }

        @Test func `the mount points of a system are made`() async throws {
            try await Disk.withStore { disk, _ in
                try await disk.bootWell()
                #expect(
                    try await disk.look("stat -c '%n %F %a %U' docker_rwlayer/{proc,sys,dev,run,tmp}") == """
                        docker_rwlayer/proc directory 755 root
                        docker_rwlayer/sys directory 755 root
                        docker_rwlayer/dev directory 755 root
                        docker_rwlayer/run directory 755 root
                        docker_rwlayer/tmp directory 1777 root

                        """)
            }
        }

        @Test func `what docker export leaves in an image is put right`() async throws {
            try await Disk.withStore { disk, _ in
                let outcome = try await disk.boot(disk.line("docker_image=exported"))
                #expect(outcome.status == 0)
                #expect(outcome.told.contains("remove the file '/.docker-btrfs/roots/docker_rwlayer/new/.dockerenv'\n"))
                #expect(!outcome.told.contains("create the directory '/.docker-btrfs/roots/docker_rwlayer/new/"), "all of them are there")
                #expect(
                    try await disk.look("stat -c '%n %a' docker_rwlayer/{proc,tmp}; ls docker_rwlayer/.dockerenv 2>&1 || true") == """
                        docker_rwlayer/proc 700
                        docker_rwlayer/tmp 700
                        ls: cannot access 'docker_rwlayer/.dockerenv': No such file or directory

                        """)
            }
        }

        @Test func `an image without a top layer is booted as it is`() async throws {
            try await Disk.withStore { disk, _ in
                var line = disk.line
                line.topLayer = nil
                try await disk.bootWell(line)
                #expect(
                    try await disk.look("cat docker_rwlayer/etc/motd; readlink docker_rwlayer/etc/passwd")
                        == "from the image\n../../../victim\n")
            }
        }
    }
}
