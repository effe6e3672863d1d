import Foundation
import TestSupport
import Testing

extension OnDisk {
    /// An image that Docker built with its overlay2 driver, and left. Its layers have what overlayfs made of removals.
    struct OverlayStoreTests {
        /// What can be told of a tree, a line for each file: of a directory all but its size, which is the filesystem's own affair.
        private static let listing = """
            listing() {
                find . '(' -type d -printf '%p %y %m %U:%G %T@\\n' ')' -o -printf '%p %y %m %U:%G %T@ %s %l\\n' | LC_ALL=C sort
                find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
                getfattr --recursive --no-dereference --dump --match '^(user|security.capability)' . | sed '/^$/d'
            }
            """

        private static let build = """
            context=$(mktemp -d); trap 'rm -rf "$context"' EXIT
            root=$context/root; mkdir -p "$root"/{etc,dev,proc,run,sys,srv/{gone,again,kept},tmp,usr/{bin,lib,lib64,sbin}}
            for name in bin lib lib64 sbin; do ln -s "usr/$name" "$root/$name"; done
            # Some of this machine's own programs, with the libraries that these name.
            for program in bash rm mkdir chmod ln; do cp "$(type -P "$program")" "$root/usr/bin"; done
            for library in $(ldd "$root"/usr/bin/* | grep -o '/[^ ]*lib[^ ]*' | grep -v ':$' | sort -u); do cp --parents --dereference "$library" "$root"; done
            printf 'ID=sample\\n' > "$root/usr/lib/os-release"
            printf '#!/bin/sh\\n' > "$root/usr/bin/init"; chmod 4755 "$root/usr/bin/init"
            printf 'old\\n' | tee "$root"/srv/{gone,again,kept}/{one,two} > /dev/null
            setcap cap_net_raw+ep "$root/usr/bin/ln"
            setfattr --name user.note --value 'a note' "$root/srv/kept/one"
            tar --create --xattrs --xattrs-include='*' --directory "$root" . | docker import - rootfs
            printf '1\\n' > "$context/version"
            cat > "$context/Dockerfile" <<'END'
            FROM rootfs
            RUN ["/bin/bash", "-ec", "rm -r /srv/gone /srv/again; mkdir /srv/again; echo new > /srv/again/three; chmod 700 /srv/kept"]
            RUN ["/bin/bash", "-ec", "ln -s /usr/bin/init /usr/sbin/init; ln /srv/kept/one /srv/kept/link; rm /srv/kept/two"]
            COPY version /etc/version
            END
            docker build --network none --tag sample_image "$context"
            """

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
