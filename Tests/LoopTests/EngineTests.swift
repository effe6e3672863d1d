import Foundation
import TestSupport
import Testing

extension Beside {
    /// Images that the engines of Debian's newest suite built, and left in their stores.
    struct EngineTests {
        /// As `Tests/Lab/with-engine` calls it.
        struct Engine: CustomTestStringConvertible, Sendable {
            let name: String
            /// As `docker-btrfs images` calls it.
            let store: String
            /// Where it is.
            let path: String
            /// How `docker-btrfs images` shows the name that the engine has for the image `sample_image`.
            let image: String
            /// What its kernel command line has beside its path.
            var more = ""
            var isMerged: Bool { !name.hasSuffix("-btrfs") }

            var testDescription: String { name }

            static func docker(_ name: String, _ store: String) -> Engine {
                Engine(name: name, store: store, path: "docker", image: "sample_image:latest")
            }

            static func containerd(_ snapshotter: String) -> Engine {
                Engine(
                    name: "containerd-\(snapshotter)", store: "containerd-\(snapshotter)", path: "containerd",
                    image: "sample_image:latest", more: "docker_namespace=default")
            }

            static func podman(_ driver: String) -> Engine {
                Engine(name: "podman-\(driver)", store: "podman-\(driver)", path: "storage", image: "localhost/sample_image:latest")
            }
        }

        /// By night the same stores once more, by the other engine; overlay2 is Debian 12's by day.
        private static let engines: [Engine] = each(
            [.docker("docker-beside-overlayfs", "containerd-overlayfs"), .containerd("btrfs"), .podman("overlay"), .podman("btrfs")],
            byNight: [
                .docker("docker-overlay2", "docker-overlay2"), .docker("docker-containerd-overlayfs", "containerd-overlayfs"),
                .docker("docker-containerd-btrfs", "containerd-btrfs"), .containerd("overlayfs"),
            ])

        /// Shows the stores of the disk where engines have them unless told otherwise, to this script alone.
        private static let usualPlaces = """
            mount -t tmpfs none /var/lib
            for place in docker:docker containerd:containerd storage:containers/storage; do
                [[ -d ${place%:*} ]] || continue
                mkdir -p "/var/lib/${place#*:}"; mount --bind "${place%:*}" "/var/lib/${place#*:}"
            done

            """

        private func run(_ engine: Engine, on disk: Disk, _ script: String) async throws -> String {
            let lab = Repository.path("Tests/Lab/with-engine")
            return try await output(of: [lab, disk.file, engine.name, "\(SmallImage.listing)\n\(script)"])
        }

        /// The next command is the engine's, and images that are not Docker's are named where setup looks for itself.
        private func checkSetup(_ machine: Deployable, _ engine: Engine) async throws {
            let builder = engine.name.hasPrefix("podman") ? "podman" : engine.more.isEmpty ? "docker" : "nerdctl --namespace default"
            let told = try await machine.run("setup \(machine.setup.dropFirst("setup ".count)) --options new")
            #expect(told.contains("next: \(builder) build -t NAME DIR && docker-btrfs deploy NAME\n"), "\(told)")
            if engine.more.isEmpty { return }
            let system = machine.disk.folder + "/system"
            // One that was never set up.
            let configure = """
                mv .docker-btrfs/settings ../settings; trap 'mv ../settings .docker-btrfs' EXIT
                mkdir -p '\(system)/etc/'{docker,containerd}
                echo '{"data-root": "/no/docker"}' > '\(system)/etc/docker/daemon.json'
                echo "root = '$PWD/containerd'" > '\(system)/etc/containerd/config.toml'
                '\(Repository.companion)' setup --root '\(system)' --boot '\(machine.boot)' --dry-run --init '\(Repository.embeddedInit)'
                """
            let refused = try await machine.disk.change("! (\(configure) 2>&1)")
            #expect(refused.contains("it has no namespace 'moby'\nhint: name one of these with --namespace: default\n"), "\(refused)")
            let found = try await machine.disk.change("(\(configure) --namespace default)")
            #expect(found.contains("which is '/\(engine.path)' there\n") && found.contains("docker_namespace=default"), "\(found)")
        }

        /// What the engine unpacked is what it recorded, until a file of it is cut off.
        private func checkContent(_ machine: Deployable) async throws {
            let whole = try await machine.run("check --content sample_image").split(separator: "\n")
            #expect(whole.count == 2 && whole.allSatisfy { $0.hasSuffix(" files are as they were recorded") }, "\(whole)")
            #expect(!whole.contains { $0.contains(": 0 files") }, "\(whole)")
            // A deployment takes what is held, and holds nothing anew.
            try await machine.disk.change(
                "cd .docker-btrfs/layers/*; btrfs property set -f -t subvol . ro false; truncate -s 9 usr/bin/bash")
            let held = try await machine.disk.change("! \(machine.command("check --content sample_image"))")
            #expect(held.contains("hint: the store has it whole: mount the top level"), "\(held)")
            #expect(try await held.contains("'btrfs subvolume delete /mnt/\(machine.disk.look("echo .docker-btrfs/layers/*").dropLast())'"))
            try await machine.disk.change("btrfs -q subvolume delete .docker-btrfs/layers/*")
            try await machine.run("deploy sample_image")
            #expect(try await machine.run("check --content sample_image").split(separator: "\n") == whole)
            try await machine.disk.change(
                """
                for layer in {docker/containerd/daemon,containerd}/io.containerd.snapshotter.v1.btrfs/*/*/; do
                    [[ ! -d $layer ]] || btrfs property set -f -t subvol "$layer" ro false
                done
                for store in docker containerd storage; do
                    [[ ! -d $store ]] || find "$store" -path '*/usr/bin/bash' -exec truncate -s 100000 {} +
                    [[ ! -d $store ]] || find "$store" -path '*/usr/bin/rm' -exec dd if=/dev/urandom of={} bs=9 count=1 conv=notrunc status=none ';'
                done
                """)
            let damaged = try await machine.disk.change("! \(machine.command("check --content sample_image"))")
            #expect(damaged.contains("    /usr/bin/bash: it has 100000 bytes and should have "), "\(damaged)")
            #expect(damaged.contains(" in the held layer '"))
            #expect(damaged.split(separator: "\n").count { $0.hasPrefix("    ") } == 2, "\(damaged)")
            #expect(damaged.contains("    /usr/bin/rm: its content is another one\n"), "\(damaged)")
        }

