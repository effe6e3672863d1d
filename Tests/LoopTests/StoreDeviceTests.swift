import Foundation
import TestSupport
import Testing

extension OnDisk {
    /// A store on a disk of its own.
    struct StoreDeviceTests {
        private func docker(_ disk: Disk, driver: String, _ script: String) async throws {
            let lab = Repository.path("Tests/Lab/with-store")
            let options = [disk.file, driver == "btrfs" ? "--docker" : "--docker=\(driver)"]
            try await output(of: [lab] + options + ["bash", "-euo", "pipefail", "-c", "\(SmallImage.listing)\n\(script)"])
        }

        /// Lists the image's tree: the engine's own directory of it, or a mount where it has none.
        private static let expected = [
            "btrfs": #"cd "$TOP"/docker/btrfs/subvolumes/$(< "$TOP"/docker/image/btrfs/layerdb/sha256/$chain/cache-id) && listing"#,
            "overlay2": """
            layers=$(docker image inspect --format '{{.GraphDriver.Data.UpperDir}}:{{.GraphDriver.Data.LowerDir}}' sample_image)
            mkdir "$TOP/mounted"; mount -t overlay -o "ro,lowerdir=$layers" overlay "$TOP/mounted"
            cd "$TOP/mounted" && listing
            """,
        ]

        private func build(_ driver: String) throws -> String {
            """
            \(SmallImage.context)
            docker build --network none --tag sample_image "$context"
            chain=$(docker image inspect --format '{{join .RootFS.Layers " "}}' sample_image | {
                read -ra layers
                chain=${layers[0]}
                for layer in "${layers[@]:1}"; do chain=sha256:$(printf '%s %s' "$chain" "$layer" | sha256sum | cut -d ' ' -f 1); done
                echo "${chain#sha256:}"
            })
            (\(try #require(Self.expected[driver]))) > "$TOP/expected"
            ! mountpoint --quiet "$TOP/mounted" || umount "$TOP/mounted"
            """
        }

        @Test(arguments: ["btrfs", "overlay2"])
        func `its image is copied once, booted, and booted without the disk; deploy and plan do the same`(driver: String) async throws {
            let filesystem = driver == "btrfs" ? "btrfs" : "ext4"
            try await Disk.with(["mkfs.\(filesystem)", "-q"], size: "512M") { data in
                try await data.detach()
                try await docker(data, driver: driver, build(driver))
                let data = try await data.attached()
                let folder = driver == "btrfs" ? "docker" : driver
                try await Disk.with(["mkfs.btrfs", "-q"], size: "512M") { disk in
                    try await disk.change("mkdir -p boot_docker/etc; echo top > boot_docker/etc/motd")
                    let bytes = try await data.bytes()
                    var line = disk.line("docker_keep=1")
                    line.dockerPath = "\(data.device):/\(folder)"
                    let planned = try await disk.plan(line)
                    let count = driver == "btrfs" ? "1 layer" : "4 layers"
                    #expect(planned.hasPrefix("create the directory") && planned.contains("\ncopy \(count) to '/.docker-btrfs/layers/"))
                    #expect(planned.contains(" of \(data.device)\n"))

                    let first = try await disk.boot(line)
                    #expect(first.status == 0, "\(first.errors)")
                    #expect(first.told.contains("copy \(count) to '/.docker-btrfs/layers/"))
                    #expect(first.told.contains(" MiB of the image were copied, for the root cannot share them with the store\n"))
                    let made = try await disk.look("\(SmallImage.listing); cd .docker-btrfs/layers/*; listing")
                    #expect(try await made == data.change("cat expected", options: "ro"))
                    #expect(try await disk.look("cat docker_rwlayer/etc/{version,motd} docker_rwlayer/srv/again/*") == "1\ntop\nnew\n")
                    #expect(try await data.bytes() == bytes, "the store's disk is only read")

                    let second = try await disk.boot(line)
                    #expect(second.status == 0, "\(second.errors)")
                    #expect(!second.told.contains("copy \(count)"), "it is held: \(second.told)")

                    // By another of its names it is still the root's filesystem.
                    var own = line
                    own.dockerPath =
                        "UUID=\(try await disk.look("findmnt --noheadings --output UUID --target .").split(separator: "\n")[0]):/\(folder)"
                    #expect(try await disk.boot(own).told.contains("could not find the image store '/\(folder)' (docker_path=)"))

                    line.dockerPath = "LABEL=nowhere:/docker"
                    let third = try await disk.boot(line)
                    #expect(third.status == 0, "\(third.errors)")
                    #expect(
                        third.told.contains(
                            "could not find the device 'LABEL=nowhere' (docker_path=): it was not there after 2 s; "
                                + "taking the layer that was held when it was booted\n"), "\(third.told)")
                }
                try await deploy(data, folder)
            }
        }

