import TestSupport
import Testing

extension Beside {
    /// `docker-btrfs install` where dracut makes unified kernel images.
    struct InstallUnifiedTests {
        private let system: DebianSystem
        private let release: String

        init() throws {
            system = try DebianSystem()
            release = try InitramfsTree.release()
        }

        /// dracut's settings, with little in the image, and no device of this machine asked for.
        private func configure(_ setting: String) async throws {
            let parts = "dracutmodules=' base kernel-modules udev-rules systemd docker-btrfs '\ncompress='zstd -1'\n"
            try await system.write("uefi=yes\n\(parts)\(setting)\n", to: "/etc/dracut.conf.d/machine.conf", mode: "644")
        }

        @Test func `dracut`() async throws {
            try await system.output("sh", "-c", "rm \(system.image); mkdir -p /boot/efi/EFI/Linux; echo > /boot/efi/EFI/Linux/OTHER.EFI")
            try await configure("kernel_cmdline='root=LABEL=linux quiet'")
            let before = try await system.inventory()
            let image = "/boot/efi/EFI/Linux/linux-\(release)-Default.efi"

            // Its kernel command line is not ours: only named.
            let remedy = "add 'docker_path=' to kernel_cmdline= in /etc/dracut.conf.d, and build it again"
            #expect(
                try await system.output("docker-btrfs", "install", "--framework", "dracut").hasSuffix(
                    """
                    docker-btrfs is in '\(image)'
                    its kernel command line boots no image: \(remedy)
                    left without docker-btrfs: '/boot/efi/EFI/Linux/OTHER.EFI'
                    next: boot with 'docker_path=' or 'docker_deployed=' on the kernel command line

                    """))
            let line = "there is no 'docker_path=' or 'docker_deployed=' on 'root=LABEL=linux quiet'"
            let incomplete = try await system.run("docker-btrfs", "check-initramfs", image)
            #expect(incomplete.errors == "Error: '\(image)' cannot boot an image: command line: \(line)\nhint: \(remedy)\n")

            // With it, the image is made anew. The one from before had docker-btrfs in it, and is not kept.
            try await configure("kernel_cmdline='root=LABEL=linux docker_path=docker'")
            let again = try await system.output("docker-btrfs", "install")
            #expect(again.contains("are there\ndocker-btrfs is in '\(image)'\nleft without"), "\(again)")
            try await system.output("docker-btrfs", "check-initramfs", image)

            // dracut makes one without a kernel command line as well, which boots nothing.
            let good = try await system.digest(of: image)
            try await configure("")
            let failed = try await system.run("docker-btrfs", "install")
            #expect(failed.status == 1)
            #expect(failed.errors.contains("Error: '\(image)' has lost its kernel command line; the initramfs from before is back\n"))
            #expect(try await system.digest(of: image) == good)

            try await system.output("docker-btrfs", "uninstall", "--no-build")
            try await system.output("rm", image)
            try await configure("kernel_cmdline='root=LABEL=linux quiet'")
            #expect(try await system.inventory().symmetricDifference(before) == [])
        }
    }
}