        /// The image has no program that runs: the top layer brings one.
        private func enter(_ machine: Deployable) async throws {
            let program = """
                #include <stdio.h>
                int main(int count, char **names) { int c; while (*++names) for (FILE *in = fopen(*names, "r"); in && (c = getc(in)) >= 0;) putchar(c); }
                """
            let (source, built) = ("\(machine.disk.folder)/show.c", "\(machine.disk.folder)/show")
            try Data(program.utf8).write(to: URL(filePath: source))
            try await output(of: ["clang", "-static", "-o", built, source])
            try await machine.disk.change("mkdir boot_docker/bin; cp '\(built)' boot_docker/bin/sh")
            for image in ["", "sample_image", "sample_image"] {
                let words = "enter --top-level . \(image) -- /bin/sh /etc/version /etc/motd"
                #expect(try await machine.disk.change("'\(Repository.companion)' \(words)") == "1\ntop\n")
            }
            try await machine.disk.change("rm -r boot_docker/bin")
            #expect(try await machine.disk.look("find .docker-btrfs/enter -mindepth 1") == "")
        }

        private func line(_ engine: Engine, of disk: Disk) -> KernelLine {
            var line = disk.line("docker_keep=1 \(engine.more)")
            line.dockerPath = engine.path
            return line
        }

        @Test(arguments: engines)
        func `its image is listed, booted as the engine mounts it, deployed, and booted when it is gone`(_ engine: Engine) async throws {
            try await Disk.with(["mkfs.btrfs", "-q"], size: "512M") { disk in
                try await disk.change("mkdir -p boot_docker/etc; echo top > boot_docker/etc/motd")
                try await disk.detach()
                let told = try await run(
                    engine, on: disk,
                    """
                    \(SmallImage.context)
                    build sample_image "$context" > /dev/null
                    look sample_image listing > "$TOP/expected"
                    list
                    """)
                let words = try #require(told.split(separator: "\n").last?.split(separator: " "))
                #expect(words[0].hasSuffix(engine.image))
                let id = words[1].dropFirst("sha256:".count)
                var disk = try await disk.attached()

                let namespace = engine.more.replacing("docker_namespace=", with: "--namespace ")
                let rows = try await disk.look("\(Self.usualPlaces)'\(Repository.companion)' images \(namespace)").split(separator: "\n")
                let row = try #require(rows.first { $0.hasPrefix(engine.image) }?.split(separator: " "))
                #expect(row[1] == id.prefix(12), "\(rows)")
                #expect(rows.count { $0.hasPrefix(engine.image) } == 1, "each store is read once: \(rows)")
                let hasSteps = rows.contains { $0.hasPrefix("<none>") }
                #expect(!hasSteps || !engine.store.hasPrefix("podman"), "the steps of its build are not listed: \(rows)")
                #expect(row.contains(Substring(engine.store)) && row.contains { $0.hasPrefix("/") }, "it can be booted: \(row)")

                let first = try await disk.boot(line(engine, of: disk))
                #expect(first.status == 0, "\(first.errors)")
                #expect(first.told.contains(engine.isMerged ? " layers to '/.docker-btrfs/layers/" : "hold the layer "), "\(first.told)")
                let made = try await disk.look("\(SmallImage.listing); cd .docker-btrfs/layers/*; listing")
                #expect(try await made == disk.look("cat expected"))
                #expect(try await disk.look("cat docker_rwlayer/etc/{version,motd} docker_rwlayer/srv/again/*") == "1\ntop\nnew\n")

                try await Deployable.with(disk, dataRoot: engine.path, setup: namespace) { machine in
                    try await checkSetup(machine, engine)
                    let told = try await machine.run("deploy sample_image")
                    #expect(!told.contains(" layers to '") && !told.contains("hold the layer"), "the boot did that")
                    #expect(told.contains("next boot: sample_image:latest (\(id.prefix(12))) with kernel 6.1, a new root"), "\(told)")
                    try await enter(machine)
                    try await checkContent(machine)
                }
                try await disk.detach()
                _ = try await run(engine, on: disk, "remove sample_image; ! list | grep sample_image")
                disk = try await disk.attached()
                let second = try await disk.boot(line(engine, of: disk))
                #expect(second.status == 0, "\(second.errors)")
                #expect(second.told.contains("; taking the layer that was held when it was booted\n"), "\(second.told)")
                let deployed = "root=\(disk.device) rootflags=subvol=docker_rwlayer docker_deployed=\(id) rw"
                try await output(of: [Repository.embeddedInit, "--cmdline", deployed])
                #expect(try await disk.look("cat docker_rwlayer/etc/version") == "1\n")
                try await disk.detach()
                _ = try await disk.attached()
            }
        }
    }
}
