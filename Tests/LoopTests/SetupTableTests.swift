import TestSupport
import Testing

extension OnDisk {
    /// What setup writes into the top layer's fstab.
    @Suite struct SetupTableTests {
        @Test func `data in the place of a mount is told`() async throws {
            try await Deployable.with { machine in
                let told = try await machine.disk.change(
                    """
                    echo 'UUID=2 /srv ext4 defaults 0 2' > '\(machine.disk.folder)/system/etc/fstab'; rm boot_docker/etc/fstab
                    \(machine.command(machine.setup)) 2>&1
                    """)
                #expect(told.contains("note: '/srv' of this system is mounted from 'UUID=2': each root has the copy of it instead; "))
            }
        }

        @Test func `who reads the table is no more than who read the one before`() async throws {
            try await Deployable.with { machine in
                let told = try await machine.disk.change(
                    """
                    (umask 077; echo '//srv/a /mnt cifs password=secret 0 0' > '\(machine.disk.folder)/system/etc/fstab'); rm boot_docker/etc/fstab
                    \(machine.command(machine.setup)) > /dev/null 2>&1; stat -c %a boot_docker/etc/fstab; chmod 640 boot_docker/etc/fstab
                    \(machine.command(machine.setup)) --data /srv > /dev/null 2>&1; stat -c %a boot_docker/etc/fstab
                    grep -c -e secret -e /srv boot_docker/etc/fstab
                    """)
                #expect(told == "600\n640\n2\n")
            }
        }

        @Test func `a directory of something else is not taken for where the images are`() async throws {
            try await Deployable.with { machine in
                let before = try await machine.everything()
                for (place, hint) in [(".", "there is './docker'"), ("docker/btrfs", "say where Docker's data-root, ")] {
                    let refused = try await machine.fails(machine.setup.replacing("--data-root docker", with: "--data-root \(place)"))
                    #expect(refused.hasPrefix("Error: could not take '\(place)' for where the images are: it has files, and none that "))
                    #expect(refused.contains("\nhint: \(hint)"), "\(refused)")
                }
                #expect(try await machine.everything() == before)
                let absent = try await machine.fails(machine.setup.replacing("--data-root docker", with: "--data-root nothere"))
                #expect(!absent.contains("--data-root DIR"), "\(absent)")
                try await machine.disk.change("mkdir -p new/lost+found")
                #expect(try await machine.run(machine.setup.replacing("--data-root docker", with: "--data-root new")).contains("store "))
            }
        }

        @Test func `data that is mounted in no root is told`() async throws {
            try await Deployable.with { machine in
                let note = "note: no line of the top layer's etc/fstab mounts '/docker_data/srv', and no root has what is in it: "
                #expect(!(try await machine.run("\(machine.setup) 2>&1")).contains("note: no line"))
                let setup = machine.setup.replacing("--data /srv", with: "")
                let told = try await machine.disk.change("sed -i '/docker_data/d' boot_docker/etc/fstab; \(machine.command(setup)) 2>&1")
                #expect(told.contains(note), "\(told)")
                // A line may have it by what only the btrfs itself knows.
                let line = "echo 'UUID=\(try await machine.disk.uuid()) /all btrfs subvolid=300,nofail 0 0' >> boot_docker/etc/fstab"
                for change in [line, "sed -i /subvolid=300/d boot_docker/etc/fstab; mkdir -p boot_docker/common boot_docker/machine"] {
                    let silent = try await machine.disk.change("\(change); \(machine.command(setup)) 2>&1")
                    #expect(!silent.contains(note), "\(silent)")
                }
            }
        }

        @Test func `data is not kept where the top layer mounts something else`() async throws {
            try await Deployable.with { machine in
                try await machine.disk.change(
                    """
                    echo 'UUID=1 /home ext4 defaults 0 2' >> boot_docker/etc/fstab
                    sed -i 's,noatime,compress=zstd,' boot_docker/etc/fstab
                    """)
                try await machine.run(machine.setup)
                let before = try await machine.everything()
                let refused = try await machine.fails(machine.setup + " --data /home")
                #expect(
                    refused == """
                        Error: could not keep '/home' as data: the top layer's etc/fstab mounts 'UUID=1' there
                        hint: take that line out of '/boot_docker/etc/fstab' first; what is there now is copied

                        """)
                #expect(try await machine.everything() == before)
            }
        }

