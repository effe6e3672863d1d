import TestSupport
import Testing

extension OnDisk {
    /// Images that are not there or cannot be booted. There is a root of the last boot, which stays.
    struct ImageFailureTests {
        private func withRoot(_ body: (Disk, Store) async throws -> Void) async throws {
            try await Disk.withStore { disk, store in
                try await disk.bootWell()
                try await body(disk, store)
            }
        }

        @Test(arguments: [
            (
                "sample_image:v3",
                """
                could not find image 'sample_image:v3' in /docker (docker, btrfs driver)
                hint: images there: sample_image:v2, sample_image:latest, empty:latest, exported:latest, no_init:latest, rootfs:latest and 2 more
                """
            ),
            (
                "sample_imag",
                """
                could not find image 'sample_imag:latest' in /docker (docker, btrfs driver)
                hint: images there: sample_image:latest, sample_image:v2, empty:latest, no_init:latest, exported:latest, rootfs:latest and 2 more
                """
            ),
            (
                "other_machine",
                """
                could not use the image 'other_machine': it is for linux/s390x, and this machine is linux/amd64
                hint: build or pull it with --platform linux/amd64
                """
            ),
            (
                "no_init",
                """
                could not use the image 'no_init': it has no init: there is no program '/sbin/init'
                hint: install systemd-sysv or another init in the Dockerfile, or say init=PATH on the kernel command line
                """
            ),
            (
                "no_os_release",
                """
                could not use the image 'no_os_release': it has neither '/etc/os-release' nor '/usr/lib/os-release', and systemd starts no root without
                hint: add an /etc/os-release in the Dockerfile or in the top layer
                """
            ),
            (
                "sample_image init=/usr/lib/systemd/systemd",
                """
                could not use 'init=/usr/lib/systemd/systemd': neither the image 'sample_image' nor the top layer has that program
                hint: correct it, or leave it out
                """
            ),
        ])
        func `an image that is not there or does not boot here`(image: String, message: String) async throws {
            try await withRoot { disk, _ in
                try await expectRefusal(on: disk, disk.line("docker_image=\(image)"), message)
            }
        }

        @Test func `the top layer may bring what the image lacks`() async throws {
            try await withRoot { disk, _ in
                try await disk.change(
                    "mkdir boot_docker/sbin; install -m 755 /dev/null boot_docker/sbin/init; echo ID=x > boot_docker/etc/os-release")
                for image in ["no_init", "no_os_release", "empty"] {
                    try await disk.bootWell(disk.line("docker_image=\(image)"))
                }
            }
        }

        @Test func `a configuration that is not what the id says`() async throws {
            try await Disk.withStore { disk, store in
                let hex = try #require(store.images["sample_image:latest"]).id.dropFirst("sha256:".count)
                let file = "docker/image/btrfs/imagedb/content/sha256/\(hex)"
                let digest = try await disk.change("printf ' ' >> \(file); sha256sum \(file)").prefix(64)
                try await expectRefusal(
                    on: disk,
                    """
                    could not use the image's configuration '/\(file)': its content has the digest sha256:\(digest)
                    hint: the store is damaged, as after a power failure: restart docker, then pull or build the image again
                    """)
            }
        }

        @Test func `a layer that is listed but absent`() async throws {
            try await Disk.withStore { disk, store in
                let layer = "docker/btrfs/subvolumes/\(try #require(store.images["sample_image:latest"]).cacheID)"
                try await disk.change("btrfs subvolume delete \(layer)")
                try await expectRefusal(
                    on: disk,
                    """
                    could not use the image's top layer '/\(layer)': it is not there
                    hint: the store is damaged, as after a power failure: restart docker, then pull or build the image again
                    """)
            }
        }

        @Test func `damage that is not the image's own is no obstacle`() async throws {
            try await withRoot { disk, store in
                let image = try #require(store.images["sample_image:latest"])
                let other = try #require(store.images["exported:latest"])
                let chain = { (image: Store.Image) in image.chainID.dropFirst("sha256:".count) }
                try await disk.change(
                    """
                    cd docker/image/btrfs
                    cp -r layerdb/sha256/\(chain(image)) layerdb/sha256/\(chain(image))-12345-removing
                    echo nonsense > layerdb/sha256/\(chain(image))-12345-removing/cache-id
                    mkdir layerdb/sha256/nonsense imagedb/content/sha256/nonsense
                    rm -r layerdb/sha256/\(chain(other)); btrfs subvolume delete ../../btrfs/subvolumes/\(other.cacheID)
                    """)
                try await disk.bootWell()
            }
        }
    }
}
