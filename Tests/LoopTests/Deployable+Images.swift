import TestSupport
import Testing

extension Deployable {
    /// One with the images of the lab's store, which get kernels.
    static func with(
        setup more: String = "", partition: String? = nil, _ body: (Deployable) async throws -> Void
    ) async throws {
        try await Disk.withStore { disk, store in
            try await with(disk, dataRoot: "docker", images: store.images, setup: more, partition: partition) { machine in
                for name in ["sample_image:latest", "sample_image:v2"] { try await machine.addKernel("6.1", to: name) }
                try await body(machine)
            }
        }
    }

    /// One with a root that was booted. `/srv/own` is of its top layer.
    static func withRoot(_ body: (Deployable) async throws -> Void) async throws {
        try await Disk.withStore { disk, store in
            try await disk.change("cd boot_docker; mkdir -p srv/own; echo mine > srv/own/mine; echo mine > srv/own/gone")
            try await with(disk, dataRoot: "docker", images: store.images) { machine in
                try await disk.bootWell(disk.line(keeping: "docker_keep=3"))
                try await body(machine)
            }
        }
    }

    func addKernel(_ release: String, to name: String) async throws {
        let image = try #require(images[name])
        try await disk.change(
            """
            cd docker/btrfs/subvolumes/\(image.cacheID)
            mkdir -p boot proc sys dev run tmp usr/lib/modules/\(release)
            echo 'MZ: kernel \(release)' > boot/vmlinuz-\(release)
            : > usr/lib/modules/\(release)/modules.dep
            printf 'kernel/fs/btrfs/btrfs.ko\\n' > usr/lib/modules/\(release)/modules.builtin
            """)
    }

    /// As `docker tag` does: the image that was made under `name` gets another name, in a repository.
    func tag(_ name: String, as repository: String, _ new: String) async throws {
        try await disk.change(
            """
            cd docker/image/btrfs
            jq '.Repositories["\(repository)"]["\(new)"] = "sha256:\(id(name))"' repositories.json > new
            mv new repositories.json
            """)
    }

    /// A boot of what is deployed under that name, up to the switch to its root.
    func boot(_ name: String, adding more: String = "", _ options: [String] = []) async throws {
        let line = try "root=\(disk.device) rootflags=subvol=docker_rwlayer docker_deployed=\(id(name)) rw \(more)"
        try await output(of: [Repository.embeddedInit, "--cmdline", line] + options)
    }

    /// Builds an image again, as with containerd: another id, and the same tree. The id, short.
    func built(again name: String) async throws -> String {
        try await disk.change(
            """
            cd docker/image/btrfs/imagedb/content/sha256
            { cat \(id(name)); echo; } > new
            id=$(sha256sum new | cut -c -64); mv new $id; echo -n ${id::12}
            """)
    }

    func id(_ name: String) throws -> String { try String(#require(images[name]).id.dropFirst("sha256:".count)) }

    func shortID(_ name: String) throws -> String { try String(id(name).prefix(12)) }

    /// The images have an initramfs of their own and kernels that differ: there is nothing to build.
    func giveInitramfs() async throws {
        try await run("deploy sample_image:latest")
        let places = ["sample_image:latest", "sample_image:v2"].compactMap { images[$0]?.cacheID }
        try await disk.change(
            """
            for image in \(places.joined(separator: " ")); do
                image=docker/btrfs/subvolumes/$image
                zstd -dcq \(setup.contains("systemd-boot") ? "'\(boot)'/docker-btrfs" : ".docker-btrfs/boot")/initrd-* > "$image/boot/initrd.img-6.1"
                { printf MZ; head -c 1000000 /dev/urandom; } > "$image/boot/vmlinuz-6.1"
            done
            for hold in .docker-btrfs/layers/*; do btrfs subvolume delete "$hold"; done
            """)
        try await run("uninstall")
        try await run(setup)
    }
}
