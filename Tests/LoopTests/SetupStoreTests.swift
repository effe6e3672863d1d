import TestSupport
import Testing

extension OnDisk {
    /// A store that moves: what the top layer's fstab mounts for the engines then.
    @Suite struct SetupStoreTests {
        private static let table = "boot_docker/etc/fstab"
        private static let options =
            "noatime,nofail,x-systemd.before=docker.service,x-systemd.before=containerd.service"
            + ",x-systemd.required-by=docker.service,x-systemd.required-by=containerd.service,x-systemd.wanted-by=local-fs.target"

        /// `body` gets a machine, the place of its store and the line that mounts a disk for that, and what the store is as a directory of the btrfs.
        private func moving(
            _ body: (_ machine: Deployable, _ place: String, _ disk: String, _ bound: [String]) async throws -> Void
        ) async throws {
            try await Disk.with(["mkfs.ext4", "-q"], size: "64M") { data in
                try await Deployable.with { machine in
                    let place = machine.disk.folder + "/docker"
                    try await output(of: ["mkdir", "-p", place])
                    let (own, other) = (try await machine.disk.uuid(), try await data.uuid())
                    let bound = [
                        "UUID=\(own) /mnt/docker-btrfs/top btrfs subvolid=5,\(Self.options) 0 0\n",
                        "/mnt/docker-btrfs/top/docker \(place) none bind,\(Self.options),x-systemd.requires-mounts-for=/mnt/docker-btrfs/top 0 0\n",
                    ]
                    try await body(machine, place, "UUID=\(other) \(place) ext4 \(Self.options) 0 0\n", bound)
                }
            }
        }

        private func setup(_ machine: Deployable, _ place: String) -> String {
            machine.command(machine.setup.replacing("--data-root docker", with: "--data-root '\(place)'")) + " --top-level ."
        }

        @Test(arguments: [true, false])
        func `a store that moves from a disk into the btrfs, or back, at the same place is mounted from where it is`(isBack: Bool)
            async throws
        {
            try await moving { machine, place, disk, bound in
                let data = String(disk.prefix { $0 != " " })
                try await machine.disk.change(": > \(Self.table)")
                let srv = try await machine.disk.uuid()
                let rest = "UUID=\(srv) /srv btrfs subvol=docker_data/srv,noatime 0 0\n"
                let (before, after) = isBack ? (bound.joined() + rest, rest + disk) : (disk + rest, rest + bound.joined())
                // Without the cache file of libblkid, for its disk had another filesystem a moment ago.
                let back = "BLKID_FILE=/dev/null mount '\(data)' '\(place)'; mkdir -p '\(place)/image'"
                let mount = isBack ? back : "mount --bind docker '\(place)'"
                let told = try await machine.disk.change(
                    """
                    cat > \(Self.table) << 'END'
                    \(before)END
                    \(mount)
                    \(setup(machine, place)) 2>&1
                    """)
                let source = isBack ? data : "/mnt/docker-btrfs/top/docker"
                #expect(
                    told.contains("mounts '\(place)' from \(source) in place of \(isBack ? "/mnt/docker-btrfs/top/docker" : data)"),
                    "\(told)")
                #expect(try await machine.disk.look("cat \(Self.table)") == after)
                let again = try await machine.disk.change("\(mount)\n\(setup(machine, place)) 2>&1")
                #expect(again.contains("\nall is set up as it should be\n"), "\(again)")
            }
        }

        @Test func `a person's own line that mounts something else for the store is told, and one that mounts the store stays`()
            async throws
        {
            try await moving { machine, place, disk, bound in
                let data = String(disk.prefix { $0 != " " })
                let own = String(bound[0].prefix { $0 != " " })
                let before = try await machine.disk.look("cat \(Self.table)")
                for (line, isRefused) in [
                    ("\(data) \(place) ext4 defaults 0 2", true), ("\(own) \(place) btrfs subvol=other 0 0", true),
                    ("UUID=9 \(place) btrfs defaults 0 0", true), ("\(own) \(place) btrfs defaults 0 0", false),
                    ("\(own) \(place) btrfs subvol=docker,compress=zstd 0 0", false),
                ] {
                    let told = try await machine.disk.change(
                        """
                        cat > \(Self.table) << 'END'
                        \(before)\(line)
                        END
                        mount --bind docker '\(place)'; \(setup(machine, place)) 2>&1 || true
                        """)
                    let refusal = """
                        Error: could not mount the images' store at '\(place)': the top layer's etc/fstab mounts '\(line.prefix { $0 != " " })' there
                        hint: take that line out of '/boot_docker/etc/fstab' first

                        """
                    #expect(told.hasSuffix(refusal) == isRefused, "\(told)")
                    #expect(try await machine.disk.look("cat \(Self.table)").contains("\(line)\n"))
                }
            }
        }

        @Test func `a mount that was made by hand to look at the btrfs is in no root, and the store is mounted where its engine looks`()
            async throws
        {
            try await Deployable.with { machine in
                let table = try await machine.disk.look("cat \(Self.table)")
                #expect(table.contains("\n/mnt/docker-btrfs/top/docker /var/lib/docker none bind,"), "\(table)")
                #expect(!table.contains(machine.disk.folder), "\(table)")
                // What a person's fstab has is none of that kind.
                let kept = try await machine.disk.change(
                    """
                    echo "LABEL=x $PWD btrfs subvolid=5 0 0" > '\(machine.disk.folder)/system/etc/fstab'; rm \(Self.table)
                    blkid > /dev/null # It remembers what it found for two seconds.
                    btrfs filesystem label . x
                    \(machine.command(machine.setup)) > /dev/null 2>&1; cat \(Self.table)
                    """)
                #expect(kept.hasPrefix("LABEL=x ") && !kept.contains("docker-btrfs/top"), "\(kept)")
            }
        }
    }
}
