import TestSupport
import Testing

extension OnDisk {
    /// A root that was kept as it was before its first boot: an unchanged boot is a snapshot of it, and a changed one is not.
    struct TemplateBootTests {
        /// What identifies a root's content: all but the mark, which is another one each time.
        private func content(_ disk: Disk) async throws -> String {
            try await disk.look(
                """
                cd docker_rwlayer; find . -mindepth 1 -printf '%p %y %m %U:%G %s %T@ %n %l\\n' | sort
                getfattr --recursive --no-dereference --absolute-names --dump --match=- . | grep -v docker-btrfs | sort
                find . -type f -print0 | sort -z | xargs -0 sha256sum
                """)
        }

        private func usesTemplate(_ disk: Disk, _ line: KernelLine) async throws -> Bool {
            let outcome = try await disk.boot(line)
            #expect(outcome.status == 0, "\(outcome.told)")
            return outcome.told.contains("snapshot '/.docker-btrfs/templates/")
        }

        @Test func `an unchanged boot is one snapshot, and the root is the same`() async throws {
            try await Disk.withStore { disk, _ in
                #expect(try await !usesTemplate(disk, disk.line))
                let first = try await content(disk)
                let templates = try await disk.templates()
                try await disk.change("echo dirt > docker_rwlayer/etc/motd; rm docker_rwlayer/etc/issue")
                #expect(try await usesTemplate(disk, disk.line))
                #expect(try await content(disk) == first)
                #expect(try await disk.templates() == templates)
                #expect(try await disk.look("btrfs property get -ts \(templates[0]) ro") == "ro=true\n")
            }
        }

        /// Each changes the top layer that the one before left. Some change a file's content and keep its length and time.
        private static let changes = [
            "echo more >> etc/motd", "chmod 600 etc/motd", "setfattr -n user.note -v other etc/motd", "touch new-file", "rm new-file",
            "mv etc/motd etc/motd2; mv etc/motd2 etc/motd3", "mkdir etc/new", "chown 5 etc/new",
            "touch -r etc/fixed reference; echo B > etc/fixed; touch -r reference etc/fixed; rm reference",
            "touch -r etc/fixed reference; printf C | dd of=etc/fixed conv=notrunc status=none; touch -r reference etc/fixed",
            "mv etc/new ../elsewhere", "mv ../elsewhere etc/new", "mkdir -p ../a/b; touch ../a/b/c; mv ../a etc/deep", "rm etc/deep/b/c",
            "touch etc/nocow; chattr +C etc/nocow; echo A > etc/nocow; sync", "printf B | dd of=etc/nocow conv=notrunc status=none",
            "echo A > ../other; mv --exchange ../other etc/nocow 2>/dev/null || { mv etc/nocow ../x; mv ../other etc/nocow; }",
            "cp --reflink=always etc/nocow etc/fixed2; cp --reflink=always etc/fixed etc/fixed2", "fallocate -p -l 1 etc/fixed2",
            "truncate -s 1M etc/fixed2", "chattr +A etc/fixed2", "setfattr -x user.note etc/motd3; setfattr -n trusted.note -v x etc/motd3",
        ]

        /// A file is changed by a second name outside of the layer, which no file of a subvolume can have.
        private static let changesFromOutside = [
            "ln etc/fixed ../outside", "touch -r etc/fixed reference; echo C > ../outside; touch -r reference etc/fixed", "rm ../outside",
        ]

        @Test(arguments: ["mkdir machine-files", "btrfs subvolume create machine-files"])
        func `no change of the top layer is missed`(make: String) async throws {
            try await Disk.withStore { disk, _ in
                try await disk.change("\(make); cp -a boot_docker/. machine-files; echo A > machine-files/etc/fixed")
                let line = disk.line("toplayer_path=machine-files")
                #expect(try await !usesTemplate(disk, line))
                for change in Self.changes + (make.hasPrefix("mkdir") ? Self.changesFromOutside : []) {
                    #expect(try await usesTemplate(disk, line), "before \(change)")
                    try await disk.change("cd machine-files; \(change)")
                    #expect(try await !usesTemplate(disk, line), "after \(change)")
                    #expect(try await disk.templates().count == 1)
                }
                #expect(try await disk.look("head -c 1 docker_rwlayer/etc/fixed") == "C")
            }
        }

        @Test func `no change of the layer's rules is missed, also where they fit themselves`() async throws {
            try await Disk.withStore { disk, _ in
                let rules = "boot_docker/.docker-btrfs.json"
                try await disk.change("echo '{ \"ignore\": [\"/.*\"] }' > \(rules); mkdir -p boot_docker/srv; chmod 710 boot_docker/srv")
                #expect(try await !usesTemplate(disk, disk.line))
                #expect(try await usesTemplate(disk, disk.line))
                try await disk.change("echo '{ \"ignore\": [\"/.*\"], \"directories\": [\"/srv\"] }' > \(rules)")
                #expect(try await !usesTemplate(disk, disk.line))
                #expect(try await disk.look("stat -c %a docker_rwlayer/srv; ls -A docker_rwlayer | grep -c json || true") == "710\n0\n")
            }
        }

