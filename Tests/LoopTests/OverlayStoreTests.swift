import Foundation
import TestSupport
import Testing

extension OnDisk {
    /// An image that Docker built with its overlay2 driver, and left. Its layers have what overlayfs made of removals.
    struct OverlayStoreTests {
        private static let listing = SmallImage.listing
        private static let build = SmallImage.context + "\ndocker build --network none --tag sample_image \"$context\""

        /// What the engine's own mount of the image shows.
        private static let mount = """
            layers=$(docker image inspect --format '{{.GraphDriver.Data.UpperDir}}:{{.GraphDriver.Data.LowerDir}}' sample_image)
            [[ $(find ${layers//:/ } -type c | wc -l) -ge 2 ]]
            mkdir "$TOP/mounted"; mount -t overlay -o "ro,lowerdir=$layers" overlay "$TOP/mounted"
            (cd "$TOP/mounted" && listing) > "$TOP/expected"; umount "$TOP/mounted"; rmdir "$TOP/mounted"
            """

        private func docker(_ disk: Disk, _ script: String) async throws {
            let lab = Repository.path("Tests/Lab/with-store")
            try await output(of: [lab, disk.file, "--docker=overlay2", "bash", "-euo", "pipefail", "-c", "\(Self.listing)\n\(script)"])
        }

        private func line(of disk: Disk) -> KernelLine {
            var line = disk.line("docker_keep=1")
            line.dockerPath = "overlay2"
            return line
        }

        @Test func `its layers are merged once, to what the engine mounts, and are booted when it is gone`() async throws {
            try await Disk.with(["mkfs.btrfs", "-q"], size: "512M") { disk in
                try await disk.change("mkdir -p boot_docker/etc; echo top > boot_docker/etc/motd")
                try await disk.detach()
                try await docker(disk, "\(Self.build)\n\(Self.mount)")
                var disk = try await disk.attached()

                let plan = try await disk.plan(line(of: disk))
                #expect(plan.contains(" layers to '/.docker-btrfs/layers/"), "\(plan)")
                let first = try await disk.boot(line(of: disk))
                #expect(first.status == 0, "\(first.errors)")
                #expect(first.told.contains(" layers to '/.docker-btrfs/layers/"))
                let made = try await disk.look("\(Self.listing); cd .docker-btrfs/layers/*; listing")
                #expect(try await made == disk.look("cat expected"))
                #expect(try await disk.look("cat docker_rwlayer/etc/{version,motd} docker_rwlayer/srv/again/*") == "1\ntop\nnew\n")
                #expect(
                    try await disk.look("ls docker_rwlayer/srv; btrfs property get -ts .docker-btrfs/layers/* ro")
                        == "again\nkept\nro=true\n")

                let second = try await disk.boot(line(of: disk))
                #expect(second.status == 0, "\(second.errors)")
                #expect(!second.told.contains(" layers to '"), "it is held")
                #expect(try await disk.look("ls .docker-btrfs/roots/docker_rwlayer") == "1\n", "the first root is kept")

                try await disk.detach()
                try await docker(disk, "docker rmi --force sample_image")
                disk = try await disk.attached()
                let third = try await disk.boot(line(of: disk))
                #expect(third.status == 0, "\(third.errors)")
                #expect(third.told.contains("; taking the layer that was held when it was booted\n"))
                #expect(try await disk.look("cat docker_rwlayer/etc/{version,motd}") == "1\ntop\n")
                try await disk.detach()
                _ = try await disk.attached()
            }
        }