        /// A copy of the btrfs has another UUID.
        @Test func `what setup mounted from another disk is mounted from where the btrfs is now, and a person's line of another one stays`()
            async throws
        {
            try await Deployable.with { machine in
                let table = "boot_docker/etc/fstab"
                let before = try await machine.disk.change("sed -i '/docker-btrfs/d' \(table); cat \(table)")
                let options = "nofail,compress=zstd"
                let lines = """
                    UUID=3 /mnt/docker-btrfs/top btrfs subvolid=5,\(options) 0 0
                    /mnt/docker-btrfs/top/docker /var/lib/docker none bind,nofail 0 0
                    UUID=3 /more btrfs subvol=docker_data/more,noatime 0 0
                    UUID=3 /work btrfs subvol=docker_data/srv,noatime 0 0
                    LABEL=data /srv/data btrfs subvol=docker_data/srv-data,noatime 0 0
                    UUID=3 /disk ext4 nofail 0 0

                    """
                let told = try await machine.disk.change(
                    """
                    mkdir -p docker_data/srv-data
                    sed -i 's/^UUID=[^ ]*/UUID=3/; s/^\\(.* \\/srv btrfs .*\\),noatime/\\1,nodev/' \(table); cat >> \(table) << 'END'
                    \(lines)
                    END
                    \(machine.command(machine.setup))
                    """)
                let uuid = try await machine.disk.uuid()
                for place in ["/srv", "/mnt/docker-btrfs/top", "/work"] {
                    #expect(told.contains("mounts '\(place)' from UUID=\(uuid) in place of UUID=3"), "\(told)")
                }
                #expect(!told.contains("mounts '/more'") && !told.contains("mounts '/disk'"), "\(told)")
                let wanted =
                    before.replacing("docker_data/srv,noatime", with: "docker_data/srv,nodev")
                    + lines.replacing("UUID=3 /mnt", with: "UUID=\(uuid) /mnt").replacing("UUID=3 /work", with: "UUID=\(uuid) /work")
                    + "\n"
                #expect(try await machine.disk.look("cat \(table)") == wanted)
                #expect(try await machine.run(machine.setup).contains("\nall is set up as it should be\n"))
            }
        }

        @Test func `where the btrfs has another UUID, lines that are not of setup get it too, unless they name a subvolume by its number`()
            async throws
        {
            try await Deployable.with { machine in
                let (table, uuid) = ("boot_docker/etc/fstab", try await machine.disk.uuid())
                let told = try await machine.disk.change(
                    """
                    printf '%s\\n' 'UUID=\(uuid) /mnt/top btrfs subvolid=5,noauto 0 0' 'UUID=\(uuid) /own btrfs subvol=docker,nofail 0 0' \
                        'UUID=3 /number btrfs subvolid=300,nofail 0 0' 'UUID=3 /default btrfs nofail 0 0' \
                        'UUID=3 /both btrfs subvolid=300,subvol=docker,nofail 0 0' >> \(table); cp \(table) ../before
                    sed -i -e '/docker_data/d' -e 's/\(uuid)/3/' \(table); sed -i '/docker_data/d' ../before
                    \(machine.command(machine.setup.replacing("--data /srv", with: ""))); diff ../before \(table)
                    """)
                #expect(told.contains("mounts '/mnt/top' from UUID=\(uuid) in place of UUID=3"), "\(told)")
            }
        }

        @Test func `what this system mounts since, and another name, are told`() async throws {
            try await Deployable.with { machine in
                let system = "\(machine.disk.folder)/system"
                let id = "echo 1 > '\(system)/etc/machine-id'; echo 1 > boot_docker/etc/machine-id"
                // Comments are no part of a name.
                let same = try await machine.disk.change(
                    """
                    \(id); printf '# This one.\\n\\ndesk' > '\(system)/etc/hostname'; echo desk > boot_docker/etc/hostname
                    \(machine.command(machine.setup)) 2>&1
                    """)
                #expect(!same.contains("note: this system"), "\(same)")
                let told = try await machine.disk.change(
                    """
                    printf '%s\\n' 'UUID=1 / ext4 defaults 0 1' 'UUID=2 /data ext4 nofail 0 2' '/swapfile none swap sw 0 0' > '\(system)/etc/fstab'
                    echo other > '\(system)/etc/hostname'; \(machine.command(machine.setup)) 2>&1
                    """)
                let remedy = "its lines can be copied to '/boot_docker/etc/fstab' of the btrfs\n"
                #expect(told.contains("note: this system's etc/fstab mounts '/data', and no root does: \(remedy)"), "\(told)")
                #expect(told.contains("note: this system is called 'other', and each root 'desk': '/boot_docker/etc/hostname' "), "\(told)")
                // Another system says nothing of this one, nor does one of which nobody knows.
                for other in ["echo 2 > boot_docker/etc/machine-id", "rm boot_docker/etc/machine-id '\(system)/etc/machine-id'"] {
                    let others = try await machine.disk.change("\(other); \(machine.command(machine.setup)) 2>&1")
                    #expect(!others.contains("note: this system"), "\(others)")
                }
            }
        }

