import Foundation
import TestSupport
import Testing

extension OnDisk {
    /// What a boot loader would find where something went wrong beside it.
    struct LoaderFaultTests {
        /// Each file of a kernel is called after its content.
        private static let areWhole = """
            whole() { for one in .docker-btrfs/boot/*; do [[ $one == *-$(sha256sum < "$one" | head -c 16) ]] || echo "$one"; done; }
            """

        @Test func `a file of a kernel that kept its length and lost its bytes is written anew`() async throws {
            try await Deployable.with { machine in
                try await machine.giveInitramfs()
                try await machine.run("deploy sample_image:latest")
                let damage = "printf lost | dd of=\"$file\" conv=notrunc seek=7 bs=1 status=none"
                let told = try await machine.disk.change(
                    """
                    \(Self.areWhole)
                    file=$(echo .docker-btrfs/boot/initrd-*); \(damage); whole
                    \(machine.command("deploy sample_image:latest")); whole
                    # Another image has the same.
                    \(damage)
                    \(machine.command("deploy sample_image:v2")); whole
                    \(machine.command("rollback")) > /dev/null; kernel=$(grep -o 'vmlinuz-[0-9a-f]*' '\(machine.boot)/EFI/refind/docker-btrfs-earlier.conf')
                    file=.docker-btrfs/boot/$kernel; \(damage)
                    ! \(machine.command("rollback sample_image:v2")) 2>&1
                    \(machine.command("deploy sample_image:v2")); whole
                    """)
                let lines = told.split(separator: "\n")
                #expect(lines.first?.hasPrefix(".docker-btrfs/boot/initrd-") == true, "\(told)")
                #expect(lines.count { $0.hasPrefix(".docker-btrfs/boot/") } == 1, "\(told)")
                #expect(lines.count { $0.hasPrefix("next boot: sample_image:v2 ") } == 2, "\(told)")
                #expect(
                    told.contains(
                        "its content is another one\nhint: the disk may be failing: see dmesg; 'docker-btrfs deploy' of its image"))
            }
        }

        /// XFS writes its log, and GRUB reads none.
        @Test func `GRUB finds the new menu on an XFS at once`() async throws {
            try await Deployable.with(setup: "--loader grub --kernels btrfs") { machine in
                let file = "\(machine.disk.folder)/xfs"
                let make = """
                    truncate --size 400M '\(file)'; mkfs.xfs -q '\(file)'; mkdir '\(file).mounted'; mount -o loop '\(file)' '\(file).mounted'
                    cp -a '\(machine.boot)/.' '\(file).mounted'; sync -f '\(file).mounted'
                    """
                try await output(of: ["bash", "-euc", make])
                for name in ["sample_image:latest", "sample_image:v2"] {
                    let command = machine.command("deploy \(name)").replacing(machine.boot, with: "\(file).mounted")
                    try await machine.disk.change(command)
                    let menu = try await output(of: ["grub-fstest", file, "cat", "(loop0)/grub/docker-btrfs.cfg"])
                    #expect(menu.contains("set default=docker-btrfs-\(try machine.shortID(name))"), "\(menu)")
                }
                try await output(of: ["umount", "\(file).mounted"])
            }
        }

