import TestSupport
import Testing

extension OnDisk {
    /// What a btrfs of a real machine may be like.
    struct BtrfsTests {
        @Test func `paths go from the top level, whatever the default subvolume is`() async throws {
            try await Disk.withStore { disk, _ in
                try await disk.change("btrfs subvolume create @; btrfs subvolume set-default @; mkdir @/docker @/boot_docker")
                try await disk.bootWell()
                #expect(try await disk.look("cat docker_rwlayer/etc/motd; ls -A @") == "from the top layer\nboot_docker\ndocker\n")
            }
        }

        @Test func `the store may be in a subvolume, and the root in another`() async throws {
            try await Disk.withStore { disk, _ in
                try await disk.change(
                    """
                    btrfs subvolume create @roots
                    btrfs subvolume create @var; mkdir -p @var/lib/docker/btrfs/subvolumes
                    mv docker/btrfs/subvolumes/* @var/lib/docker/btrfs/subvolumes; cp -a docker/image @var/lib/docker
                    """)
                var line = disk.line
                line.dockerPath = "/@var/lib/docker"
                line.flags = "rootflags=subvol=@roots/mine"
                for _ in 1...2 { try await disk.bootWell(line) }
                let found = try await disk.look(
                    "cat @roots/mine/etc/motd; ls -A .docker-btrfs/roots/*; btrfs subvolume list -o @roots | wc --lines")
                #expect(found == "from the top layer\n1\n")
            }
        }

        @Test func `rootflags are used for what is written`() async throws {
            try await Disk.withStore { disk, _ in
                try await Disk.with(["mkfs.ext4", "-q"], size: "16M") { machine in
                    try await machine.change("printf 'easy%.0s' {1..200000} > easy", options: "rw")
                    var line = disk.line.layered(from: machine)
                    for (flags, isEncoded) in [("", false), (",compress-force=zstd:3", true)] {
                        line.flags = "rootflags=subvol=docker_rwlayer\(flags)"
                        // Otherwise nothing is written: the root is a snapshot of the template.
                        try await machine.change("touch easy", options: "rw")
                        try await disk.bootWell(line)
                        let extents = try await disk.look("filefrag -v docker_rwlayer/easy")
                        #expect(extents.contains("encoded") == isEncoded)
                    }
                }
            }
        }

        @Test func `options of a place in the tree, which the filesystem does not know, do no harm`() async throws {
            try await Disk.withStore { disk, _ in
                var line = disk.line("toplayerflags=noatime,nodev,x-systemd.automount")
                line.flags = "rootflags=subvol=docker_rwlayer,defaults,noatime,nosuid,X-mount.mkdir,X-mount.subdir=x,comment=mine"
                try await disk.bootWell(line)
            }
        }

        @Test func `an option that btrfs does not know is an error with the kernel's words`() async throws {
            try await Disk.withStore { disk, _ in
                var line = disk.line
                line.flags += ",nonsense"
                try await expectRefusal(
                    on: disk, line,
                    "could not use 'nonsense' in rootflags=: Invalid argument: btrfs: Unknown parameter 'nonsense'"
                        + "\nhint: correct it on the kernel command line, or take it out")
            }
        }

        @Test func `a filesystem of two devices, with and without the second`() async throws {
            try await Disk.withStore { disk, _ in
                try await Disk.with(["true"], size: "256M") { second in
                    try await disk.change(
                        "btrfs device add -f \(second.device) .; btrfs balance start -f -dconvert=raid1 -mconvert=raid1 -sconvert=raid1 ."
                    )
                    try await disk.bootWell()
                    // As on a machine that was started without the second disk.
                    try await second.detach()
                    try await output(of: ["btrfs", "device", "scan", "--forget", disk.device])
                    try await expectRefusal(
                        on: disk, disk.line("rootdelay=0"),
                        """
                        could not use the device '\(disk.device)' (root=): other devices of its btrfs filesystem were not there after 0 s
                        hint: attach them, or add degraded to rootflags= to go without
                        """)
                    var line = disk.line("rootdelay=0")
                    line.flags += ",degraded"
                    try await disk.bootWell(line)
                    #expect(
                        try await output(of: disk.mounted("cat docker_rwlayer/etc/motd", options: "ro,degraded")) == "from the top layer\n")

                    // As udev does when a disk comes.
                    try await output(of: ["btrfs", "device", "scan", second.attached().device])
                    try await disk.bootWell()
                }
            }
        }
    }
}