        /// Whoever may attach a file gives it any UUID.
        private func expectNoRival(_ machine: Deployable, _ data: Disk, _ store: String) async throws {
            let copy = machine.disk.folder + "/copy"
            let attached = try await output(
                of: ["bash", "-euc", "cp --sparse=always '\(data.file)' '\(copy)'; losetup --find --show '\(copy)'"])
            let rival = attached.split(separator: "\n")[0]
            let result: Result<Void, any Error>
            do {
                #expect(try await machine.run("deploy sample_image").hasPrefix("next boot: sample_image:latest ("))
                try await output(of: ["umount", store])
                // What is held is there all the same.
                let told = try await machine.run("deploy sample_image 2>&1")
                #expect(told.contains("could not choose the device 'UUID=") && told.contains("'\(rival)'"), "\(told)")
                result = .success(())
            } catch {
                result = .failure(error)
            }
            let again = "losetup --detach '\(rival)'; mountpoint --quiet '\(store)' || mount '\(data.device)' '\(store)'"
            try await output(of: ["bash", "-euc", again])
            try result.get()
        }

        /// Docker's data is on `data`, mounted in the running system.
        private func deploy(_ data: Disk, _ folder: String) async throws {
            try await Disk.with(["mkfs.btrfs", "-q"], size: "512M") { disk in
                let store = "\(disk.folder)/data"
                try await output(of: ["bash", "-euc", "mkdir '\(store)'; mount '\(data.device)' '\(store)'"])
                let result: Result<Void, any Error>
                do {
                    try await Deployable.with(disk, dataRoot: "\(store)/\(folder)", setup: "--top-level .") { machine in
                        let uuid = try await output(of: ["findmnt", "--noheadings", "--output", "UUID", store])
                            .split(separator: "\n")[0]
                        let settings = try await disk.look("cat .docker-btrfs/settings")
                        #expect(settings.contains("UUID=\(uuid)"), "\(settings)")
                        let type = folder == "docker" ? "btrfs subvolid=5,noatime" : "ext4 noatime"
                        #expect(
                            try await disk.look("cat boot_docker/etc/fstab").split(separator: "\n").contains {
                                $0.hasPrefix("UUID=\(uuid) \(store) \(type)")
                            })
                        // A store may be on another disk than the btrfs.
                        #expect(try await machine.run(machine.setup).contains("\nall is set up as it should be\n"))
                        #expect(
                            try await machine.disk.change(machine.command("check sample_image") + " 2>&1 || true").hasPrefix(
                                "sample_image:latest ("))
                        let told = try await machine.run("deploy sample_image")
                        #expect(told.hasPrefix("copy ") && told.contains(" of UUID=\(uuid)\n"), "\(told)")
                        #expect(told.contains("\nnext boot: sample_image:latest ("))
                        let made = try await disk.look("\(SmallImage.listing); cd .docker-btrfs/layers/*; listing")
                        #expect(try made == String(contentsOfFile: "\(store)/expected", encoding: .utf8))
                        var line = disk.line
                        line.dockerPath = "UUID=\(uuid):/\(folder)"
                        #expect(try await disk.plan(line).contains("snapshot '/.docker-btrfs/layers/"), "while it is written to")
                        let files = try await machine.everything()
                        #expect(try await machine.run("deploy sample_image").hasPrefix("next boot: sample_image:latest ("))
                        #expect(try await machine.everything() == files)
                        // A btrfs that is there twice is nothing that the kernel takes.
                        if folder != "docker" { try await expectNoRival(machine, data, store) }
                    }
                    result = .success(())
                } catch {
                    result = .failure(error)
                }
                try await output(of: ["umount", store])
                try result.get()
            }
        }
    }
}
