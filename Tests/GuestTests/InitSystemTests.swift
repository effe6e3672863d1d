import Foundation
import TestSupport
import Testing

/// Disks of images whose init is another one than systemd, with what other tools leave in them. By `make nightly`.
@Suite(.enabled(if: isNightly))
struct InitSystemTests {
    @Test(arguments: ["openrc", "runit", "sysvinit"])
    func `an image of another init has users, a network, a login and its service, and its boots are good`(_ name: String) async throws {
        try await output(of: Lab.command("small-disk", ["openrc", "runit", "sysvinit"]))
        try await Machine.with(copyOf: "\(Lab.folder)/inits.img") { machine in
            var disk = machine
            disk.disks = ["\(machine.folder)/vm.qcow2"]
            let said = try await machine.change(
                """
                cd "$TOP"; echo secret > '\(machine.folder)/password'
                '\(Repository.releasedCompanion)' image \(name):service --output '\(disk.disks[0])' --data-root docker --size 2G --fix --service \\
                    --grub '\(Lab.folder)/tools/usr/lib/grub' --root-password-file '\(machine.folder)/password' --hostname \(name) \\
                    --options 'console=ttyS0 panic=-1 no_timer_check mitigations=off'
                """)
            #expect(!said.contains("warning") && said.contains(name == "openrc" ? "the image's, without rc_sys=\"docker\"" : "write"))
            let boot = disk.command(["--bios", "--until", "that was all", "--", "-nic", "user,model=virtio-net-pci"], log: name)
            try await output(of: boot.command)
            let console = try Console(log: boot.log).text
            #expect(console.contains("root 1 of '\(name):service' booted well"))
            #expect(console.contains("\n\(name) login:") && !console.contains("\n.dockerenv\n"))
        }
    }
}
