import TestSupport
import Testing

extension OnDisk {
    /// What rootflags= calls the root, and what may not be replaced.
    struct RootNameTests {
        @Test(arguments: [
            (
                "",
                """
                could not find 'subvol=' in rootflags= on the kernel command line: nothing says what the root is to be called
                hint: add rootflags=subvol=NAME, for example rootflags=subvol=docker_rwlayer
                """
            ),
            (
                "rootflags=compress=zstd,noatime",
                """
                could not find 'subvol=' in rootflags= on the kernel command line: nothing says what the root is to be called
                hint: add rootflags=subvol=NAME, for example rootflags=subvol=docker_rwlayer
                """
            ),
            ("rootflags=subvol=a,subvol=b", "could not choose the root: rootflags= has subvol= 2 times: a, b"),
            ("rootflags=subvol=a rootflags=subvol=b", "could not choose the root: rootflags= has subvol= 2 times: a, b"),
            (
                "rootflags=subvol=",
                "could not use 'subvol=': it is empty\nhint: add the root's name, for example rootflags=subvol=docker_rwlayer"
            ),
            (
                "rootflags=subvol=/",
                "could not use 'subvol=/': that is the top level of the filesystem, not a root that can be replaced"
            ),
            (
                "rootflags=subvolid=256,subvol=a",
                """
                could not use 'subvolid=256' in rootflags=: the root is made anew and has another id at each boot
                hint: take 'subvolid=256' out of rootflags=: its subvol= is enough
                """
            ),
            ("rootflags=subvol=../a", "could not use 'subvol=../a': a path must not contain '..'"),
        ])
        func `no name, or more than one`(flags: String, message: String) async throws {
            try await Disk.withStore { disk, _ in
                var line = disk.line
                line.flags = flags
                try await expectRefusal(on: disk, line, message)
            }
        }

        @Test(arguments: [
            ("btrfs subvolume create @; echo precious > @/file", "a subvolume"),
            ("mkdir @; echo precious > @/file", "a directory"),
            ("echo precious > @", "a file"),
            ("ln -s docker_rwlayer @", "a symlink"),
            ("btrfs subvolume snapshot docker_rwlayer @", "a subvolume"),
            ("btrfs subvolume snapshot -r docker_rwlayer @", "a subvolume"),
            ("mkdir @; setfattr -n user.docker-btrfs.root -v '' @", "a directory"),
        ])
        func `what docker-btrfs did not make is not replaced`(making: String, what: String) async throws {
            try await Disk.withStore { disk, _ in
                try await disk.bootWell()
                try await disk.change(making)
                var line = disk.line
                line.flags = "rootflags=subvol=@"
                try await expectRefusal(
                    on: disk, line,
                    """
                    could not replace '/@': it is \(what) that docker-btrfs did not make
                    hint: give rootflags=subvol= a name that is not taken, for example @_docker
                    """)
            }
        }

        @Test func `a root that is mounted is not replaced`() async throws {
            try await Disk.withStore { disk, _ in
                try await disk.bootWell()
                let bytes = try await disk.bytes()
                let boot = try disk.bootCommand(disk.line)
                let outcome = try await run(disk.mounted(#""${@:5}""#, options: "ro,subvol=docker_rwlayer") + boot)
                #expect(
                    outcome
                        == .failed(
                            """
                            could not replace '/docker_rwlayer': it is mounted at '\(disk.folder)/top'
                            hint: the next boot replaces it
                            """))
                #expect(try await disk.bytes() == bytes)
            }
        }

        @Test func `a name in a folder that is not there yet`() async throws {
            try await Disk.withStore { disk, _ in
                var line = disk.line
                line.flags = "rootflags=subvol=/layers/of/mine"
                try await disk.bootWell(line)
                try await disk.change("touch layers/of/mine/dirt layers/beside")
                try await disk.bootWell(line)
                let found = try await disk.look(
                    "stat --format '%n %a' layers layers/of; ls -A layers layers/of .docker-btrfs/roots; cat layers/of/mine/etc/motd")
                #expect(
                    found == """
                        layers 755
                        layers/of 755
                        .docker-btrfs/roots:
                        layers%2Fof%2Fmine

                        layers:
                        beside
                        of

                        layers/of:
                        mine
                        from the top layer

                        """)
            }
        }
    }
}
