import TestSupport
import Testing

extension OnDisk {
    /// Devices that are not there or hold something else, and top layers that are not there.
    struct DeviceTests {
        @Test func `a device of the top layer that does not come`() async throws {
            try await Disk.withStore { disk, _ in
                var line = disk.line("rootdelay=0")
                line.topLayer = "LABEL=no-such-disk"
                let bytes = try await disk.bytes()
                let outcome = try await disk.boot(line)
                #expect(outcome.status == 1)
                let lines = outcome.told.split(separator: "\n")
                #expect(lines.first == "could not find the device 'LABEL=no-such-disk' (toplayer=): it was not there after 0 s")
                // What else the machine has depends on the machine.
                #expect(lines.last?.hasSuffix("; one that is slow is waited for with rootwait=30") == true)
                #expect(lines.last?.hasPrefix("hint: here are ") == true && lines.last?.contains("\(disk.device) (btrfs)") == true)
                #expect(try await disk.bytes() == bytes)
            }
        }

        @Test func `rootwait does not wait for a top layer without end, and what is waited for is told`() async throws {
            try await Disk.withStore { disk, _ in
                try await disk.bootWell(disk.line(keeping: ""))
                var line = disk.line(keeping: "rootwait")
                line.topLayer = "LABEL=no-such-disk"
                let outcome = try await disk.boot(line)
                #expect(outcome.status == 0)
                #expect(outcome.told.hasPrefix("still waiting for the device 'LABEL=no-such-disk' (toplayer=), 10 s at most\n"))
                #expect(outcome.told.contains("booting root 1 ('sample_image:latest') instead"), "\(outcome.told)")
            }
        }

        @Test func `a root whose disk is read-only says so`() async throws {
            try await Disk.withStore { disk, _ in
                try await output(of: ["blockdev", "--setro", disk.device])
                let outcome = try await disk.boot()
                // The loop device would stay so for the next disk.
                try await output(of: ["blockdev", "--setrw", disk.device])
                let reason = ": could not write to the filesystem: its disk is read-only\nhint: "
                #expect(outcome.status == 1 && outcome.told.contains(reason), "\(outcome.told)")
            }
        }

        @Test func `a subvolume of the top layer's flags that is not there is named`() async throws {
            try await Disk.withStore { disk, _ in
                try await Disk.with(["mkfs.btrfs", "-q"], size: "128M") { other in
                    var line = disk.line("toplayerflags=noatime,subvol=typo toplayer_path=/")
                    line.topLayer = other.device
                    try await expectRefusal(
                        on: disk, line,
                        """
                        could not mount '\(other.device)' (toplayer=, btrfs): there is no subvolume 'typo' on it
                        hint: correct subvol= in toplayerflags=
                        """)
                    try await disk.change("mount '\(other.device)' /mnt; mkdir /mnt/plain; umount /mnt")
                    line = disk.line("toplayerflags=subvol=plain toplayer_path=/")
                    line.topLayer = other.device
                    try await expectRefusal(
                        on: disk, line,
                        """
                        could not mount '\(other.device)' (toplayer=, btrfs): Invalid argument
                        hint: if subvol= in toplayerflags= names a directory and no subvolume, say it with toplayer_path= instead
                        """)
                }
            }
        }

        @Test func `a root device that does not come is waited for`() async throws {
            let clock = ContinuousClock()
            let line = KernelLine(root: "/dev/no-such-disk", more: "docker_image=sample_image rootdelay=1")
            let start = clock.now
            let outcome = try await run([Repository.embeddedInit, "--cmdline", line.text])
            #expect(clock.now - start >= .seconds(1))
            #expect(outcome.status == 1)
            #expect(outcome.told.hasPrefix("could not find the device '/dev/no-such-disk' (root=): it was not there after 1 s\nhint: "))
        }

        @Test func `a root that is not on btrfs`() async throws {
            try await Disk.with(["mkfs.ext4", "-q"], size: "16M") { disk in
                try await expectRefusal(
                    on: disk, "could not use '\(disk.device)' (root=): it has ext4 on it, and the root of docker-btrfs is on btrfs")
            }
        }

        @Test func `a top layer on a device without a filesystem`() async throws {
            try await Disk.withStore { disk, _ in
                try await Disk.with(["true"], size: "1M") { empty in
                    var line = disk.line
                    line.topLayer = empty.device
                    try await expectRefusal(
                        on: disk, line,
                        """
                        could not mount '\(empty.device)' (toplayer=): no filesystem was recognised on it
                        hint: say toplayerfstype=TYPE if there is one
                        """)
                }
            }
        }

        @Test(arguments: [
            ("boot_dockr", "'/' holds boot_docker, docker, victim, victims"),
            ("boot_docker/etc/machine", "'/boot_docker/etc' holds absolute.d, hostname, motd, one-elsewhere, passwd, relative.d"),
            ("boot_docker/new/empty/a/b", "'/boot_docker/new/empty' holds nothing"),
        ])
        func `a top layer that is not there`(path: String, hint: String) async throws {
            try await Disk.withStore { disk, _ in
                try await expectRefusal(
                    on: disk, disk.line("toplayer_path=\(path)"),
                    """
                    could not find the top layer '\(disk.device):/\(path)' (toplayer_path=): there is no such directory
                    hint: \(hint.replacing("'/", with: "'\(disk.device):/"))
                    """)
            }
        }

        @Test(arguments: [
            ("/", "docker_rwlayer", "/docker_rwlayer"), ("/docker", "docker_rwlayer", "/docker"), ("/mine", "mine/root", "/mine/root"),
        ])
        func `a top layer that holds the root or the store`(path: String, name: String, held: String) async throws {
            try await Disk.withStore { disk, _ in
                try await disk.change("mkdir mine")
                try await disk.bootWell()
                var line = disk.line("toplayer_path=\(path)")
                line.flags = "rootflags=subvol=\(name)"
                try await expectRefusal(
                    on: disk, line,
                    """
                    could not use '\(disk.device):\(path)' as the top layer: it holds '\(held)'
                    hint: give toplayer_path= a directory that holds only this machine's files
                    """)
            }
        }

        @Test(arguments: ["/docker_rwlayer", "/docker_rwlayer/etc"])
        func `a top layer in the root itself`(path: String) async throws {
            try await Disk.withStore { disk, _ in
                try await disk.bootWell()
                try await expectRefusal(
                    on: disk, disk.line("toplayer_path=\(path)"),
                    """
                    could not use the top layer '\(disk.device):\(path)' (toplayer_path=): it is in the root '/docker_rwlayer', which boots delete
                    hint: move it out of there, to a directory of its own
                    """)
            }
        }
    }
}