        @Test func `no engine starts without its store, also where setup mounted that before`() async throws {
            try await Deployable.with { machine in
                let table = "boot_docker/etc/fstab"
                let order = ",x-systemd.before=docker.service,x-systemd.before=containerd.service"
                let requirement = order.replacing("before=", with: "required-by=") + ",x-systemd.wanted-by=local-fs.target"
                let options = "bind,noatime,nofail\(order)\(requirement),x-systemd.requires-mounts-for=/mnt/docker-btrfs/top"
                try await machine.disk.change("echo '/mnt/docker-btrfs/top/docker /data none \(options) 0 0' >> \(table)")
                let before = try await machine.disk.look("cat \(table)")
                #expect(before.split(separator: requirement).count == 4, "\(before)")
                let told = try await machine.disk.change("sed -i 's/\(requirement)//' \(table); \(machine.command(machine.setup))")
                #expect(told.contains("lets no engine start without '/data'"), "\(told)")
                #expect(try await machine.disk.look("cat \(table)") == before)

                let own = before.replacing("noatime,nofail", with: "noatime,nofail,ro").replacing(requirement, with: "")
                let kept = try await machine.disk.change("cat > \(table) << 'END'\n\(own)END\n\(machine.command(machine.setup)) 2>&1")
                #expect(try await machine.disk.look("cat \(table)") == own)
                let note = "note: '/var/lib/docker' of the top layer's etc/fstab may be absent, and the engine then begins an empty store: "
                #expect(kept.contains(note + "add 'x-systemd.required-by=docker.service,"), "\(kept)")
            }
        }

        @Test func `what an image has is not mounted over it`() async throws {
            try await Deployable.with { machine in
                let told = try await machine.disk.change(
                    """
                    for place in / /usr /var /opt /home /var/log /srv/files; do echo "UUID=1 $place ext4 defaults 0 2"; done \
                        > '\(machine.disk.folder)/system/etc/fstab'
                    rm boot_docker/etc/fstab
                    \(machine.command(machine.setup)) 2>&1
                    """)
                for place in ["/usr", "/var", "/opt"] {
                    #expect(told.contains("note: '\(place)' of this system is mounted in no root, for the image has its own; "), "\(told)")
                }
                let table = try await machine.disk.look("awk '{ print $2 }' boot_docker/etc/fstab")
                #expect(table.hasPrefix("/home\n/var/log\n/srv/files\n") && !table.contains("/var\n"), "\(table)")
            }
        }

        @Test func `data that an earlier version kept stays it, whatever is refused now`() async throws {
            try await Deployable.with { machine in
                try await machine.disk.change(
                    """
                    btrfs -q subvolume create docker_data/opt; echo own > docker_data/opt/own
                    sed -n 's|/srv|/opt|gp' boot_docker/etc/fstab >> boot_docker/etc/fstab
                    """)
                let before = try await machine.everything()
                #expect(try await machine.run("\(machine.setup) --data /opt").contains("all is set up as it should be\n"))
                #expect(try await machine.everything() == before)
                #expect(try await machine.fails("\(machine.setup) --data /usr").contains("'/usr' as data: each image has its own"))
            }
        }

        @Test func `homes in the root are told until something keeps them`() async throws {
            try await Deployable.with { machine in
                let system = "\(machine.disk.folder)/system"
                let arrange = """
                    printf '%s\\n' 'ann:x:1000:1000::/home/ann:/bin/sh' 'bob:x:1001:1001::/home/bob:/bin/sh' 'eve:x:1002:1002::/gone:/bin/sh' \
                        >> '\(system)/etc/passwd'
                    mkdir -p '\(system)'/home/{ann,bob}; rm boot_docker/etc/fstab
                    """
                let told = try await machine.disk.change("\(arrange)\n\(machine.command(machine.setup)) --users 2>&1")
                let note = "the homes of ann, bob are in this system's root and in no other one: --data /home keeps what is there for all"
                #expect(told.contains("note: \(note)\n"), "\(told)")
                let again = try await machine.disk.change("\(machine.command(machine.setup)) --data /home 2>&1")
                #expect(!again.contains("the homes of"), "\(again)")
            }
        }