        @Test func `where a person writes the entries, deploy and rollback print them and say what is to be done`() async throws {
            try await Deployable.with(setup: "--loader print") { machine in
                try await machine.run("deploy sample_image:latest")
                for (words, first) in [("deploy sample_image:v2", "sample_image:v2"), ("rollback", "sample_image:latest")] {
                    let told = try await machine.disk.change(machine.command(words) + " 2>&1")
                    let entries = told.split(separator: "\n").filter { $0.hasPrefix("title ") }
                    #expect(entries.count == 2 && entries.first?.contains(first) == true, "\(told)")
                    #expect(
                        told.contains("note: the boot menu is yours to write: make the first of these entries its default\n"), "\(told)")
                }
            }
        }

        @Test func `before a boot that would be refused, status and rollback say so`() async throws {
            try await Deployable.with { machine in
                try await machine.run("deploy sample_image:latest")
                try await machine.run("deploy sample_image:v2")
                for (damage, reason) in [
                    ("echo '{\"bogus\": 1}' > boot_docker/.docker-btrfs.json", "there is no member 'bogus'"),
                    (
                        "mv boot_docker gone",
                        "could not find the top layer '/boot_docker': it is not there; docker-btrfs setup makes a new one"
                    ),
                ] {
                    try await machine.disk.change(damage)
                    for command in ["status", "rollback"] {
                        let told = try await machine.disk.change(machine.command(command) + " 2>&1")
                        #expect(told.contains("the boot of sample_image:") && told.contains(reason), "\(command): \(told)")
                    }
                }
                try await machine.disk.change("mv gone boot_docker")
                #expect(try await machine.fails(machine.setup).contains("there is no member 'bogus'"))
            }
        }

        @Test func `a menu that cannot be written, or read, is one of the notes of status`() async throws {
            try await Deployable.with(setup: "--loader grub") { machine in
                try await machine.run("deploy sample_image:latest")
                try await machine.disk.change("cp .docker-btrfs/settings whole; sed -i \"s,quiet,quiet x=a'b,\" .docker-btrfs/settings")
                let told = try await machine.run("status")
                #expect(told.contains("next") && told.contains("could not write the kernel option 'x=a'b' for GRUB"), "\(told)")
                let menu = "'\(machine.boot)/grub/docker-btrfs.cfg'"
                let damaged = try await machine.disk.change(
                    "mv whole .docker-btrfs/settings; rm \(menu); mkdir \(menu); \(machine.command("status"))")
                #expect(damaged.contains("chosen  sample_image:latest"), "\(damaged)")
                #expect(damaged.components(separatedBy: "could not read \(menu): it is not a regular file").count == 2, "\(damaged)")
            }
        }

        @Test func `where the btrfs is full, what frees room is said`() async throws {
            try await Deployable.with { machine in
                let trace = "strace -f -qq -o /dev/null -e inject=syncfs:error=ENOSPC"
                for words in ["deploy sample_image:latest", "\(machine.setup) --data /more"] {
                    let told = try await machine.disk.change("! \(trace) \(machine.command(words)) 2>&1")
                    #expect(told.contains("No space left on device\nhint: 'docker-btrfs root ls' lists earlier roots, and "), "\(told)")
                }
                // Without settings no command lists roots.
                let first = "\(trace.replacing("syncfs", with: "fsync")) \(machine.command(machine.setup))"
                let told = try await machine.disk.change("rm .docker-btrfs/settings; ! \(first) 2>&1")
                #expect(told.contains("No space left on device\nhint: make room there\n"), "\(told)")
            }
        }

        @Test func `on a btrfs that is mounted read-only nothing is taken out of the menu, and it stays so`() async throws {
            try await Deployable.with(setup: "--loader grub") { machine in
                try await machine.run("deploy sample_image:latest")
                try await machine.run("deploy sample_image:v2")
                for command in ["rm sample_image:latest", "uninstall"] {
                    let files = "sha256sum '\(machine.boot)'/grub/* .docker-btrfs/deployments/*"
                    let before = try await machine.disk.look(files)
                    let told = try await machine.disk.change(
                        "mount -o remount,ro .; ! \(machine.command(command)) 2>&1; mount -o remount,rw .")
                    #expect(told.contains("': it is mounted read-only at '"), "\(command): \(told)")
                    #expect(try await machine.disk.look(files) == before, "\(command)")
                }
                // A mount of this program's own would make it writable for all.
                let told = try await machine.disk.change(
                    """
                    mount -o remount,ro .; ! '\(Repository.companion)' rollback --boot '\(machine.boot)' 2>&1
                    findmnt --noheadings --output FS-OPTIONS . | cut -d , -f 1; mount -o remount,rw .
                    """)
                #expect(told.contains("': it is mounted read-only at '") && told.hasSuffix("\nro\n"), "\(told)")
            }
        }

        @Test func `a boot loader that is gone is no obstacle, one whose partition is not mounted is`() async throws {
            try await Deployable.with(setup: "--loader grub", partition: "64M") { machine in
                try await machine.run("deploy sample_image:latest")
                let uninstall = "'\(Repository.companion)' uninstall --top-level ."
                let told = try await machine.disk.change(
                    """
                    umount '\(machine.boot)'
                    ! \(uninstall) --boot '\(machine.boot)' 2>&1
                    mkdir -p '\(machine.boot)/loader/entries'; ! \(uninstall) 2>&1; rm -r '\(machine.boot)/loader'
                    mount -t tmpfs "$(findmnt --noheadings --output SOURCE .)" '\(machine.boot)'; mkdir '\(machine.boot)/inner'
                    sed -i 's,\\("boot": "[^"]*\\)",\\1/inner",' .docker-btrfs/settings
                    ls .docker-btrfs/boot | wc -l; \(uninstall)
                    """)
                #expect(told.components(separatedBy: "could not find GRUB in '\(machine.boot)'\n").count == 3, "\(told)")
                #expect(told.contains("\n2\n") && told.hasSuffix("removed 1 deployment and the settings\n"), "\(told)")
            }
        }

        @Test func `GRUB forgets an entry that goes, where it was told of it for one boot`() async throws {
            try await Deployable.with(setup: "--loader grub", partition: "64M") { machine in
                let environment = "grub-editenv '\(machine.boot)/grub/grubenv'"
                try await machine.run("deploy sample_image:latest")
                let line =
                    "root=\(machine.disk.device) rootflags=subvol=docker_rwlayer docker_deployed=\(try machine.id("sample_image:latest")) rw"
                try await output(of: [Repository.embeddedInit, "--cmdline", line])
                for name in ["zz", "aa"] {
                    try await machine.run("root keep 1 \(name)")
                    #expect(try await !machine.run("status 2>&1").contains("not what it should be"), "by their names: \(name)")
                }
                let entry = "$(grep -o 'docker-btrfs-root-[0-9a-f]*' '\(machine.boot)/grub/docker-btrfs-earlier.cfg' | head -1)"
                let told = try await machine.disk.change(
                    """
                    \(environment) set next_entry="\(entry)"; \(machine.command("status")) 2>&1
                    '\(Repository.companion)' plan --top-level . 2>&1; \(machine.command("rehearse --rehearsal-folder /nothing")) 2>&1 || true
                    '\(Repository.companion)' enter --top-level . -- /nothing 2>&1 || true
                    \(machine.command("root rm aa")); \(environment) list
                    """)
                #expect(told.contains("\n  the boot loader was told to start '/aa' at the next boot alone\n"), "\(told)")
                let note = "note: the boot loader was told to start '/aa' at the next boot alone; this is the default, which comes"
                #expect(told.components(separatedBy: note).count == 4, "\(told)")
                #expect(told.contains("tell GRUB to forget the boot that it was told of\n") && !told.contains("next_entry"), "\(told)")

                // Of a loader that was set up before.
                try await machine.run("deploy --once sample_image:v2")
                try await machine.disk.change("mkdir '\(machine.boot)/loader'; touch '\(machine.boot)/loader/loader.conf'")
                try await machine.run(machine.setup.replacing("--loader grub", with: "--loader systemd-boot"))
                #expect(try await machine.disk.look("\(environment) list").contains("next_entry=docker-btrfs-"))
                try await machine.run("uninstall")
                #expect(try await machine.disk.look("\(environment) list") == "saved_entry=other\n")
            }
        }
    }
}
