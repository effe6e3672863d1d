import Foundation
import TestSupport
import Testing

extension OnDisk {
    /// Which kernel and which initramfs a deployment boots, and whether that gets to the disk.
    struct DeployKernelTests {
        @Test func `an initramfs that was built here gets a newer docker-btrfs-init`() async throws {
            try await Deployable.with { machine in
                try await machine.run("deploy sample_image")
                let initrd = try await machine.disk.look("ls .docker-btrfs/boot/initrd-*")
                let program = machine.disk.folder + "/newer"
                // The note with the version, which is as long in both.
                let version = try await output(of: [
                    "bash", "-euc", "strings -n 5 '\(Repository.embeddedInit)' | grep -m 1 -x '[0-9]*\\.[0-9]*\\.[0-9]*'",
                ])
                .replacing("\n", with: "")
                let other = String(version.dropLast()) + "9"
                try await output(of: [
                    "bash", "-euc", "sed 's/\(version.replacing(".", with: "\\."))/\(other)/g' '\(Repository.embeddedInit)' > '\(program)'",
                ])
                let newer = "'\(Repository.companion)' deploy sample_image --top-level . --boot '\(machine.boot)' --init '\(program)'"
                let told = try await machine.disk.change(newer)
                #expect(
                    told.contains("build the initramfs for 6.1\nwrite ") && told.contains(" to '/.docker-btrfs/boot/initrd-"), "\(told)")
                let built = try await machine.disk.look("ls .docker-btrfs/boot/initrd-*")
                #expect(built != initrd && built.split(separator: "\n").count == 1, "\(built)")
                #expect(try machine.menu("docker-btrfs.conf").contains(built.split(separator: "/").last?.dropLast() ?? "?"))
                #expect(try await machine.disk.change(newer).hasPrefix("next boot: "))
            }
        }

