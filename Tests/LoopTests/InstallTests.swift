import Foundation
import TestSupport
import Testing

/// `docker-btrfs install` in a Debian, with the frameworks' own tools.
extension Beside {
    struct InstallTests {
        private let system: DebianSystem

        init() throws { system = try DebianSystem() }

        private var image: String { system.image }
        private var kept: String { image.replacing("/boot/", with: "/boot/old-") }

        @Test func `initramfs-tools, which made the initramfs that is there`() async throws {
            let before = try await system.inventory()
            let old = try await system.digest(of: image)

            try await expectNoRoom()
            let planned = try await system.output("docker-btrfs", "install", "--dry-run")
            #expect(
                planned.hasSuffix(
                    """
                    keep '\(image)' as '\(kept)'
                    run 'update-initramfs -u -k \(try InitramfsTree.release())'
                    look into '\(image)'

                    """))
            try await expectReadOnly("install", "install into")
            #expect(try await system.inventory() == before)

            let installed = try await system.output("docker-btrfs", "install")
            #expect(installed.hasPrefix("wrote 5 files for initramfs-tools\n"))
            #expect(
                installed.hasSuffix(
                    """
                    kept the initramfs from before as '\(kept)'
                    docker-btrfs is in '\(image)'
                    next: boot with 'docker_path=' or 'docker_deployed=' on the kernel command line

                    """))
            #expect(try await system.digest(of: kept) == old)
            try await system.output("docker-btrfs", "check-initramfs", image)

            // A hook of another package that fails.
            let good = try await system.digest(of: image)
            try await system.write("#!/bin/sh\nexit 3\n", to: "/etc/initramfs-tools/hooks/broken", mode: "755")
            let failed = try await system.run("docker-btrfs", "install")
            #expect(failed.status == 1)
            let reason = "'update-initramfs -u -k \(try InitramfsTree.release())' failed: it ended with status 3"
            #expect(failed.errors.contains("Error: \(reason); the initramfs from before is back\n"))
            #expect(try await system.digest(of: image) == good)
            try await system.output("rm", "/etc/initramfs-tools/hooks/broken")

            try await expectReadOnly("uninstall", "uninstall from")
            #expect(try await system.output("docker-btrfs", "uninstall").hasSuffix("removed docker-btrfs, also from the initramfs\n"))
            let check = try await system.run("docker-btrfs", "check-initramfs", image)
            #expect(check.errors.contains("there is no /usr/bin/docker-btrfs-init"))
            #expect(try await system.inventory().symmetricDifference(before) == [])
        }

        /// A /boot that has no room for a copy.
        private func expectNoRoom() async throws {
            let script = """
                cp -a /boot /small && mount -t tmpfs -o size=40m small /boot && mv /small/* /boot && rmdir /small
                docker-btrfs install
                """
            let outcome = try await system.run("sh", "-c", script)
            #expect(outcome.status == 1)
            #expect(outcome.errors.contains("Error: could not keep the old initramfs: '/boot' has "))
        }

        private func expectReadOnly(_ command: String, _ what: String) async throws {
            let mounting = "mount --bind /usr /usr && mount -o remount,bind,ro /usr"
            let outcome = try await system.run("sh", "-c", "\(mounting) && docker-btrfs \(command)")
            #expect(outcome == Outcome(status: 1, output: "", errors: "Error: could not \(what) '/usr/bin': Read-only file system\n"))
            // No file can be locked there, but the folder.
            let second = try await system.run("sh", "-c", "\(mounting) && flock /usr docker-btrfs \(command)")
            let told = """
                Error: could not change '/': another install or uninstall has '/usr' locked
                hint: try again when that has ended

                """
            #expect(second == Outcome(status: 1, output: "", errors: told))
        }

        /// What Docker and Podman leave, and `docker build`, which leaves nothing.
        @Test(arguments: ["touch /.dockerenv;", "touch /run/.containerenv;", "exec unshare --pid --fork --mount-proc"])
        func `in a container, where a framework would look at the machine below`(script: String) async throws {
            let old = try await system.digest(of: image)
            #expect(
                try await system.output("sh", "-c", "\(script) docker-btrfs install --framework dracut") == """
                    wrote 8 files for dracut
                    this is a container, where it would be built for the machine below; next: \
                    'dracut --force --regenerate-all --no-hostonly --no-hostonly-cmdline'

                    """)
            #expect(try await system.digest(of: image) == old)
        }

        @Test func `dracut, in a system that has two frameworks and no initramfs`() async throws {
            try await system.output("rm", image)
            let several = try await system.run("docker-btrfs", "install")
            #expect(several.status == 1)
            #expect(several.errors.contains("\nhint: say which: --framework dracut or --framework initramfs-tools\n"))

            let before = try await system.inventory()
            try await system.write(#"{ "docker_image": "sample" }"#, to: "/etc/docker-btrfs.json", mode: "644")
            // What makes an initramfs in a container or a chroot useless for any machine.
            try await system.write("hostonly=no\n", to: "/etc/dracut.conf.d/machine.conf", mode: "644")
            #expect(
                try await system.output("docker-btrfs", "install", "--framework", "dracut").hasSuffix(
                    "docker-btrfs is in '\(image)'\nnext: boot with 'docker_path=' or 'docker_deployed=' on the kernel command line\n"))
            #expect(try await system.output("docker-btrfs", "check-initramfs", image).contains("/etc/docker-btrfs.json"))

            // The image is built well, and nothing of ours is in it.
            let good = try await system.digest(of: image)
            try await system.write("omit_dracutmodules+=' docker-btrfs '\n", to: "/etc/dracut.conf.d/omit.conf", mode: "644")
            let failed = try await system.run("docker-btrfs", "install")
            #expect(failed.status == 1)
            #expect(failed.errors.contains("Error: '\(image)' cannot boot an image: program: there is no /usr/bin/docker-btrfs-init;"))
            #expect(failed.errors.contains("; the initramfs from before is back\n"))
            #expect(
                failed.errors.contains(
                    "\nhint: look for 'omit_dracutmodules' in /etc/dracut.conf and /etc/dracut.conf.d, and run this again\n"))
            #expect(try await system.digest(of: image) == good)

            try await system.output("docker-btrfs", "uninstall", "--no-build")
            try await system.output(
                "rm", image, "/etc/docker-btrfs.json", "/etc/dracut.conf.d/machine.conf", "/etc/dracut.conf.d/omit.conf")
            #expect(try await system.inventory().symmetricDifference(before) == [])
        }
    }
}
