import Foundation
import TestSupport
import Testing

/// Disks of images with one init or another, with what other tools leave in them. By `make nightly`.
@Suite(.enabled(if: isNightly))
struct InitSystemTests {
    /// Each image, and what its root is on, if that is plain.
    private static let disks: [(name: String, plain: String?)] = [
        ("openrc", nil), ("runit", nil), ("sysvinit", nil), ("systemd", nil), ("systemd", "xfs"), ("systemd", "btrfs"),
    ]

    @Test(arguments: disks)
    func `an image has users, a network, a login and its service, which answers, and its boots are good`(
        _ name: String, _ plain: String?
    ) async throws {
        try await output(of: Lab.command("small-disk", ["openrc", "runit", "sysvinit", "systemd"]))
        try await Machine.with(copyOf: "\(Lab.folder)/inits.img") { machine in
            var disk = machine
            disk.disks = ["\(machine.folder)/vm.qcow2"]
            let said = try await machine.change(
                """
                cd "$TOP"; echo secret > '\(machine.folder)/password'
                '\(Repository.companion)' image \(name):service --output '\(disk.disks[0])' --data-root docker --size 2G --fix --service \\
                    --grub '\(Lab.folder)/tools/usr/lib/grub' --root-password-file '\(machine.folder)/password' --hostname \(name) \\
                    --options 'console=ttyS0 panic=-1 no_timer_check mitigations=off' \(plain.map { "--plain \($0)" } ?? "")
                """)
            if plain == nil { try await output(of: ["qemu-img", "resize", "-q", disk.disks[0], "3G"]) }
            #expect(!said.contains("warning") && said.contains(name == "openrc" ? "the image's, without rc_sys=\"docker\"" : "write"))
            let log = [name, plain ?? ""].joined(separator: " ")
            let boot = disk.command(["--bios", "--until", "that was all", "--", "-nic", "user,model=virtio-net-pci"], log: log)
            try await output(of: boot.command)
            let console = try Console(log: boot.log).text
            // xfs counts without its log.
            let size = plain == nil ? 2813 : plain == "xfs" ? 1725 : 1789
            #expect(console.contains("it answers\n") && console.contains("\nthe root has \(size) MiB of \(plain ?? "btrfs")\n\(name)\n"))
            let sign = name == "systemd" ? "Finished docker-btrfs-good" : "root 1 of '\(name):service' booted well"
            #expect(plain != nil || console.contains(sign))
            #expect(console.contains("\n\(name) login:") && !console.contains("\n.dockerenv\n"))
        }
    }
}
