import Testing

extension OnDisk {
    /// What `status` tells, and what is told beside a deployment.
    struct StatusTests {
        @Test func `status counts the boots that were not good, also of an image that was`() async throws {
            try await Deployable.with { machine in
                try await machine.run("deploy sample_image")
                try await machine.boot("sample_image:latest")
                #expect(try await machine.run("status").hasSuffix(", 1 try, none good\n"))
                try await machine.disk.markGood()
                #expect(try await machine.run("status").hasSuffix(", good\n"))
                try await machine.boot("sample_image:latest")
                #expect(try await machine.run("status").hasSuffix(", good before, the last boot was not\n"))
                for _ in 1...2 { try await machine.boot("sample_image:latest") }
                let told = try await machine.run("status")
                let title = try "sample_image:latest (\(machine.shortID("sample_image:latest")))"
                let note = "  none of the last 3 boots of \(title) was good: what booted well last is booted instead\n"
                #expect(told.contains(", good before, the last 3 boots were not\n") && told.hasSuffix(note), "\(told)")
            }
        }

        @Test func `where nothing was ever good, status does not promise another boot`() async throws {
            try await Deployable.with { machine in
                try await machine.run("deploy sample_image")
                for _ in 1...3 { try await machine.boot("sample_image:latest") }
                #expect(try await machine.run("status").hasSuffix(" was good, and nothing else was: it is booted again\n"))
                try await machine.boot("sample_image:latest")
                #expect(try await machine.disk.look("cat docker_rwlayer/etc/version") == "1\n")
            }
        }

        @Test func `status tells where docker-btrfs-init was asked for, and did not run`() async throws {
            try await Deployable.with { machine in
                let note = "  this boot made no root: docker-btrfs-init is not in its initramfs, or was not run; "
                for (line, report, isTold) in [
                    ("docker_path=/docker", "rm -f", true), ("docker_deployed=01", "rm -f", true),
                    ("docker_path=/docker", "echo {} >", false),
                    ("docker_path=/docker docker_kernel=started", "rm -f", false), ("root=/dev/sda1", "rm -f", false),
                ] {
                    let told = try await machine.disk.change(
                        """
                        mount -t tmpfs none /run; mkdir /run/docker-btrfs; \(report) /run/docker-btrfs/boot.json
                        echo 'quiet \(line)' > /run/line; mount --bind /run/line /proc/cmdline
                        \(machine.command("status"))
                        """)
                    #expect(told.contains(note) == isTold, "\(line) \(report): \(told)")
                }
            }
        }

        /// On a mount that writes times of access, as `mount` makes one.
        @Test func `what status reads is not written, and a symlink that nobody followed for days leads on`() async throws {
            try await Deployable.with { machine in
                try await machine.disk.change("mv boot_docker old; btrfs subvolume create boot_docker; cp -a old/. boot_docker; rm -r old")
                try await machine.run("deploy sample_image")
                try await machine.disk.change(
                    """
                    hold=$(echo .docker-btrfs/layers/*)
                    btrfs property set $hold ro false
                    mv $hold/usr/sbin/init $hold/usr/lib/first
                    ln -s ../lib/first $hold/usr/sbin/init
                    test -L $hold/sbin
                    find $hold boot_docker -exec touch -h -a -d '2 days ago' {} +
                    btrfs property set $hold ro true
                    """)
                let generation = "btrfs subvolume show boot_docker | grep Generation:"
                let before = try await machine.disk.look(generation)
                let told = try await machine.run("status")
                #expect(!told.contains("would be refused"), "\(told)")
                #expect(try await machine.disk.look(generation) == before)
            }
        }

        @Test func `what check warns of is told once, when it is deployed`() async throws {
            try await Deployable.with { machine in
                let own = try await machine.disk.uuid()
                try await machine.disk.change(
                    """
                    echo 'UUID=1234-5678 /media vfat defaults 0 0' >> boot_docker/etc/fstab
                    # As blkid(8) prints what is here.
                    echo 'UUID="\(own)" /the\\040data btrfs defaults 0 0' >> boot_docker/etc/fstab
                    """)
                let notes = [
                    "\nnote: network: nothing sets it up; install network-manager ",
                    "\nnote: fstab: /media is on UUID=1234-5678, which is not here: the boot stops there; 'docker-btrfs setup' renews ",
                ]
                for option in ["--dry-run", ""] {
                    let told = try await machine.run("deploy sample_image \(option) 2>&1")
                    for note in notes { #expect(told.contains(note), "\(told)") }
                    #expect(!told.contains("the data"), "\(told)")
                    #expect(!told.contains("kernel: "), "\(told)")
                }
                let again = try await machine.run("deploy sample_image 2>&1")
                #expect(again.hasPrefix("next boot: ") && !again.contains("note: network: "), "\(again)")
            }
        }

        /// This depends on the machine: the image and its deployment did not change.
        @Test func `a disk that the top layer mounts and that is gone is told each time`() async throws {
            try await Deployable.with { machine in
                try await machine.run("deploy sample_image")
                try await machine.run("deploy sample_image:v2")
                #expect(try await !machine.run("status").contains("fstab: "))
                try await machine.disk.change("echo 'UUID=1234-5678 /boot/efi vfat defaults 0 0' >> boot_docker/etc/fstab")
                let note = """
                    fstab: /boot/efi is on UUID=1234-5678, which is not here: the boot stops there; 'docker-btrfs setup' renews it where setup wrote it; else add 'nofail' to that line, or take it out

                    """
                for words in ["deploy sample_image:v2", "rollback", "deploy sample_image:v2 --dry-run", "status"] {
                    let told = try await machine.run("\(words) 2>&1")
                    #expect(told.ranges(of: note).count == 1, "\(words): \(told)")
                }
                try await machine.disk.change("sed -i 's/vfat defaults/vfat nofail/' boot_docker/etc/fstab")
                #expect(try await !machine.run("status").contains("fstab: "))
            }
        }
    }
}
