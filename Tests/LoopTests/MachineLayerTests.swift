import TestSupport
import Testing

extension OnDisk {
    /// Top layers for several machines, files that a machine makes once, and what an image must not bring.
    struct MachineLayerTests {
        private let machineID = "2d4c64db7ecb294e9f43f31960545a27"

        /// With the top layer on an ext4, from which the machine's own `/etc/key` comes, and a first root.
        private func withLayerOnExt4(_ body: (_ disk: Disk, _ machine: Disk, _ line: KernelLine) async throws -> Void) async throws {
            try await Disk.withStore { disk, _ in
                try await Disk.with(["mkfs.ext4", "-q"], size: "32M") { machine in
                    try await machine.change(#"echo '{"create_only": ["/etc/key"]}' > .docker-btrfs.json"#, options: "rw")
                    let line = disk.line.layered(from: machine)
                    try await disk.bootWell(line)
                    try await body(disk, machine, line)
                }
            }
        }

        @Test func `the layers of a machine lie over one another in their order`() async throws {
            try await Disk.withStore { disk, _ in
                try await disk.change(
                    """
                    mkdir -p room/{common,machine/{desk,\(machineID),other}}/etc
                    for layer in common machine/desk machine/\(machineID) machine/other; do
                        echo $layer > room/$layer/etc/last; echo $layer > room/$layer/etc/${layer##*/}
                    done
                    rm room/machine/\(machineID)/etc/last; touch room/machine/desk/etc/.wh.common
                    """)
                let line = disk.line("toplayer_path=room systemd.hostname=desk systemd.machine_id=\(machineID)")
                let file = "\(disk.folder)/boot.json"
                try await disk.bootWell(line, ["--report", file])
                #expect(
                    try await disk.look("cd docker_rwlayer/etc; cat last; ls common desk other \(machineID) 2>/dev/null || true")
                        == "machine/desk\n\(machineID)\ndesk\n")
                let layers = try await output(of: ["jq", "--compact-output", ".top_layers", file])
                #expect(layers == #"["/room/common","/room/machine/desk","/room/machine/\#(machineID)"]"# + "\n")
            }
        }

        /// Without the folder that is this machine's, its files would be taken for those of all.
        @Test(
            arguments: [
                ("machine/desk", "/mnt/pc"), ("machine/desk", "gone"), ("common", "../../gone"), ("machine", "/machines"),
                ("machine/desk", "file"),
            ])
        func `a link that leads to no layer is refused`(path: String, target: String) async throws {
            try await Disk.withStore { disk, _ in
                try await disk.change(
                    """
                    mkdir -p room/{common,machine/desk}/etc; touch room/machine/file; rm -r 'room/\(path)'; ln -s '\(target)' 'room/\(path)'
                    """)
                let outcome = try await disk.boot(disk.line("toplayer_path=room systemd.hostname=desk"))
                #expect(outcome.status != 0)
                let reason = "could not use '\(disk.device):/room/\(path)' of the top layer: that link leads to no directory\n"
                #expect(outcome.told.contains(reason), "\(outcome.told)")
                #expect(try await disk.look("ls -d docker_rwlayer 2> /dev/null || true") == "")
            }
        }

        @Test func `a link leads where it does from the top, and what changes there is in the next root`() async throws {
            try await Disk.withStore { disk, _ in
                try await disk.change(
                    """
                    mkdir -p room/{common/etc,machine,pc/etc} pc/etc; ln -s ../../pc room/machine/desk; echo one > pc/etc/a
                    echo '{"create_only": ["/etc/machine-id"]}' > room/common/.docker-btrfs.json
                    """)
                let line = disk.line("toplayer_path=room systemd.hostname=desk")
                for _ in 0..<2 { try await disk.bootWell(line) }
                try await disk.change("echo two > pc/etc/a; echo 2d4c64db7ecb294e9f43f31960545a27 > docker_rwlayer/etc/machine-id")
                try await disk.bootWell(line)
                #expect(try await disk.look("cat docker_rwlayer/etc/a; ls room/common/etc; ls pc/etc") == "two\na\nmachine-id\n")
                try await disk.change("rm room/machine/desk; ln -s ../.. room/machine/desk")
                let outcome = try await disk.boot(line)
                #expect(outcome.told.contains("as the top layer: it holds '/docker_rwlayer'"), "\(outcome.told)")
            }
        }

