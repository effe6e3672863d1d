import TestSupport
import Testing

extension OnDisk {
    /// What setup is told, and what it finds, where that would not boot.
    @Suite struct SetupTests {
        @Test(
            arguments: [
                (
                    "--options 'root=UUID=1 rootflags=subvol=@ quiet'",
                    "could not use 'root=UUID=1' in the options: each entry says by itself what is booted\nhint: leave it out: --options 'quiet'"
                ),
                ("--options docker-path=docker", "could not use 'docker-path=docker' in the options"),
                ("--name a,b", "could not call the root '/a,b'"),
                ("--data /x,y", "could not keep '/x,y' as data: mount options cannot name what has a comma"),
                ("--data /c-d --data /c/d", "could not keep '/c/d' as data: its subvolume '/docker_data/c-d' is that of '/c-d'"),
                ("--data /srv/", nil),
            ] as [(String, String?)])
        func `what no boot takes is refused before anything is written`(words: String, message: String?) async throws {
            try await Deployable.with { machine in
                let before = try await machine.everything()
                if let message {
                    #expect(try await machine.fails("\(machine.setup) \(words)").contains(message))
                } else {
                    try await machine.run("\(machine.setup) \(words)")
                }
                #expect(try await machine.everything() == before)
            }
        }

        @Test(
            arguments: [
                ("--name docker", "true", "could not replace '/docker'"),
                ("--top-layer docker", "true", "could not use '/docker' as the top layer: it holds '/docker'"),
                ("", "mv boot_docker gone", "could not find the top layer"),
                ("", "mv boot_docker gone; ln -s / boot_docker", "as the top layer: it holds"),
            ])
        func `what would not be booted is not deployed, and check tells why`(words: String, change: String, reason: String) async throws {
            try await Deployable.with { machine in
                try await machine.run("deploy sample_image:v2")
                if !words.isEmpty { try await machine.run("\(machine.setup) \(words)") }
                try await machine.disk.change(change)
                let before = try await machine.everything()
                let told = try await machine.fails("deploy sample_image:latest")
                #expect(told.contains("could not deploy 'sample_image:latest', for its boot would be refused: "), "\(told)")
                #expect(told.contains(reason), "\(told)")
                let findings = try await machine.disk.look("\(machine.command("check sample_image:latest")) || :")
                #expect(findings.contains("error: boot: ") && findings.contains(reason), "\(findings)")
                #expect(try await machine.everything() == before)
            }
        }

        @Test(
            arguments: [
                ("the store is the whole filesystem", "mv docker/* . && rmdir docker", "--data-root docker", "--data-root ."),
                ("the top layer is on another device", "sed -i 's,quiet,toplayer=LABEL=other toplayer_path=/desk,' $settings", "", ""),
                ("there are layers of several machines", "mkdir -p boot_docker/machine/other", "", ""),
                ("an entry's word was an option before", "sed -i 's,quiet,quiet rootfstype=btrfs,' $settings", "--options quiet", ""),
            ])
        func `what a boot takes is deployed`(what: String, change: String, option: String, other: String) async throws {
            try await Deployable.with { machine in
                try await machine.disk.change("settings=.docker-btrfs/settings; \(change)")
                if !option.isEmpty { try await machine.run(machine.setup.replacing(option, with: other)) }
                #expect(try await machine.run("deploy sample_image:latest").contains("\nnext boot: sample_image:latest"))
            }
        }

