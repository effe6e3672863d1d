import TestSupport
import Testing

extension OnDisk {
    /// The boot loader's partition, which is another one, or mounted elsewhere, than when the machine was set up.
    @Suite struct SetupBootTests {
        private static let table = "boot_docker/etc/fstab"

        private func with(_ body: (Deployable) async throws -> Void) async throws {
            try await Disk.withStore { disk, _ in try await Deployable.with(disk, dataRoot: "docker", partition: "64M", body) }
        }

        @Test func `it is found where it is mounted now`() async throws {
            try await with { machine in
                let told = try await machine.disk.change(
                    """
                    cp .docker-btrfs/settings whole; sed -i 's,\\("boot": \\)"[^"]*",\\1"/no/esp",' .docker-btrfs/settings
                    grep -o '"/no/esp"' .docker-btrfs/settings
                    '\(Repository.companion)' status --top-level .
                    '\(Repository.companion)' \(machine.setup) > /dev/null 2>&1
                    cmp .docker-btrfs/settings whole
                    """)
                #expect(told.hasPrefix("\"/no/esp\"\nnothing was deployed yet"), "\(told)")
            }
        }

        @Test func `another machine's at its place is not taken while it is here itself`() async throws {
            try await with { machine in
                let uuid = try await machine.disk.uuid()
                let told = try await machine.disk.change(
                    """
                    truncate --size 4M '\(machine.disk.folder)/esp'; mkfs.vfat -i CAFE0042 '\(machine.disk.folder)/esp' > /dev/null
                    device=$(losetup --find --show '\(machine.disk.folder)/esp'); trap 'losetup --detach "$device"' EXIT
                    sed -i 's,\\("boot_device": \\)"[^"]*",\\1"UUID=CAFE-0042",' .docker-btrfs/settings
                    ! '\(Repository.companion)' status --top-level . 2>&1
                    '\(Repository.companion)' status --top-level . --boot '\(machine.boot)'
                    """)
                let sentence = "could not use '\(machine.boot)': UUID=\(uuid) is mounted there, and what was set up is UUID=CAFE-0042, "
                #expect(told.contains(sentence) && told.contains("nothing was deployed yet"), "\(told)")
                // One that was made anew.
                let after = try await machine.disk.change("'\(Repository.companion)' status --top-level .")
                #expect(after.hasPrefix("nothing was deployed yet"), "\(after)")
            }
        }

        @Test func `the line that mounts it is renewed, and one that would stop the boot is told`() async throws {
            try await with { machine in
                let lines = """
                    UUID=AAAA-AAAA \(machine.boot) tmpfs umask=0077 0 1
                    UUID=1234 /more ext4 defaults 0 2
                    UUID=1235 /most ext4 defaults,nofail 0 2

                    """
                let before = try await machine.disk.look("cat \(Self.table)")
                let uuid = try await machine.disk.uuid()
                let told = try await machine.disk.change(
                    """
                    cat >> \(Self.table) << 'END'
                    \(lines)END
                    \(machine.command(machine.setup)) 2>&1
                    """)
                #expect(told.contains("mounts '\(machine.boot)' from UUID=\(uuid) in place of UUID=AAAA-AAAA"), "\(told)")
                let note = "note: '/more' of the top layer's etc/fstab is on UUID=1234, which is not here: the boot stops there; "
                #expect(told.contains(note) && !told.contains("/most"), "\(told)")
                let after = before + lines.replacing("UUID=AAAA-AAAA", with: "UUID=\(uuid)")
                #expect(try await machine.disk.look("cat \(Self.table)") == after)
            }
        }

        @Test func `a line of this system that mounts another one there is renewed at the first setup`() async throws {
            try await with { machine in
                let uuid = try await machine.disk.uuid()
                let told = try await machine.disk.change(
                    """
                    rm \(Self.table)
                    echo 'UUID=AAAA-AAAA \(machine.boot) tmpfs umask=0077 0 1' > '\(machine.disk.folder)/system/etc/fstab'
                    \(machine.command(machine.setup)) 2>&1
                    """)
                #expect(told.contains("mounts '\(machine.boot)' from UUID=\(uuid) in place of UUID=AAAA-AAAA"), "\(told)")
                #expect(!told.contains("the boot stops there"), "\(told)")
                #expect(try await machine.disk.look("cat \(Self.table)").contains("UUID=\(uuid) \(machine.boot) tmpfs umask=0077"))
                // What is mounted there is of another type: it is none that the line means.
                let vfat = "UUID=AAAA-AAAA \(machine.boot) vfat umask=0077 0 1"
                try await machine.disk.change(
                    """
                    rm \(Self.table)
                    echo '\(vfat)' > '\(machine.disk.folder)/system/etc/fstab'
                    \(machine.command(machine.setup)) > /dev/null 2>&1
                    """)
                #expect(try await machine.disk.look("cat \(Self.table)").contains("\(vfat)\n"))
            }
        }