        @Test func `a home that came after all were copied is told with what copies it`() async throws {
            try await Deployable.with { machine in
                let system = "\(machine.disk.folder)/system"
                func setUp(with names: String...) async throws -> String {
                    try await machine.disk.change(
                        """
                        for name in \(names.joined(separator: " ")); do
                            mkdir -p "\(system)/home/$name"; echo "$name:x:1000:1000::/home/$name:/bin/sh" >> '\(system)/etc/passwd'
                        done
                        \(machine.command(machine.setup)) --users --data /home 2>&1
                        """)
                }
                let first = try await setUp(with: "ann")
                #expect(!first.contains("the home of"), "\(first)")
                let told = try await setUp(with: "eve", "'of office'")
                for (name, words) in [
                    ("eve", "\(system)/home/eve DIR/docker_data/home/eve"),
                    ("of office", "'\(system)/home/of office' 'DIR/docker_data/home/of office'"),
                ] {
                    let copy = "'cp -a \(words)' copies what is there, with the top level of the btrfs at DIR"
                    #expect(told.contains("note: the home of \(name) is in no root: \(copy)\n"), "\(told)")
                }
                try await machine.disk.change("cp -a '\(system)'/home/{eve,of*} docker_data/home")
                #expect(try await !machine.run("\(machine.setup) 2>&1").contains("in no root"))
            }
        }

        @Test func `homes in a subvolume of their own, and on a mount of no line, are told too`() async throws {
            try await Deployable.with { machine in
                let setup = machine.setup.replacing("--root \(machine.disk.folder)/system", with: "--root \"$PWD/old\"")
                let told = try await machine.disk.change(
                    """
                    btrfs -q subvolume create old; mkdir -p old/{etc,srv,more}; btrfs -q subvolume create old/home; mkdir old/home/ann
                    printf '%s\\n' 'ann:x:1000:1000::/home/ann:/bin/sh' 'bob:x:1001:1001::/more/bob:/bin/sh' > old/etc/passwd
                    mount -t tmpfs none old/more; mkdir old/more/bob; rm boot_docker/etc/fstab
                    \(machine.command(setup)) --users 2>&1
                    """)
                #expect(told.contains("note: the home of ann is in this system's root and in no other one: --data /home keeps"), "\(told)")
                #expect(told.contains("note: the home of bob is on what is mounted at '"), "\(told)")
            }
        }