        @Test func `several kernels are not chosen from`() async throws {
            try await Deployable.with { machine in
                try await machine.addKernel("6.2", to: "sample_image:latest")
                #expect(
                    try await machine.fails("deploy sample_image")
                        == "Error: could not choose the kernel of 'sample_image:latest': it has 6.1, 6.2\nhint: choose one with --kernel VERSION\n"
                )
                #expect(try await machine.run("deploy sample_image --kernel 6.2").contains("with kernel 6.2, a new root\n"))
            }
        }

        @Test func `microcode of the image's packages is loaded before the initramfs`() async throws {
            try await Deployable.with { machine in
                let layer = try "docker/btrfs/subvolumes/\(#require(machine.images["sample_image:latest"]).cacheID)"
                try await machine.disk.change(
                    "mkdir -p \(layer)/usr/lib/firmware/intel-ucode; echo new > \(layer)/usr/lib/firmware/intel-ucode/06-8e-0a")
                try await machine.run("deploy sample_image")
                // As rEFInd has it: the first of two comes by the options.
                let menu = try machine.menu("docker-btrfs.conf")
                #expect(menu.contains(/options "initrd=.\.docker-btrfs.boot.microcode-[0-9a-f]{16} rw/))
                let kernels = try await machine.disk.look("grep -c 'kernel/x86/microcode/GenuineIntel.bin' .docker-btrfs/boot/microcode-*")
                #expect(kernels == "1\n")
            }
        }

        private static let mapped = "docker-btrfs-tests-\(ProcessInfo.processInfo.processIdentifier)"

        /// What a script says in the top level of a disk that is called as LUKS calls one. The host's kernel need not know device-mapper.
        private func outputOnMapped(_ machine: Deployable, _ script: String) async throws -> String {
            let prepare = """
                trap 'rm -f "/dev/mapper/\(Self.mapped)"' EXIT
                mkdir -p /dev/mapper '\(machine.disk.folder)/mnt'
                cp -a '\(machine.disk.device)' '/dev/mapper/\(Self.mapped)'
                mount -o subvolid=5 '/dev/mapper/\(Self.mapped)' '\(machine.disk.folder)/mnt'
                cd '\(machine.disk.folder)/mnt'
                """
            return try await output(of: ["unshare", "--mount", "bash", "-euc", "\(prepare)\n\(script)"])
        }

        @Test func `a root on LUKS needs an initramfs of the image`() async throws {
            try await Deployable.with { machine in
                let before = try await machine.everything()
                let told = try await outputOnMapped(machine, "! \(machine.command("deploy sample_image")) 2>&1")
                #expect(
                    told == """
                        Error: could not deploy 'sample_image:latest': the root is on '/dev/mapper/\(Self.mapped)', and an \
                        initramfs that is built here opens \
                        no LUKS, LVM or RAID
                        hint: let the image have an initramfs of dracut, initramfs-tools or mkinitcpio with docker-btrfs in it: docs/install.md

                        """)
                #expect(try await machine.everything() == before)
            }
        }

        @Test func `what was deployed before its disk was moved onto LUKS is not taken for ready`() async throws {
            try await Deployable.with { machine in
                try await machine.run("deploy sample_image")
                let one = try machine.shortID("sample_image:latest")
                let told = try await outputOnMapped(
                    machine, "\(machine.command("status")); ! \(machine.command("deploy sample_image")) 2>&1")
                let note = """
                    sample_image:latest (\(one)) does not get to '/dev/mapper/\(Self.mapped)', where the roots are now: an initramfs that is \
                    built here opens no LUKS, LVM or RAID; let the image have an initramfs of dracut, 
                    """
                #expect(told.contains("\n  \(note)"), "\(told)")
                #expect(told.contains("\nError: could not deploy 'sample_image:latest': the root is on '/dev/mapper/"), "\(told)")
                #expect(try await !machine.run("status").contains("does not get to"))
            }
        }

        @Test func `what was deployed before its disk was moved to one with another driver gets that`() async throws {
            try await Deployable.with { machine in
                let layer = try "docker/btrfs/subvolumes/\(#require(machine.images["sample_image:latest"]).cacheID)"
                try await machine.disk.change(
                    """
                    cd \(layer)/usr/lib/modules/6.1
                    mkdir -p kernel/drivers/ata; cp /bin/true kernel/drivers/ata/pata_ours.ko
                    echo kernel/drivers/ata/pata_ours.ko: > modules.dep
                    echo 'alias ours:1 pata_ours' > modules.alias
                    """)
                let first = try await machine.run("deploy sample_image")
                #expect(first.contains("build the initramfs for 6.1\n"), "\(first)")
                let name = machine.disk.device.split(separator: "/").last ?? ""
                // A folder of sysfs that every machine has.
                let told = try await machine.disk.change(
                    """
                    place=/sys/devices/virtual/mem
                    mount -t tmpfs none $place; mount -t tmpfs none /sys/class/block
                    mkdir -p $place/card/{driver,\(name)} $place/pata_ours
                    echo ours:1 > $place/card/modalias
                    ln -s ../../pata_ours $place/card/driver/module
                    ln -s $place/card/\(name) /sys/class/block/\(name)
                    \(machine.command("status"))
                    for turn in 1 2; do \(machine.command("deploy sample_image")); done
                    \(machine.command("status"))
                    """)
                let one = try machine.shortID("sample_image:latest")
                let note = """
                      sample_image:latest (\(one)) does not get to '\(machine.disk.device)', where the roots are now: its initramfs lacks the \
                    driver 'pata_ours'; 'docker-btrfs deploy sample_image:latest' writes it anew

                    """
                #expect(told.ranges(of: note).count == 1 && told.ranges(of: "build the initramfs for 6.1\n").count == 1, "\(told)")
                #expect(told.contains("write ") && told.contains(" to '/.docker-btrfs/boot/initrd-"), "\(told)")
            }
        }

        @Test func `an initramfs of the image that does not unlock the disk is refused`() async throws {
            try await Deployable.with { machine in
                try await machine.giveInitramfs()
                let told = try await outputOnMapped(
                    machine,
                    """
                    mount -t tmpfs none /sys/class/block
                    mkdir -p '/sys/class/block/\(Self.mapped)/dm'; echo CRYPT-LUKS2-0 > '/sys/class/block/\(Self.mapped)/dm/uuid'
                    ! \(machine.command("deploy sample_image")) 2>&1
                    sed -i 's/"options": "/&rd.luks.uuid=1 /' .docker-btrfs/settings
                    \(machine.command("deploy sample_image")) 2>&1
                    """)
                #expect(told.contains("boot/initrd.img-6.1' of the image cannot be taken: it unlocks no device: "), "\(told)")
                #expect(!told.contains("build the initramfs") && told.contains("\nnext boot: sample_image:latest"), "\(told)")
            }
        }

        @Test(arguments: [
            ("s/0\\.[0-9]*\\.0/0.1.0/g", "it has docker-btrfs-init 0.1.0, which knows no deployments"),
            ("s,lib/modules/6\\.1,lib/modules/6.9,g", "it has the modules of 6.9, and none of 6.1"), ("", nil),
        ])
        func `an initramfs of the image is taken where it boots that`(change: String, reason: String?) async throws {
            try await Deployable.with { machine in
                try await machine.giveInitramfs()
                let layer = try "docker/btrfs/subvolumes/\(#require(machine.images["sample_image:latest"]).cacheID)"
                try await machine.disk.change("LC_ALL=C sed -i '\(change)' \(layer)/boot/initrd.img-6.1")
                let told = try await machine.run("deploy sample_image")
                #expect(told.contains("build the initramfs for 6.1\n") == (reason != nil), "\(told)")
                if let reason { #expect(told.contains("/boot/initrd.img-6.1' of the image cannot be taken: \(reason)\n"), "\(told)") }
            }
        }
    }
}
