import TestSupport
import Testing

extension OnDisk {
    /// A docker_path that leads to no store, or to a broken one.
    struct StoreFailureTests {
        @Test(arguments: [
            (
                "dockr",
                """
                could not find the image store '/dockr' (docker_path=): there is no such directory
                hint: '/' holds boot_docker, docker, victim, victims
                """
            ),
            (
                "var/lib/docker",
                """
                could not find the image store '/var/lib/docker' (docker_path=): there is no such directory
                hint: '/' holds boot_docker, docker, victim, victims
                """
            ),
            (
                "boot_docker/new/empty",
                """
                could not use '/boot_docker/new/empty': it is neither a docker data-root nor containerd's root nor podman's graphroot
                hint: the directory is empty
                """
            ),
            (
                "boot_docker",
                """
                could not use '/boot_docker': it is neither a docker data-root nor containerd's root nor podman's graphroot
                hint: it has .config, .hidden, etc, lib, new, srv
                """
            ),
            ("victim", "could not open the directory '/victim': Not a directory"),
            ("", "could not use 'docker_path=': it is empty\nhint: 'docker_path=/' stands for the top level"),
            ("../docker", "could not use 'docker_path=../docker': a path must not contain '..'"),
        ])
        func `a wrong docker_path`(path: String, message: String) async throws {
            try await Disk.withStore { disk, _ in
                var line = disk.line
                line.dockerPath = path
                try await expectRefusal(on: disk, line, message)
            }
        }

        @Test func `without docker_path nothing is done, and that is said`() async throws {
            try await Disk.withStore { disk, _ in
                let line = disk.line.text.replacing("docker_path=docker", with: "")
                let bytes = try await disk.bytes()
                let outcome = try await run([Repository.embeddedInit, "--cmdline", line])
                let told = "docker-btrfs-init: nothing to do: there is no 'docker_path=' or 'docker_deployed=' on the kernel command line\n"
                #expect(outcome == Outcome(status: 0, output: "", errors: told))
                #expect(try await disk.bytes() == bytes)
            }
        }

        @Test func `the journal gets levels, where stderr is still its stream`() async throws {
            try await Disk.withStore { disk, _ in
                let script = """
                    cd "$1"; touch stream other; export JOURNAL_STREAM=$(stat --format %d:%i stream); shift
                    "$@" 2> stream || "$@" 2> other || cat stream other
                    """
                let told = try await output(
                    of: ["bash", "-euc", script, "bash", disk.folder] + disk.bootCommand(disk.line("docker_path=victim")))
                let reason = "could not open the directory '/victim': Not a directory"
                #expect(told == "<3>\(reason)\ndocker-btrfs-init: \(reason)\n")
            }
        }

        @Test(arguments: [
            (
                "",
                """
                could not read '/docker/image/btrfs/repositories.json': it is empty
                hint: the names are lost, the images may not be: name the image by its id in full, or move the file away and build again
                """
            ),
            (
                "{\"Repositories\":{",
                """
                could not read '/docker/image/btrfs/repositories.json': it is not JSON: line 1: string or '}' expected near end of file
                hint: the names are lost, the images may not be: name the image by its id in full, or move the file away and build again
                """
            ),
        ])
        func `a broken list of names, which an image id goes without`(content: String, message: String) async throws {
            try await Disk.withStore { disk, store in
                try await disk.change("printf '%s' '\(content)' > docker/image/btrfs/repositories.json")
                try await expectRefusal(on: disk, message)
                let id = try #require(store.images["sample_image:latest"]).id
                try await disk.bootWell(disk.line("docker_image=\(id)"))
            }
        }

        @Test func `a store whose directory is a copy without its subvolumes`() async throws {
            try await Disk.withStore { disk, store in
                let layer = "snapshot/docker/btrfs/subvolumes/\(try #require(store.images["sample_image:latest"]).cacheID)"
                try await disk.change("btrfs subvolume snapshot . snapshot")
                var line = disk.line
                line.dockerPath = "snapshot/docker"
                try await expectRefusal(
                    on: disk, line,
                    """
                    could not use the image's top layer '/\(layer)': it is only the empty place of a subvolume, since the store is in a snapshot
                    hint: snapshots leave out the engine's layers, which are subvolumes: docker_path must name the original store
                    """)
            }
        }
    }
}