        @Test func `what is mounted of a file or directory of the root is mounted in no other root`() async throws {
            try await Deployable.with { machine in
                let told = try await machine.disk.change(
                    """
                    cat > '\(machine.disk.folder)/system/etc/fstab' << 'END'
                    UUID=1 / ext4 defaults 0 1
                    UUID=2 /var ext4 defaults 0 2
                    UUID=3 /disk ext4 defaults 0 2
                    /swap.img none swap sw 0 0
                    /dev/sda9 none swap sw 0 0
                    /disk/swap none swap sw 0 0
                    /var/home /home none bind 0 0
                    /home/www /pages none rw,bind,nosuid 0 0
                    /image.iso /cd iso9660 loop,ro 0 0
                    /root/disk.img /image ext4 defaults 0 2
                    overlay /merged overlay ro,lowerdir=/disk/files:/root/lower 0 0
                    overlay /other overlay ro,lowerdir=/disk/files:/disk/more 0 0
                    /disk/files /files none rbind 0 0
                    /files/more /more none bind 0 0
                    /srv/x /x none bind 0 0
                    /dev/shm /shm none bind 0 0
                    //server/share /share cifs defaults 0 0
                    END
                    rm boot_docker/etc/fstab
                    \(machine.command(machine.setup)) 2>&1
                    """)
                for note in [
                    "this system's swap file is in no root, for '/swap.img' is in this system's own; ",
                    "'/home' of this system is mounted in no root, for '/var/home' is in this system's own; ",
                    "'/pages' of this system is mounted in no root, for '/home/www' is in this system's own; ",
                    "'/cd' of this system is mounted in no root, for '/image.iso' is in this system's own; ",
                    "'/image' of this system is mounted in no root, for '/root/disk.img' is in this system's own; ",
                    "'/merged' of this system is mounted in no root, for '/root/lower' is in this system's own; ",
                ] { #expect(told.contains("note: \(note)"), "\(told)") }
                let table = try await machine.disk.look("awk '{ print $1 }' boot_docker/etc/fstab")
                let kept = [
                    "UUID=3", "/dev/sda9", "/disk/swap", "overlay", "/disk/files", "/files/more", "/srv/x", "/dev/shm", "//server/share",
                ]
                #expect(table.hasPrefix(kept.joined(separator: "\n") + "\n"), "\(table)")
            }
        }

        @Test func `a boot menu that is in the running system is mounted in each root, and no other one is taken for it`() async throws {
            try await Disk.withStore { disk, _ in
                // `within NAME COMMAND...`: a system that is the subvolume NAME, as root of its own.
                let within = """
                    within() {
                        local name=$1 root="$PWD/../$1"
                        mkdir -p "$root"; mount -o "subvol=$name" \(disk.device) "$root"
                        for folder in proc sys dev usr; do mkdir -p "$root/$folder"; mount --rbind "/$folder" "$root/$folder"; done
                        for folder in bin sbin lib lib64; do ln -sfn "usr/$folder" "$root/$folder"; done
                        mkdir -p "$root"/{etc,tmp,top}; mount -o subvolid=5 \(disk.device) "$root/top"
                        cp '\(Repository.companion)' '\(Repository.embeddedInit)' "$root/tmp"
                        [ ! -e "$root/mounts" ] || . "$root/mounts"
                        local status=0
                        shift; chroot "$root" "$@" || status=$?
                        umount --recursive "$root"
                        return $status
                    }
                    """
                let setup = "within system /tmp/docker-btrfs setup --data-root /top/docker --options quiet --init /tmp/docker-btrfs-init"
                let told = try await disk.change(
                    """
                    \(within)
                    btrfs -q subvolume create system; btrfs -q subvolume create booted
                    mkdir -p booted/boot system/boot/grub; echo 'source $prefix/custom.cfg' > system/boot/grub/grub.cfg
                    \(setup)
                    """)
                #expect(told.contains("GRUB, '/boot/grub'"), "\(told)")
                let places = "boot_docker/boot/grub boot_docker/mnt/docker-btrfs/boot"
                let table = try await disk.look("grep boot boot_docker/etc/fstab; ls -d \(places)")
                let lines = table.split(separator: "\n").map { $0.split(separator: " ").joined(separator: " ") }
                // Nobody but root comes to the old system there, nor to old roots.
                let modes = try await disk.look("cd boot_docker/mnt; stat --format '%a %n' docker-btrfs docker-btrfs/*")
                #expect(modes == "700 docker-btrfs\n755 docker-btrfs/boot\n755 docker-btrfs/top\n")
                #expect(lines.count == 4 && lines[0].hasSuffix(" /mnt/docker-btrfs/boot btrfs subvolid=5,noatime,nofail 0 0"), "\(table)")
                let bind = "/mnt/docker-btrfs/boot/system/boot/grub /boot/grub none bind,noatime,nofail,x-systemd.requires-mounts-for="
                #expect(lines[1].hasPrefix(bind), "\(table)")

                // The system of an image, without a boot loader, with one of its own, and with what the table mounts.
                let status = "within booted /tmp/docker-btrfs status"
                #expect(try await disk.change("\(within)\n! \(status) 2>&1").contains("could not find GRUB in '/boot'\n"))
                let own = "mkdir -p booted/boot/grub; touch booted/boot/grub/grub.cfg"
                let refused = try await disk.change("\(within)\n\(own)\n! \(status) 2>&1")
                let found = "could not use '/boot/grub': on its filesystem it is '/booted/boot/grub', and the GRUB "
                #expect(refused.contains(found), "\(refused)")
                #expect(refused.contains(" that was set up is '/system/boot/grub'\n"), "\(refused)")
                let mount = #"echo 'mount --bind "$root/top/system/boot/grub" "$root/boot/grub"' > booted/mounts"#
                #expect(try await disk.change("\(within)\n\(mount)\n\(status)").contains("nothing was deployed yet"))

                // Docker may take its images from containerd one day.
                let engines = """
                    \(within)
                    mkdir -p system/var/lib/{docker/image,containerd}; cp -a docker/image/btrfs system/var/lib/docker/image; rm boot_docker/etc/fstab
                    within system /tmp/docker-btrfs setup --options quiet --init /tmp/docker-btrfs-init > /dev/null
                    awk '$3 == "none" { print $2 }' boot_docker/etc/fstab
                    """
                #expect(try await disk.change(engines) == "/var/lib/docker\n/var/lib/containerd\n/boot/grub\n")
            }
        }
    }
}
