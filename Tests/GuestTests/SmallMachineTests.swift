import Foundation
import TestSupport
import Testing

/// Machines of one program, busybox: an image that has it, and one that is an application alone.
struct SmallMachineTests {
    private static let options = "console=ttyS0 panic=-1 no_timer_check mitigations=off"

    /// The command that makes a disk of an image.
    private func image(_ name: String, _ file: String, _ more: String) -> String {
        """
        '\(Repository.companion)' image \(name) --output '\(file)' --data-root docker --grub '\(Lab.folder)/tools/usr/lib/grub' \\
            --options '\(Self.options)' \(more)
        """
    }

    @Test func `a machine of less than 22 MB starts by BIOS and by UEFI, each time to a new root`() async throws {
        try await output(of: Lab.command("small-disk", []))
        try await Machine.with(copyOf: "\(Lab.folder)/small.img") { machine in
            var disk = machine
            disk.disks = ["\(machine.folder)/vm.qcow2"]
            try await machine.change("cd \"$TOP\"; \(image("small", disk.disks[0], "--compress --size 60M"))")
            let size = try FileManager.default.attributesOfItem(atPath: disk.disks[0])[.size] as? Int ?? .max
            #expect(size < 22_000_000, "it has \(size) bytes")
            for (number, firmware) in [(1, "--bios"), (2, "--uefi")] {
                // The last one is what inittab starts beside it, in any order.
                let until = "docker-btrfs-init: root \(number) of 'small' booted well"
                let boot = disk.command([firmware, "--until", until], log: firmware)
                try await output(of: boot.command)
            }
        }
    }

    @Test func `an application without an init is a machine that answers on its port, and goes off by its button`() async throws {
        try await output(of: Lab.command("small-disk", []))
        try await Machine.with(copyOf: "\(Lab.folder)/small.img") { machine in
            var disk = machine
            disk.disks = ["\(machine.folder)/vm.qcow2"]
            let busybox = "--busybox '\(Lab.folder)/initramfs/tree/bin/busybox'"
            let said = try await machine.change(
                "cd \"$TOP\"; \(image("application", disk.disks[0], "--size 100M --service --kernel-image small \(busybox) 2>&1"))")
            #expect(!said.contains("error") && said.contains("\ncopy the kernel "))
            let monitor = "\(machine.folder)/monitor"
            try await output(of: ["mkfifo", "\(monitor).in", "\(monitor).out"])
            let qemu = ["-nic", "user,model=virtio-net-pci", "-chardev", "pipe,id=monitor,path=\(monitor)", "-mon", "chardev=monitor"]
            let boot = disk.command(["--bios", "--"] + qemu)
            // Once more, where it comes before who listens.
            let press = """
                until grep --quiet --no-messages --text --fixed-strings 'that was all' "$1"; do sleep 0.2; done
                while sleep 2; do echo system_powerdown; done > "$2.in"
                """
            try await output(of: ["rm", "-f", boot.log])
            let bash = ["timeout", "600", "setpriv", "--pdeathsig", "TERM", "bash"]
            async let button = output(of: bash + ["-uc", press, "bash", boot.log, monitor])
            try await output(of: boot.command)
            _ = try? await button
            let console = try Console(log: boot.log).text
            let who = "uid=1000(application) gid=1001(application) groups=1001(application)"
            #expect(console.contains("\(who)\n/app/www\nit's a $machine\nthat was all"))
        }
    }
}