        @Test func `in a top layer that came from another disk it is mounted where it was, and by hand it is mounted in no root`()
            async throws
        {
            try await with { machine in
                let lines = "UUID=AAAA-AAAA /boot/efi tmpfs umask=0077 0 1\n"
                let before = try await machine.disk.look("cat \(Self.table)")
                let uuid = try await machine.disk.uuid()
                // A line of a person's for another partition stays as long as all else is as it was.
                let again = "cat >> \(Self.table) << 'END'\n\(lines)END\n\(machine.command(machine.setup)) 2>&1"
                #expect(try await machine.disk.change(again).contains("\nall is set up as it should be\n"))
                try await machine.disk.change(
                    "sed -i 's/^UUID=\(uuid)/UUID=3/' \(Self.table); rm .docker-btrfs/settings; \(machine.command(machine.setup)) 2>&1")
                let after = before + lines.replacing("UUID=AAAA-AAAA", with: "UUID=\(uuid)")
                #expect(try await machine.disk.look("cat \(Self.table)") == after)
            }
        }

        @Test func `one that two paths lead to is one, and another folder that cannot be looked through is told`() async throws {
            try await with { machine in
                let boot = "\(machine.disk.folder)/system/boot"
                let told = try await machine.disk.change(
                    """
                    mkdir -p '\(boot)'/{efi,EFI/x}; cp -r '\(machine.boot)/EFI' '\(boot)/efi'; ln -s boot/efi '\(boot)/../efi'
                    ln -s refind.conf '\(boot)/EFI/x/refind.conf'; rm .docker-btrfs/settings
                    '\(Repository.companion)' \(machine.setup) 2>&1
                    """)
                #expect(told.contains("boot loader  rEFInd, '\(boot)/efi/EFI/refind'"), "\(told)")
                #expect(told.contains("note: no boot loader was looked for in '\(boot)': could not look at '"), "\(told)")
            }
        }

        @Test func `of two on one partition the one that was set up is taken`() async throws {
            try await Deployable.with(partition: "64M") { machine in
                let second = "mkdir -p '\(machine.boot)/EFI/BOOT'; echo timeout 3 > '\(machine.boot)/EFI/BOOT/refind.conf'"
                try await machine.disk.change(second)
                try await machine.run("deploy sample_image:v2")
                #expect(try machine.menu("docker-btrfs.conf").contains("sample_image:v2"))
                #expect(try await machine.disk.look("ls '\(machine.boot)/EFI/BOOT'") == "refind.conf\n")
                #expect(try await machine.run(machine.setup).contains("\nall is set up as it should be\n"))

                // At first nobody knows which of them starts the machine.
                try await machine.disk.change("rm .docker-btrfs/settings")
                let told = try await machine.fails(machine.setup)
                #expect(told.contains("could not choose a boot loader: there is rEFInd in "), "\(told)")
                #expect(told.hasSuffix("hint: choose with --loader, and --boot with the loader's own folder\n"), "\(told)")
                let setup = "'\(Repository.companion)' \(machine.setup) --boot '\(machine.boot)/EFI/refind'"
                #expect(try await machine.disk.change(setup).contains("boot loader  rEFInd, '\(machine.boot)/EFI/refind'"))
                #expect(try await machine.run("status").contains(/\ next +sample_image:v2/))
            }
        }

        @Test func `a systemd-boot without entries gets the directory of them`() async throws {
            try await Deployable.with(setup: "--loader systemd-boot", partition: "64M") { machine in
                let change = "rm -r '\(machine.boot)/loader/entries'; echo timeout 3 > '\(machine.boot)/loader/loader.conf'"
                try await machine.disk.change(change)
                try await machine.run("deploy sample_image:v2")
                #expect(try await machine.disk.look("ls '\(machine.boot)/loader/entries' | wc -l") == "1\n")
                // Room for the first entry is looked for at the top.
                try await machine.disk.change("touch '\(machine.boot)/.docker-btrfs.new'")
                #expect(try await machine.run("prune").hasSuffix("removed what commands that were cut off left\n"))
                #expect(try await machine.disk.look("find '\(machine.boot)' -name '*.new'") == "")
            }
        }
    }
}
