import TestSupport
import Testing

extension OnDisk {
    /// Setup in a root of ours.
    @Suite struct SetupInRootTests {
        /// `inside COMMAND...` runs it in the root that was booted.
        private static let inside = """
            inside() {
                local root="$PWD/../root" status=0
                mkdir -p "$root"; mount -o subvol=docker_rwlayer "$(findmnt --noheadings --output SOURCE --target . | head -n 1)" "$root"
                for folder in proc sys dev usr opt; do mkdir -p "$root/$folder"; mount --rbind "/$folder" "$root/$folder"; done
                for folder in bin sbin lib lib64; do ln -sfn "usr/$folder" "$root/$folder"; done
                mkdir -p "$root"/{tmp,top}; mount --bind . "$root/top"
                cp '\(Repository.companion)' '\(Repository.embeddedInit)' "$root/tmp"
                chroot "$root" "$@" 2>&1 || status=$?
                umount --recursive "$root"
                return $status
            }
            setup="inside /tmp/docker-btrfs setup --top-level /top --loader print --kernels btrfs --options quiet --init /tmp/docker-btrfs-init"
            """

        @Test func `what the image brought, or a person took out of the top layer, is not put there`() async throws {
            try await Disk.withStore { disk, _ in
                try await disk.change("echo Mars > boot_docker/etc/timezone")
                try await disk.bootWell()
                let told = try await disk.change(
                    """
                    \(Self.inside)
                    btrfs property set .docker-btrfs/layers/* ro false
                    for tree in .docker-btrfs/layers/* docker_rwlayer; do
                        rm -f $tree/etc/{passwd,group,shadow}; mkdir -p $tree/etc/systemd/network
                        echo kiosk:x:1000:1000::/:/bin/sh > $tree/etc/passwd; echo DHCP=yes > $tree/etc/systemd/network/20-wired.network
                        ln -sfn /usr/share/zoneinfo/UTC $tree/etc/localtime; echo LANG=C > $tree/etc/locale.conf
                    done
                    echo LANG=de_DE > docker_rwlayer/etc/locale.conf; rm -f boot_docker/etc/timezone
                    $setup --data-root /top/docker
                    """)
                #expect(told.contains("write '/boot_docker/etc/locale.conf': the language\n"), "\(told)")
                for name in ["20-wired", "localtime", "timezone", "etc/docker-btrfs/users'"] {
                    #expect(!told.contains("/\(name)"), "\(told)")
                }
                let again = try await disk.change("\(Self.inside)\n$setup --data-root /top/docker")
                #expect(again.contains("\nall is set up as it should be\n"), "\(again)")
            }
        }

        @Test func `the people of a root that was never given the machine's are not taken`() async throws {
            try await Disk.withStore { disk, _ in
                try await disk.bootWell()
                let told = try await disk.change(
                    """
                    \(Self.inside)
                    users=boot_docker/etc/docker-btrfs/users; mkdir -p $users; echo ann:x:1000:1000::/home/ann:/bin/sh > $users/passwd
                    ! $setup --data-root /top/docker --users
                    cat $users/passwd
                    """)
                let refusal = "could not take the people of this system: it was never given those of '/boot_docker/etc/docker-btrfs/users'"
                #expect(told.contains("Error: \(refusal), and what that has of ann would be gone\n"), "\(told)")
                #expect(told.hasSuffix("\nann:x:1000:1000::/home/ann:/bin/sh\n"), "\(told)")
            }
        }

        @Test func `a file is adopted, and is no data`() async throws {
            try await Disk.withStore { disk, _ in
                try await disk.bootWell()
                let told = try await disk.change("\(Self.inside)\ntouch docker_rwlayer/file; ! $setup --data-root /top/docker --data /file")
                let refusal = """
                    Error: could not keep '/file' as data: '/file' is not a directory
                    hint: a single file is in each root by the top layer: 'docker-btrfs adopt /file' puts it there

                    """
                #expect(told.hasSuffix(refusal), "\(told)")
            }
        }

        @Test func `another data-root than that of the top layer is told`() async throws {
            try await Disk.withStore { disk, _ in
                try await disk.bootWell()
                let told = try await disk.change(
                    """
                    \(Self.inside)
                    cp -a docker docker2 2> /dev/null || mkdir -p docker2
                    mkdir -p boot_docker/etc/docker docker_rwlayer/etc/docker
                    echo '{"data-root": "/top/docker"}' > boot_docker/etc/docker/daemon.json
                    echo '{"data-root": "/top/docker2"}' > docker_rwlayer/etc/docker/daemon.json
                    $setup --dry-run
                    echo '{"data-root": "/top/docker2/"}' > boot_docker/etc/docker/daemon.json
                    $setup --dry-run | grep 'has Docker' || :
                    """)
                let note = """
                    note: '/boot_docker/etc/docker/daemon.json' has Docker's data in '/top/docker' in each root, and this system has it in \
                    '/top/docker2': 'docker-btrfs adopt /etc/docker/daemon.json' takes this system's

                    """
                #expect(told.split(separator: note, omittingEmptySubsequences: false).count == 2, "\(told)")
            }
        }
    }
}