        @Test func `data is copied whole, whatever its names mean in a layer`() async throws {
            try await Deployable.with { machine in
                let data = "\(machine.disk.folder)/system/srv"
                let told = try await machine.disk.change(
                    """
                    btrfs -q subvolume delete docker_data/srv
                    (
                        cd '\(data)'
                        mkdir -p .git .snapshots .Trash-0 lost+found deep/er; echo x > .git/config
                        chown 8:9 .; chmod 2770 .; setfattr -n user.about -v mail .
                        touch .docker-btrfs.json .wh. .wh.work .wh..wh..opq deep/.wh.file deep/file deep/er/.wh.
                        (find . -printf '%p %U:%G %m\n' | sort; getfattr -n user.about .) > ../before
                    )
                    \(machine.command(machine.setup)) 2>&1
                    cd docker_data/srv; (find . -printf '%p %U:%G %m\n' | sort; getfattr -n user.about .) | diff - '\(data)/../before' >&2
                    """)
                #expect(told.contains("copy '/srv' of this system to '/.docker-btrfs/data.new'\n"), "\(told)")
                #expect(
                    told.contains("note: '/srv' is copied once, now: what is written to it here from then on is in no root\n"), "\(told)")
            }
        }

        @Test func `data for which there is no room is not copied, and what a run that was killed left goes`() async throws {
            try await Deployable.with { machine in
                let big = "\(machine.disk.folder)/system/big"
                let told = try await machine.disk.change(
                    """
                    mkdir '\(big)'; fallocate -l 512M '\(big)/file'; find . -printf '%p %T@\\n' | sort > ../before
                    ! \(machine.command(machine.setup)) --data /big 2>&1 > /dev/null
                    find . -printf '%p %T@\\n' | sort | diff ../before -
                    rm '\(big)/file'; truncate -s 512M '\(big)/file'
                    btrfs -q subvolume create .docker-btrfs/data.new; \(machine.command(machine.setup)) > /dev/null
                    test ! -e .docker-btrfs/data.new; \(machine.command(machine.setup)) --data /big > /dev/null
                    stat --format %s docker_data/big/file
                    """)
                let error =
                    "Error: could not keep '/big' as data: a copy takes 512 MiB of data and 0 MiB of metadata, and on the btrfs there is "
                #expect(told.contains(error) && told.hasSuffix("\n536870912\n"), "\(told)")
            }
        }

        @Test func `data is copied while people work there, without what is mounted in it, and settings come last`() async throws {
            try await Deployable.with { machine in
                let data = "\(machine.disk.folder)/system/srv"
                let told = try await machine.disk.change(
                    """
                    mkdir '\(data)/net' '\(data)/busy'; mount -t tmpfs tmpfs '\(data)/net'; echo far > '\(data)/net/file'
                    perl -e 'chdir shift; while (1) { for (1..300) { open my $f, ">", $_ } unlink 1..300 }' '\(data)/busy' & busy=$!
                    trap 'kill $busy; wait $busy || :; umount "\(data)/net"' EXIT
                    for number in {1..3}; do
                        btrfs -q subvolume delete docker_data/srv
                        rm .docker-btrfs/settings
                        \(machine.command(machine.setup)) > told
                        grep -h '^write ' told | tail -n 1
                    done
                    ls docker_data/srv docker_data/srv/net; cat docker_data/srv/work
                    """)
                let line = "write '/.docker-btrfs/settings': what was found\n"
                let rest = "docker_data/srv:\nbusy\nnet\nwork\n\ndocker_data/srv/net:\nof years\n"
                #expect(told == String(repeating: line, count: 3) + rest, "\(told)")
            }
        }

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

        @Test func `data that is called as others were while they were copied is not deleted`() async throws {
            try await Deployable.with { machine in
                try await machine.run(machine.setup + " --data /srv.new")
                try await machine.disk.change("echo mine > docker_data/srv.new/file; btrfs -q subvolume delete docker_data/srv")
                try await machine.run(machine.setup)
                let look = "cat docker_data/srv.new/file; ls docker_data; ls .docker-btrfs | grep data || true"
                #expect(try await machine.disk.look(look) == "mine\nsrv\nsrv.new\n")
            }
        }