        @Test func `what one layer leaves out is left out of that one alone`() async throws {
            try await Disk.withStore { disk, _ in
                try await disk.change(
                    """
                    mkdir -p room/{common,machine/desk}/etc
                    touch room/{common,machine/desk}/etc/{a,b}.orig room/machine/desk/etc/.wh.c.orig
                    echo '{"ignore": ["/etc/*.orig", "/etc/.wh.*"]}' > room/machine/desk/.docker-btrfs.json
                    """)
                let line = disk.line("toplayer_path=room systemd.hostname=desk")
                let template = "ls .docker-btrfs/templates"
                try await disk.bootWell(line)
                #expect(try await disk.look("cd docker_rwlayer/etc; ls *.orig") == "a.orig\nb.orig\n")
                let first = try await disk.look(template)
                try await disk.change("echo new > room/machine/desk/etc/a.orig")
                try await disk.bootWell(line)
                #expect(try await disk.look(template) == first)
                try await disk.change("echo new > room/common/etc/b.orig")
                try await disk.bootWell(line)
                #expect(try await disk.look("cat docker_rwlayer/etc/b.orig") == "new\n")
                #expect(try await disk.look(template) != first)
            }
        }

        @Test func `what the machine makes once is stored, with its mode, and comes back`() async throws {
            try await Disk.withStore { disk, _ in
                try await disk.change(
                    """
                    mkdir -p files/etc
                    echo '{"create_only": ["/etc/machine-id", "/etc/ssh/ssh_host_*"]}' > files/.docker-btrfs.json
                    """)
                let line = disk.line("toplayer_path=files")
                try await disk.bootWell(line)
                try await disk.change(
                    """
                    cd docker_rwlayer/etc; mkdir -p ssh; echo \(machineID) > machine-id
                    (umask 077; echo secret > ssh/ssh_host_rsa_key); echo open > ssh/ssh_host_rsa_key.pub; ln -s /victim ssh/ssh_host_x
                    """)
                let outcome = try await disk.boot(line)
                #expect(outcome.status == 0)
                #expect(!outcome.told.contains("secret"))
                let files = "stat --format '%n %a' etc/machine-id etc/ssh/*; cat etc/machine-id etc/ssh/*"
                let expected = """
                    etc/machine-id 644
                    etc/ssh/ssh_host_rsa_key 600
                    etc/ssh/ssh_host_rsa_key.pub 644
                    \(machineID)
                    secret
                    open

                    """
                #expect(try await disk.look("cd docker_rwlayer; \(files)") == expected)
                #expect(try await disk.look("cd files; \(files)") == expected)
                // Minted once: what the next system makes of it is not taken.
                try await disk.change("echo other > docker_rwlayer/etc/machine-id")
                try await disk.bootWell(line)
                #expect(try await disk.look("cd docker_rwlayer; \(files); ls -A ../files") == expected + ".docker-btrfs.json\netc\n")
            }
        }

        @Test func `what the image has in its place is not taken for the machine's`() async throws {
            try await Disk.withStore { disk, store in
                try await disk.change(
                    """
                    mkdir files; echo '{"create_only": ["/etc/machine-id"]}' > files/.docker-btrfs.json
                    for layer in docker/btrfs/subvolumes/*; do [[ ! -d $layer/etc ]] || : > "$layer/etc/machine-id"; done
                    """)
                let line = disk.line("toplayer_path=files")
                try await disk.bootWell(line)
                try await disk.change("echo \(machineID) > docker_rwlayer/etc/machine-id")
                try await disk.bootWell(line)
                #expect(try await disk.look("cat docker_rwlayer/etc/machine-id files/etc/machine-id") == "\(machineID)\n\(machineID)\n")
                try await disk.bootWell(line)
                #expect(try await disk.look("cat docker_rwlayer/etc/machine-id") == "\(machineID)\n")
            }
        }

