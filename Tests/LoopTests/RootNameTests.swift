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
                hint: say rootflags=subvol=NAME without subvolid= on the kernel command line: it replaces what dracut wrote to /etc/cmdline.d
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

        /// It would go with the next boot of the other one.
        @Test(arguments: [
            ("docker_rwlayer/sub", "'/docker_rwlayer' is another root"), ("docker_rwlayer/srv/a/sub", "'/docker_rwlayer' is another root"),
            ("docker/x", "'/docker' is Docker's data-root"),
        ])
        func `a name in another root, or in the store, is refused`(name: String, reason: String) async throws {
            try await Disk.withStore { disk, _ in
                try await disk.bootWell()
                var line = disk.line
                line.flags = "rootflags=subvol=\(name)"
                try await expectRefusal(
                    on: disk, line,
                    """
                    could not make the root '/\(name)': \(reason)
                    hint: give rootflags=subvol= a name outside of that
                    """)
            }
        }

        @Test func `a top layer in the root is refused by whatever name its filesystem is called`() async throws {
            try await Disk.withStore { disk, _ in
                try await disk.bootWell()
                try await disk.change("btrfs subvolume create docker_rwlayer/nest; mkdir docker_rwlayer/nest/top")
                var line = disk.line("toplayerflags=subvol=docker_rwlayer/nest toplayer_path=top")
                line.topLayer = "UUID=\(try await disk.uuid())"
                let outcome = try await disk.boot(line)
                let reason = "could not use the top layer '/docker_rwlayer/nest/top' (toplayer_path=): it is in the root '/docker_rwlayer'"
                #expect(outcome.status == 1 && outcome.told.contains("\(reason), which boots delete\n"), "\(outcome.told)")
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

        /// Mounts, where only another process sees it, what `mounting` says: the root at its first argument, a folder of it at the second.
        private func boot(_ disk: Disk, _ line: KernelLine, whileMounted subvolume: String, _ mounting: String) async throws -> Outcome {
            let script = #"""
                mkdir -p "$1/whole" "$1/part"
                unshare --mount bash -euc "mount -o subvol=$3 $2 $1/whole; $4; touch $1/up; exec sleep 60" & holder=$!
                trap 'kill $holder' EXIT
                until [[ -e $1/up ]]; do sleep 0.05; done
                status=0; "${@:5}" 2> "$1/told" || status=$?
                sed "s/process $holder /process PID /" "$1/told" >&2; exit "$status"
                """#
            let command = ["bash", "-euo", "pipefail", "-c", script, "bash", disk.folder, disk.device, subvolume, mounting]
            return try await run(command + disk.bootCommand(line))
        }

        @Test(arguments: [("true", "whole"), ("mount --bind whole/etc part; umount whole", "part")])
        func `nor is one of which another process sees a mount, or of a part of it`(mounting: String, place: String) async throws {
            try await Disk.withStore { disk, _ in
                try await disk.bootWell()
                let files = try await disk.files()
                let outcome = try await boot(disk, disk.line, whileMounted: "docker_rwlayer", "cd \(disk.folder); \(mounting)")
                #expect(
                    outcome
                        == .failed(
                            """
                            could not replace '/docker_rwlayer': it is mounted at '\(disk.folder)/\(place)' as process PID sees it
                            hint: the next boot replaces it
                            """))
                #expect(try await disk.files() == files)
            }
        }

        @Test func `a kept root that is mounted somewhere is not deleted, and that is said`() async throws {
            try await Disk.withStore { disk, _ in
                for _ in 1...2 { try await disk.bootWell(disk.line(keeping: "")) }
                let kept = ".docker-btrfs/roots/docker_rwlayer/1"
                let outcome = try await boot(disk, disk.line(keeping: "docker_keep=0"), whileMounted: kept, "true")
                let mounted = "it is mounted at '\(disk.folder)/whole' as process PID sees it"
                let note = "could not delete the subvolume '/\(kept)': \(mounted), ignoring"
                #expect(outcome.status == 0 && outcome.told.contains(note), "\(outcome)")
                #expect(try await disk.look("cat \(kept)/etc/version; ls .docker-btrfs/roots/docker_rwlayer") == "1\n1\n")
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