        /// The last root says what the top layer was, and no file is looked at. Only what docker-btrfs wrote on that root is believed.
        @Test func `an ordinary directory is known by the last root`() async throws {
            try await Disk.withStore { disk, _ in
                try await disk.change("mkdir machine-files; cp -a boot_docker/. machine-files")
                let line = disk.line("toplayer_path=machine-files")
                #expect(try await !usesTemplate(disk, line))
                #expect(try await usesTemplate(disk, line))
                let name = "trusted.docker-btrfs.top-layer"
                let change = { (script: String) in
                    _ = try await disk.change(
                        """
                        known=$(getfattr --only-values -n \(name) docker_rwlayer)
                        read -r version root subvolume inode transaction state <<< "$known"
                        set_known() { setfattr -n \(name) -v "$1"$'\\n' docker_rwlayer; }
                        \(script)
                        """)
                }
                try await change(#"[[ $inode == $(stat -c %i machine-files) ]]"#)
                try await change(#"set_known "$version $root $subvolume $inode $transaction other""#)
                #expect(try await !usesTemplate(disk, line))
                // The UUID is that of another root, as on an image's topmost directory.
                try await change(#"set_known "$version $subvolume $subvolume $inode $transaction forged""#)
                try await disk.change("echo 1 > machine-files/etc/motd")
                #expect(try await !usesTemplate(disk, line))
                for damage in ["", "1", "$version $root $subvolume $inode 99999999999999999999 forged", "$known more"] {
                    try await change(#"set_known "\#(damage)""#)
                    #expect(try await usesTemplate(disk, line), "\(damage)")
                }
                // Changes beside the top layer do not matter, few or many: a look at each file shows that it is unchanged.
                for count in [1, 3000] {
                    try await disk.change("mkdir beside-\(count); touch beside-\(count)/{1..\(count)}")
                    #expect(try await usesTemplate(disk, line))
                }
            }
        }

        @Test(arguments: ["mkdir machine-files", "btrfs subvolume create machine-files"])
        func `a change in a subvolume nested in the top layer is none of the outer one, and not missed`(make: String) async throws {
            try await Disk.withStore { disk, _ in
                try await disk.change(
                    "\(make); btrfs subvolume create machine-files/etc; echo 1 > machine-files/etc/motd")
                let line = disk.line("toplayer_path=machine-files")
                #expect(try await !usesTemplate(disk, line))
                #expect(try await usesTemplate(disk, line))
                try await disk.change("echo 2 > machine-files/etc/motd")
                #expect(try await !usesTemplate(disk, line))
                #expect(try await disk.look("cat docker_rwlayer/etc/motd") == "2\n")
            }
        }

        @Test func `on another filesystem a file of the same length and time is not missed`() async throws {
            try await Disk.withStore { disk, _ in
                try await Disk.with(["mkfs.ext4", "-q"], size: "32M") { machine in
                    try await machine.change("mkdir etc; echo A > etc/motd; touch -d 2026-02-02 etc/motd", options: "rw")
                    let line = disk.line.layered(from: machine)
                    #expect(try await !usesTemplate(disk, line))
                    #expect(try await usesTemplate(disk, line))
                    try await machine.change("echo B > etc/motd; touch -d 2026-02-02 etc/motd", options: "rw")
                    #expect(try await !usesTemplate(disk, line))
                    #expect(try await disk.look("cat docker_rwlayer/etc/motd") == "B\n")
                }
            }
        }

        @Test func `a symlink of a time that no right clock shows is not missed`() async throws {
            try await Disk.withStore { disk, _ in
                try await Disk.with(["mkfs.ext4", "-q"], size: "32M") { machine in
                    // In place, where nothing else tells of it: a short text lies in the inode.
                    let set = { (field: String) in
                        try await output(of: ["debugfs", "-w", "-R", "set_inode_field /link \(field)", machine.file])
                    }
                    try await machine.change("ln -s aaaa link", options: "rw")
                    _ = try await set("ctime 20200101")
                    let line = disk.line.layered(from: machine)
                    #expect(try await !usesTemplate(disk, line))
                    #expect(try await usesTemplate(disk, line))
                    _ = try await set("block[0] 0x62626262")
                    try await output(of: ["blockdev", "--flushbufs", machine.device])
                    #expect(try await !usesTemplate(disk, line))
                    #expect(try await disk.look("readlink docker_rwlayer/link") == "bbbb\n")
                }
            }
        }

        @Test func `another image, or the same one pulled anew, is another template`() async throws {
            try await Disk.withStore { disk, store in
                #expect(try await !usesTemplate(disk, disk.line))
                #expect(try await !usesTemplate(disk, disk.line("docker_image=sample_image:v2")))
                #expect(try await usesTemplate(disk, disk.line("docker_image=sample_image:v2")))
                let layer = "docker/btrfs/subvolumes/\(try #require(store.images["sample_image:v2"]).cacheID)"
                try await disk.change("btrfs subvolume snapshot \(layer) again; btrfs subvolume delete \(layer); mv again \(layer)")
                #expect(try await !usesTemplate(disk, disk.line("docker_image=sample_image:v2")))
                #expect(try await disk.templates().count == 1)
            }
        }
    }
}