        @Test func `a directory that the machine made for such a file stays its owner's, and as closed as it was`() async throws {
            try await Disk.withStore { disk, _ in
                try await disk.change(#"mkdir files; echo '{"create_only": ["/srv/keys/own/key"]}' > files/.docker-btrfs.json"#)
                let line = disk.line("toplayer_path=files")
                try await disk.bootWell(line)
                try await disk.change(
                    """
                    cd docker_rwlayer/srv; mkdir keys keys/own; echo secret > keys/own/key; chmod 711 keys; chmod 2700 keys/own
                    chown 101:102 keys/own keys/own/key
                    """)
                let shown = "stat --format '%n %a %u:%g' srv/keys srv/keys/own srv/keys/own/key"
                let expected = "srv/keys 711 0:0\nsrv/keys/own 2700 101:102\nsrv/keys/own/key 644 101:102\n"
                try await disk.bootWell(line)
                // Of the layer, of the root that the file was carried to, and of one that was made of the layer.
                #expect(try await disk.look("cd files; \(shown)") == expected)
                #expect(try await disk.look("cd docker_rwlayer; \(shown)") == expected)
                try await disk.bootWell(line)
                #expect(try await disk.look("cd docker_rwlayer; \(shown)") == expected)
            }
        }

        @Test func `a layer that cannot be written stops no boot, and the file is carried over all the same`() async throws {
            try await withLayerOnExt4 { disk, machine, line in
                try await disk.change("umask 077; echo secret > docker_rwlayer/etc/key")
                try await output(of: ["blockdev", "--setro", machine.device])
                let outcome = try await disk.boot(line)
                try await output(of: ["blockdev", "--setrw", machine.device])
                #expect(outcome.status == 0)
                let place = "in the top layer as '/etc/key' of \(machine.device)"
                let reason = "could not write to the filesystem of '\(machine.device):/': its disk is read-only"
                #expect(outcome.told.contains("\(place): \(reason)"), "\(outcome.told)")
                #expect(try await disk.look("stat --format %a docker_rwlayer/etc/key; cat docker_rwlayer/etc/key") == "600\nsecret\n")
                try await disk.bootWell(line)
                #expect(try await machine.change("stat --format %a etc/key; cat etc/key", options: "ro") == "600\nsecret\n")
            }
        }

        @Test(arguments: [
            ("echo key > N/srv/x/key; mkdir files/srv; touch files/srv/x", "could not carry the file '/docker_rwlayer/srv/x/key' over"),
            ("echo key > N/srv/x/key; mkdir files/srv; ln -s no files/srv/x", "could not carry the file '/docker_rwlayer/srv/x/key' over"),
            ("echo key > N/srv/.docker-btrfs.new", "could not store the file '/docker_rwlayer/srv/.docker-btrfs.new' in the top layer"),
            ("rm -r N/srv; ln -s srv N/srv", "; what else is to be stored in the top layer from '/srv' is not known\n"),
            (
                "rm -r N/srv/x; mkdir N/root; echo secret > N/root/y; ln -s /root N/srv/x; chmod 700 N/root",
                "'/docker_rwlayer/srv/x' is reached by a symlink: create_only has to name what it leads to; what else is "
            ),
        ])
        func `a file that cannot be carried over stops no boot`(change: String, note: String) async throws {
            try await Disk.withStore { disk, _ in
                try await disk.change("mkdir files; echo '{\"create_only\": [\"/srv/*\", \"/srv/x/*\"]}' > files/.docker-btrfs.json")
                let line = disk.line("toplayer_path=files")
                try await disk.bootWell(line)
                try await disk.change("mkdir -p N/srv/x; \(change)".replacing("N/", with: "docker_rwlayer/"))
                let outcome = try await disk.boot(line)
                #expect(outcome.status == 0)
                #expect(outcome.told.contains(note), "\(outcome.told)")
                let mark = try await disk.look("getfattr --only-values --name user.docker-btrfs.root docker_rwlayer")
                #expect(mark.contains("\nnumber 2\n"))
                #expect(try await disk.look("grep -r secret files || true") == "")
            }
        }

        @Test func `how btrfs is to store a file is left out where that cannot be, and no other attribute is`() async throws {
            try await withLayerOnExt4 { disk, machine, line in
                try await disk.change(
                    """
                    cd docker_rwlayer/etc; : > key; btrfs property set key compression zstd; echo secret > key
                    setfattr -n security.note -v kept key; setfacl -m user:1004:r key
                    """)
                // The mount makes files that cannot be compressed.
                var uncompressed = line
                uncompressed.flags += ",nodatacow"
                try await disk.bootWell(uncompressed)
                let look = "cd etc; cat key; getfattr --absolute-names -m - key; getfacl --absolute-names key | grep 1004"
                let expected = """
                    secret
                    # file: key
                    security.note
                    system.posix_acl_access

                    user:1004:r--

                    """
                #expect(try await disk.look("cd docker_rwlayer; \(look)") == expected)
                #expect(try await machine.change(look, options: "ro") == expected)
            }
        }

        @Test func `leftovers go from the new root alone, wherever the image's symlinks lead`() async throws {
            try await Disk.withStore { disk, store in
                let layer = "docker/btrfs/subvolumes/\(try #require(store.images["sample_image:latest"]).cacheID)"
                try await disk.change(
                    """
                    mkdir -p outside/ssh; touch outside/{.containerenv,hosts}; cd \(layer)
                    rm -rf run; ln -s /outside run; touch .dockerenv etc/resolv.conf; echo name > etc/hostname2
                    """)
                try await disk.bootWell()
                #expect(
                    try await disk.look("ls -A outside; cd docker_rwlayer; ls .dockerenv etc/resolv.conf 2>&1 || true") == """
                        .containerenv
                        hosts
                        ssh
                        ls: cannot access '.dockerenv': No such file or directory
                        ls: cannot access 'etc/resolv.conf': No such file or directory

                        """)
            }
        }
    }
}