        @Test func `what setup was told once it knows`() async throws {
            try await Deployable.with { machine in
                let system = "\(machine.disk.folder)/system"
                // On this machine nothing is to be found.
                try await output(
                    of: [
                        "bash", "-euc",
                        """
                        cd '\(system)/etc'; mkdir containerd containers
                        echo 'root = "/no/containerd"' > containerd/config.toml
                        printf '[storage]\\ngraphroot = "/no/podman"\\n' > containers/storage.conf
                        """,
                    ])
                let again = "'\(Repository.companion)' setup --root '\(system)' --init '\(Repository.embeddedInit)'"
                let written = "stat --format '%y %s' .docker-btrfs/settings"
                let before = try await machine.disk.look(written)
                for place in ["", "--top-level ."] {
                    let told = try await machine.disk.change(
                        "mkdir '\(system)/etc/docker'; echo '{\"data-root\": \"/no/docker\"}' > '\(system)/etc/docker/daemon.json'; \(again) \(place); rm -r '\(system)/etc/docker'"
                    )
                    #expect(told.contains("'\(machine.boot)/EFI/refind'") && told.contains("/docker', which is '/docker' there"), "\(told)")
                }
                #expect(try await machine.disk.look(written) == before)

                // Another store is taken where the engine has one.
                let told = try await machine.disk.change(
                    """
                    mkdir -p other/image/btrfs '\(system)/etc/docker'; cp -a docker/image/btrfs/* other/image/btrfs
                    echo "{\\"data-root\\": \\"$PWD/other\\"}" > '\(system)/etc/docker/daemon.json'
                    \(again) --dry-run 2>&1
                    """)
                #expect(told.contains("note: the images' store was '/docker' before: --data-root DIR names it again\n"), "\(told)")

                // An engine that has nothing yet: the first pull is what makes its store.
                let first = try await machine.disk.change(
                    """
                    mkdir pods; touch pods/storage.lock; rm .docker-btrfs/settings
                    echo '{"data-root": "/no/docker"}' > '\(system)/etc/docker/daemon.json'
                    printf '[storage]\\ngraphroot = "%s"\\n' "$PWD/pods" > '\(system)/etc/containers/storage.conf'
                    \(again) --boot '\(machine.boot)' --options quiet 2>&1
                    printf '#!/bin/sh\\necho no net >&2\\nexit 1\\n' > podman; chmod 755 podman
                    ! PATH=$PWD:$PATH \(machine.command("deploy --pull docker.io/library/debian:12")) 2>&1
                    """)
                #expect(
                    first.contains("/pods', which is '/pods' there") && first.contains("\nnext: podman build -t NAME DIR && "), "\(first)")
                #expect(first.contains("/pods' has no images yet: run setup again"), "\(first)")
                #expect(first.contains("\npull docker.io/library/debian:12 with podman\n"), "\(first)")
                #expect(first.contains("could not pull 'docker.io/library/debian:12': podman: no net\n"), "\(first)")

                let elsewhere = try await machine.disk.change(
                    """
                    mkdir empty; touch empty/engine-id
                    \(again) --boot '\(machine.boot)' --data-root empty > told 2>&1
                    ! \(machine.command("deploy desktop")) 2>&1
                    mount --bind . /mnt; \(again) --dry-run 2>&1 | grep --only-matching "'/mnt' has the whole btrfs"
                    chmod 700 .; ! \(again) --dry-run 2>&1 | grep "has the whole btrfs"; chmod 755 .
                    """)
                #expect(elsewhere.contains("; this system has '/empty' at "), "\(elsewhere)")
                let hint =
                    "hint: docker keeps its images with containerd: --data-root names containerd's root, usually /var/lib/containerd; "
                #expect(elsewhere.contains("\n\(hint)'docker-btrfs setup' looks for it again, or takes that\n"), "\(elsewhere)")
                #expect(elsewhere.hasSuffix("\n'/mnt' has the whole btrfs\n"), "\(elsewhere)")
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
        @Test func `what setup mounted from another disk is mounted from the one that the btrfs is on now, and a person's line stays`()
            async throws
        {
            try await Deployable.with { machine in
                let table = "boot_docker/etc/fstab"
                let before = try await machine.disk.look("cat \(table)")
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
                let uuid = try await machine.disk.look("blkid -o value -s UUID \(machine.disk.device)").dropLast()
                for place in ["/srv", "/mnt/docker-btrfs/top"] {
                    #expect(told.contains("mounts '\(place)' from UUID=\(uuid) in place of UUID=3"), "\(told)")
                }
                #expect(!told.contains("mounts '/more'") && !told.contains("mounts '/work'") && !told.contains("mounts '/disk'"), "\(told)")
                let wanted =
                    before.replacing("docker_data/srv,noatime", with: "docker_data/srv,nodev")
                    + lines.replacing("UUID=3 /mnt", with: "UUID=\(uuid) /mnt") + "\n"
                #expect(try await machine.disk.look("cat \(table)") == wanted)
                #expect(try await machine.run(machine.setup).hasSuffix("\nall is set up as it should be\n"))
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
                #expect(before.split(separator: requirement).count == 3, "\(before)")
                let told = try await machine.disk.change("sed -i 's/\(requirement)//' \(table); \(machine.command(machine.setup))")
                #expect(told.contains("lets no engine start without '/data'"), "\(told)")
                #expect(try await machine.disk.look("cat \(table)") == before)

                let own = before.replacing("noatime,nofail", with: "noatime,nofail,ro").replacing(requirement, with: "")
                try await machine.disk.change("cat > \(table) << 'END'\n\(own)END\n\(machine.command(machine.setup))")
                #expect(try await machine.disk.look("cat \(table)") == own)
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
                ] { #expect(told.contains("note: \(note)"), "\(told)") }
                let table = try await machine.disk.look("awk '{ print $1 }' boot_docker/etc/fstab")
                let kept = ["UUID=3", "/dev/sda9", "/disk/swap", "/disk/files", "/files/more", "/srv/x", "/dev/shm", "//server/share"]
                #expect(table.hasPrefix(kept.joined(separator: "\n") + "\n"), "\(table)")
            }
        }

        @Test func `the keys of encrypted disks are in the top layer, as closed as they are here`() async throws {
            try await Deployable.with { machine in
                let told = try await machine.disk.change(
                    """
                    (
                        cd '\(machine.disk.folder)/system'; mkdir -p etc/cryptsetup-keys.d keys/deep; chmod 700 etc/cryptsetup-keys.d keys
                        printf '%s\n' '# name device key' 'data UUID=1 /keys/deep/data luks' 'more UUID=2' 'swap /dev/sda9 /dev/urandom swap' \
                            'other UUID=3 none' 'gone UUID=4 /keys/gone' 'link UUID=5 /keys/link' > etc/crypttab
                        echo secret1 > keys/deep/data; echo secret2 > etc/cryptsetup-keys.d/more.key; echo no > keys/unnamed
                        ln -s unnamed keys/link; chmod 400 keys/deep/data etc/cryptsetup-keys.d/more.key
                    )
                    \(machine.command(machine.setup)) 2>&1
                    """)
                #expect(told.contains("write '/boot_docker/keys/deep/data': the key of an encrypted disk\n"), "\(told)")
                #expect(!told.contains("secret"), "\(told)")
                let found = try await machine.disk.look(
                    "cd boot_docker; stat --format '%n %a' keys keys/deep $(find keys etc/cryptsetup-keys.d -type f); cat keys/deep/data")
                #expect(
                    found == """
                        keys 700
                        keys/deep 755
                        keys/deep/data 400
                        etc/cryptsetup-keys.d/more.key 400
                        secret1

                        """)
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
                        cp '\(Repository.releasedCompanion)' '\(Repository.embeddedInit)' "$root/tmp"
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
                #expect(modes == "700 docker-btrfs\n755 docker-btrfs/boot\n")
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

        @Test func `a clock that shows local time goes on to, and the key of systemd is made once`() async throws {
            try await Deployable.with { machine in
                let told = try await machine.disk.change(
                    """
                    clock='\(machine.disk.folder)/system/etc/adjtime'; printf '0.0 0 0.0\\n0\\nUTC\\n' > "$clock"
                    \(machine.command(machine.setup)) | tail -n 1
                    sed -i 's/UTC/LOCAL/' "$clock"
                    \(machine.command(machine.setup)) | grep adjtime
                    tail -n 1 boot_docker/etc/adjtime; grep create_only boot_docker/.docker-btrfs.json
                    """)
                #expect(
                    told == """
                        all is set up as it should be
                        write '/boot_docker/etc/adjtime': that the clock shows local time
                        LOCAL
                          "create_only": ["/etc/machine-id", "/etc/ssh/ssh_host_*", "/var/lib/systemd/credential.secret"],

                        """)
            }
        }

        @Test func `people that were changed are told, and renewed where that is asked for`() async throws {
            try await Deployable.with { machine in
                let again = machine.command(machine.setup)
                let told = try await machine.disk.change(
                    """
                    people='\(machine.disk.folder)/system/etc'
                    printf 'root:x:0:0::/:/bin/sh\nsshd:x:102:102::/:/bin/sh\nann:x:1000:1000::/home/ann:/bin/sh\n' > "$people/passwd"
                    printf 'root:old:1::::::\nann:old:1::::::\n' > "$people/shadow"; echo ann:100000:65536 > "$people/subuid"
                    \(again) | grep users/
                    \(again) 2>&1 | tail -n 1
                    sed -i 's/ann:old/ann:new/' "$people/shadow"; echo 'bob:x:1001:100::/:/bin/sh' >> "$people/passwd"
                    \(again) 2>&1 | tail -n 3
                    cat boot_docker/etc/docker-btrfs/users/shadow
                    \(again) --users --dry-run
                    \(again) --users 2>&1 | tail -n 2
                    cd boot_docker/etc/docker-btrfs; cat users/passwd users/shadow; find . -mindepth 1 -printf '%p %m\n' | sort
                    """)
                let folder = "'/boot_docker/etc/docker-btrfs/users"
                let renewed = "write \(folder)' anew: ann, bob, root's password\n"
                let lines = """
                    write \(folder)/passwd': this machine's users
                    write \(folder)/shadow': this machine's users
                    write \(folder)/subuid': this machine's users
                    all is set up as it should be
                    note: the people of this system are not those that each root gets from \(folder)': ann, bob; --users renews them

                    all is set up as it should be
                    root:old:1::::::
                    ann:old:1::::::

                    """
                #expect(told.hasPrefix(lines), "\(told)")
                #expect(told.dropFirst(lines.count).contains("\n\n\(renewed)\(renewed)next: "), "\(told)")
                #expect(
                    told.hasSuffix(
                        """
                        ann:x:1000:1000::/home/ann:/bin/sh
                        bob:x:1001:100::/:/bin/sh
                        root:old:1::::::
                        ann:new:1::::::
                        ./users 755
                        ./users/group 644
                        ./users/gshadow 600
                        ./users/members 644
                        ./users/passwd 644
                        ./users/shadow 600
                        ./users/subgid 644
                        ./users/subuid 644

                        """), "\(told)")
            }
        }

        @Test func `settings of a later version are not replaced`() async throws {
            try await Deployable.with { machine in
                try await machine.disk.change("sed -i 's/refind/later/' .docker-btrfs/settings")
                let before = try await machine.everything()
                #expect(try await machine.fails(machine.setup).contains("which this version does not know\nhint: a later one wrote it"))
                #expect(try await machine.everything() == before)
            }
        }

        @Test(arguments: ["", "{", #"{"loader": "refind"}"#])
        func `settings that are damaged are written anew`(text: String) async throws {
            try await Deployable.with { machine in
                let path = ".docker-btrfs/settings"
                try await machine.disk.change("cp \(path) whole; printf '%s' '\(text)' > \(path)")
                #expect(try await machine.fails("status").contains("hint: docker-btrfs setup writes it anew"))
                let noted = try await machine.disk.change("\(machine.command(machine.setup)) 2>&1 > /dev/null")
                #expect(noted.contains("it is written anew"), "\(noted)")
                try await machine.disk.change("cmp \(path) whole")
            }
        }
    }
}