        @Test func `it is merged by deploy, and then there is nothing more to write; the boot needs the store no more`() async throws {
            try await Disk.with(["mkfs.btrfs", "-q"], size: "512M") { disk in
                try await disk.detach()
                try await docker(disk, "\(Self.build)\n\(Self.mount)\ndocker image inspect --format '{{.Id}}' sample_image > \"$TOP/id\"")
                var disk = try await disk.attached()
                let id = try await String(disk.look("cat id").dropFirst("sha256:".count).prefix(64))
                let next = "next boot: sample_image:latest (\(id.prefix(12))) with kernel 6.1, a new root\n"
                try await Deployable.with(disk, dataRoot: "overlay2") { machine in
                    let before = try await machine.everything()
                    let planned = try await machine.run("deploy sample_image --dry-run 2>&1")
                    #expect(planned.contains("\nmerge 4 layers to '/.docker-btrfs/layers/"))
                    #expect(
                        planned.hasSuffix(
                            "note: all else is planned when the layers are one root: its kernel 6.1, and the boot menu\n"))
                    #expect(try await machine.everything() == before)
                    let lacking = try await machine.fails("deploy sample_image --kernel 6.2")
                    #expect(
                        lacking
                            == "Error: could not find the kernel '6.2' in 'sample_image:latest'\nhint: it has 6.1\n")
                    #expect(try await machine.everything() == before, "nothing is merged in vain")

                    let told = try await machine.run("deploy sample_image")
                    #expect(told.hasPrefix("merge 4 layers to '/.docker-btrfs/layers/"))
                    #expect(told.hasSuffix("\n" + next))
                    let made = try await disk.look("\(Self.listing); cd .docker-btrfs/layers/*; listing")
                    #expect(try await made == disk.look("cat expected"))
                    let deployed = try await machine.everything()
                    #expect(try await machine.run("deploy sample_image") == next)
                    #expect(try await machine.run("deploy sample_image --dry-run") == "nothing is to be done\n")
                    #expect(try await machine.everything() == deployed)
                }
                // The boot that names the image takes what was merged.
                let stored = try await disk.plan(line(of: disk))
                #expect(!stored.contains(" layers to '"), "\(stored)")
                try await disk.detach()
                try await docker(disk, "docker rmi --force sample_image")
                disk = try await disk.attached()
                let line = "root=\(disk.device) rootflags=subvol=docker_rwlayer docker_deployed=\(id) rw"
                try await output(of: [Repository.embeddedInit, "--cmdline", line])
                #expect(try await disk.look("cat docker_rwlayer/etc/version docker_rwlayer/srv/again/*") == "1\nnew\n")
            }
        }

        @Test func `a container that runs is a root as it was at one time`() async throws {
            try await Disk.with(["mkfs.btrfs", "-q"], size: "512M") { disk in
                try await disk.change("mkdir -p boot_docker/etc")
                var line = KernelLine(root: "$device", dockerPath: "overlay2")
                line.more = "docker_image=container:box"
                try await disk.detach()
                try await docker(
                    disk,
                    """
                    \(Self.build)
                    docker run --detach --name box --network none sample_image /bin/bash -c \
                        'echo again >> /etc/version; while :; do echo more >> /srv/log; done'
                    until grep -q again "$TOP"/overlay2/overlay2/*/diff/etc/version; do sleep 0.1; done
                    device=$(findmnt --noheadings --nofsroot --output SOURCE --target "$TOP")
                    '\(Repository.embeddedInit)' --cmdline "\(line.text)"
                    [[ $(docker inspect --format '{{.State.Running}}' box) == true ]]
                    docker kill box
                    """)
                #expect(try await disk.attached().look("cat docker_rwlayer/etc/version docker_rwlayer/srv/again/*") == "1\nagain\nnew\n")
            }
        }

        @Test func `a container that was changed is another tree, and its own hold`() async throws {
            try await Disk.with(["mkfs.btrfs", "-q"], size: "512M") { disk in
                try await disk.change("mkdir -p boot_docker/etc")
                try await disk.detach()
                let start = "docker start --attach box"
                try await docker(
                    disk,
                    """
                    \(Self.build)
                    docker create --name box --network none sample_image /bin/bash -c 'echo again >> /etc/version'
                    \(start)
                    """)
                var disk = try await disk.attached()
                let line = { (disk: Disk) in
                    var line = self.line(of: disk)
                    line.more = "docker_image=container:box"
                    return line
                }
                for times in 1...2 {
                    let outcome = try await disk.boot(line(disk))
                    #expect(outcome.status == 0, "\(outcome.errors)")
                    #expect(outcome.told.contains(" layers to '/.docker-btrfs/layers/"))
                    let version = "1\n" + String(repeating: "again\n", count: times)
                    #expect(
                        try await disk.look("cat docker_rwlayer/etc/version; ls -A docker_rwlayer/.dockerenv 2> /dev/null || true")
                            == version)
                    #expect(try await disk.boot(line(disk)).told.contains(" layers to '") == false, "unchanged, it is held")
                    try await disk.detach()
                    try await docker(disk, start)
                    disk = try await disk.attached()
                }
            }
        }
    }
}
