import Fixtures
import Foundation
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
                ("--options 'quiet rootflags=compress=zstd'", "could not use 'rootflags=compress=zstd' in the options: "),
                ("--rootflags compres=zstd", "could not use 'compres=zstd' in rootflags=: it is not one of the options that a root can"),
                ("--options docker-path=docker", "could not use 'docker-path=docker' in the options"),
                ("--name a,b", "could not call the root '/a,b'"),
                (
                    "--name docker",
                    """
                    could not replace '/docker': it is a directory that docker-btrfs did not make
                    hint: give --name a name that is not taken, for example docker_docker

                    """
                ),
                ("--name boot_docker", "could not replace '/boot_docker': it is a directory that docker-btrfs did not make"),
                ("--name new --top-layer new", "could not use the top layer '/new' (--top-layer): it is in the root '/new'"),
                ("--name new --top-layer new/more", "could not use the top layer '/new/more' (--top-layer): it is in the root '/new'"),
                ("--name new/more --top-layer new", "could not use '/new' as the top layer: it holds '/new/more'"),
                ("--name new --top-layer .docker-btrfs/new", "it is in what docker-btrfs keeps in '/.docker-btrfs', which boots delete"),
                ("--name boot_docker/.docker-btrfs.json/new", "could not make the root '/boot_docker/.docker-btrfs.json/new'"),
                (
                    "--top-layer docker",
                    """
                    could not use '/docker' as the top layer: it holds '/docker'
                    hint: give --top-layer a directory that holds only this machine's files

                    """
                ),
                (
                    "--top-layer docker_data/srv",
                    """
                    could not use '/docker_data/srv' as the top layer, whose files go into each root: 'work' is in it, and no 'etc'
                    hint: give --top-layer a directory of its own; a top layer is known by its '.docker-btrfs.json', of which '{}' is enough

                    """
                ),
                ("--top-layer docker/image", "whose files go into each root: the images' store '/docker' is there"),
                (
                    "--options \"$(printf 'x%.0s' {1..1800})\"",
                    " bytes, and a kernel reads 2047, with up to 64 of the boot loader's\nhint: say less: docker-btrfs setup --options TEXT\n"
                ),
                ("--data /x,y", "could not keep '/x,y' as data: mount options cannot name what has a comma"),
                ("--data /c-d --data /c/d", "could not keep '/c/d' as data: its subvolume '/docker_data/c-d' is that of '/c-d'"),
                (
                    "--data /etc/hostname",
                    """
                    could not keep '/etc/hostname' as data: '/etc/hostname' is not a directory
                    hint: a single file is in each root by the top layer: copy it to '/boot_docker/etc/hostname' of the btrfs

                    """
                ),
                ("--data /", "could not keep '/' as data: each root has its own"),
                ("--data /etc", "could not keep '/etc' as data: each image has its own"),
                ("--data //var/", "could not keep '/var' as data: each image has its own"),
                ("--data /usr/share", "could not keep '/usr/share' as data: each image has its own"),
                ("--data /run/user", "could not keep '/run/user' as data: each boot has its own"),
                ("--data /srv/../etc", "it has to be a path that begins with '/' and has no '..' in it"),
                ("--init /bin/ls", "/bin/ls is not docker-btrfs-init"),
                ("--namespace 'a b'", "could not use 'a b' as a namespace of containerd: "),
                ("--namespace=-a", "could not use '-a' as a namespace of containerd: "),
                ("--data /etc/hostname/more", "could not keep '/etc/hostname/more' as data: '/etc/hostname' is not a directory"),
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
                ("--options \"quiet x=a'b\"", "x=a'b", "leave it out: --options TEXT"),
                ("--top-layer \"my layer's\"", "toplayer_path=my layer's", "choose another path: --top-layer PATH"),
            ])
        func `what GRUB cannot say is refused before anything is written`(words: String, option: String, hint: String) async throws {
            try await Deployable.with(setup: "--loader grub") { machine in
                let before = try await machine.everything()
                let told = try await machine.fails("\(machine.setup) \(words)")
                let sentence = "could not write the kernel option '\(option)' for GRUB: it changes ' and \\ on the way to the kernel"
                #expect(told.contains("\(sentence)\nhint: \(hint)\n"), "\(told)")
                #expect(try await machine.everything() == before)
            }
        }

        @Test func `a subvolume that is mounted is no top layer, but one that is one already`() async throws {
            try await Deployable.with { machine in
                let setup = machine.command("\(machine.setup) --top-layer home")
                let mount = "mkdir -p ../home; mount -o subvol=home \(machine.disk.device) ../home"
                let told = try await machine.disk.change("btrfs -q subvolume create home; \(mount); ! \(setup) 2>&1 > /dev/null")
                let sentence = "could not use '/home' as the top layer, whose files go into each root: this system has '/home' mounted at '"
                #expect(told.contains(sentence), "\(told)")
                try await machine.disk.change("mkdir -p other/etc other/usr/lib; touch other/usr/lib/os-release")
                let system = try await machine.fails("\(machine.setup) --top-layer other")
                #expect(system.contains("it is a system of its own, with '/usr/lib/os-release'\n"), "\(system)")
                let taken = try await machine.disk.change("echo '{}' > home/.docker-btrfs.json; \(mount); \(setup)")
                #expect(taken.contains("top layer    '/home'"), "\(taken)")
            }
        }

        @Test func `the root is mounted as the system of before had it, in every entry`() async throws {
            try await Deployable.with { machine in
                let uuid = try await machine.disk.uuid()
                try await machine.disk.change("rm .docker-btrfs/settings")
                let table = "UUID=\(uuid) /btrfs btrfs subvolid=5,noatime 0 0\nUUID=\(uuid) / btrfs relatime,compress=zstd:2,subvol=@ 0 1\n"
                try Data(table.utf8).write(to: URL(filePath: machine.disk.folder + "/system/etc/fstab"))
                let told = try await machine.run(machine.setup)
                #expect(told.contains(/\nrootflags    relatime,compress=zstd:2 +--rootflags OPTIONS\n/), "\(told)")
                try await machine.run("deploy sample_image:v2")
                let flags = "rootflags=subvol=docker_rwlayer,relatime,compress=zstd:2 "
                #expect(try String(contentsOfFile: "\(machine.boot)/EFI/refind/docker-btrfs.conf", encoding: .utf8).contains(flags))
                // Chosen once, it stays.
                try await machine.run("\(machine.setup) --rootflags ''")
                try await machine.run("deploy")
                let entry = try String(contentsOfFile: "\(machine.boot)/EFI/refind/docker-btrfs.conf", encoding: .utf8)
                #expect(entry.contains("rootflags=subvol=docker_rwlayer "), "\(entry)")
                #expect(try await machine.run(machine.setup).contains("\nall is set up as it should be\n"))
            }
        }

        @Test(
            arguments: [
                ("mv boot_docker gone", "could not find the top layer"),
                ("mv boot_docker gone; ln -s / boot_docker", "as the top layer: it holds"),
                ("mkdir docker_rwlayer", "could not replace '/docker_rwlayer'"),
            ])
        func `what would not be booted is not deployed, and check tells why`(change: String, reason: String) async throws {
            try await Deployable.with { machine in
                try await machine.run("deploy sample_image:v2")
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

        @Test(arguments: [
            ("grub", "uki", "could not use unified kernel images: entries for GRUB have kernel and initramfs apart", Self.unified),
            ("refind", "uki", "could not use unified kernel images: entries for rEFInd have kernel and initramfs apart", Self.unified),
            ("systemd-boot", "btrfs", "could not let the kernels lie on the btrfs: systemd-boot does not read it", "--kernels boot"),
        ])
        func `kernels that the boot loader could not start are refused`(loader: String, kernels: String, reason: String, hint: String)
            async throws
        {
            try await Deployable.with(setup: "--loader \(loader)", partition: "64M") { machine in
                let before = try await machine.everything()
                let told = try await machine.fails("\(machine.setup) --kernels \(kernels)")
                #expect(told.hasSuffix("Error: \(reason)\nhint: \(hint)\n"), "\(told)")
                #expect(try await machine.everything() == before)
            }
        }

        private static let unified =
            "systemd-boot starts such an image: --loader systemd-boot, where the machine has that; --kernels boot copies both as they are"

        @Test func `the partition of a boot loader that is not known is asked for`() async throws {
            try await Deployable.with { machine in
                for kernels in ["boot", "uki"] {
                    let setup = "'\(Repository.companion)' \(machine.setup) --loader print --kernels \(kernels)"
                    let told = try await machine.disk.change("! \(setup) 2>&1 > /dev/null")
                    let reason = "could not choose where kernels lie: which partition the boot loader reads is not known"
                    #expect(told.hasSuffix("Error: \(reason)\nhint: say where it is mounted: --boot DIR\n"), "\(told)")
                }
            }
        }

        @Test func `a boot with layers that are chosen by the machine is not rehearsed`() async throws {
            try await Deployable.with { machine in
                try await machine.disk.change("mkdir -p boot_docker/machine/other")
                let told = try await machine.fails("rehearse sample_image")
                #expect(
                    told.contains("could not rehearse a boot with '/boot_docker': it holds layers that are chosen by the machine's own"))
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

        @Test func `of a data-root that was moved and of containerd's root, the one that got an image last is taken, and the other told`()
            async throws
        {
            try await Deployable.with { machine in
                let system = "\(machine.disk.folder)/system"
                let archive = Fixture.stores.appending(path: "\(Fixture.Name.mixed.rawValue).tar.gz").path
                try await machine.disk.change(
                    """
                    mkdir away; tar -xzf '\(archive)' -C away
                    mkdir -p '\(system)/etc/'{docker,containerd}
                    echo "{\\"data-root\\": \\"$PWD/docker\\"}" > '\(system)/etc/docker/daemon.json'
                    echo "root = '$PWD/away/containerd/daemon'" > '\(system)/etc/containerd/config.toml'
                    """)
                let setup = "'\(Repository.companion)' setup --root '\(system)' --init '\(Repository.embeddedInit)' --dry-run 2>&1"
                let (docker, containerd) = ("/docker", "/away/containerd/daemon")
                for (time, taken, other) in [(1, containerd, docker), (1_900_000_000, docker, containerd)] {
                    let told = try await machine.disk.change("touch -d @\(time) docker/image/btrfs/repositories.json; \(setup)")
                    #expect(told.contains("\(taken)', which is '\(taken)' there"), "\(told)")
                    let top = machine.disk.folder + "/top"
                    let note = "'\(top)\(other)' has images too: '\(top)\(taken)' got one last, and is taken"
                    #expect(told.contains("note: \(note); --data-root \(top)\(other) takes the other\n"), "\(told)")
                }
            }
        }

        @Test func `a Docker that was never used does not win over Podman's images, and one with images is told of`() async throws {
            try await Deployable.with { machine in
                let system = "\(machine.disk.folder)/system"
                let archive = Fixture.stores.appending(path: "\(Fixture.Name.podmanBtrfs.rawValue).tar.gz").path
                try await machine.disk.change(
                    """
                    mkdir -p never/image/btrfs pods '\(system)/etc/'{docker,containers}; tar -xzf '\(archive)' -C pods
                    echo '{"Repositories":{}}' > never/image/btrfs/repositories.json
                    printf '[storage]\\ngraphroot = "%s"\\n' "$PWD/pods" > '\(system)/etc/containers/storage.conf'
                    """)
                let places = "--root '\(system)' --boot '\(machine.boot)' --init '\(Repository.embeddedInit)'"
                let setup = "'\(Repository.companion)' setup \(places) --dry-run 2>&1"
                let top = machine.disk.folder + "/top"
                let (last, before) = ("got one last, and is taken", "is what was set up")
                for (docker, time, taken, other, reason) in [
                    ("docker", 1, "/docker", "/pods", before), ("never", 1_900_000_000, "/pods", nil, last),
                    ("docker", 1, "/pods", "/docker", last), ("docker", 1_900_000_000, "/docker", "/pods", last),
                ] as [(String, Int, String, String?, String)] {
                    let told = try await machine.disk.change(
                        """
                        echo "{\\"data-root\\": \\"$PWD/\(docker)\\"}" > '\(system)/etc/docker/daemon.json'
                        touch -d @\(time) \(docker)/image/btrfs/repositories.json; touch -d @1800000000 pods/btrfs-images/images.json
                        [[ '\(reason)' == '\(before)' ]] || rm -f .docker-btrfs/settings
                        \(setup)
                        """)
                    #expect(told.contains("\(taken)', which is '\(taken)' there"), "\(told)")
                    let note = other.map { "note: '\(top)\($0)' has images too: '\(top)\(taken)' \(reason); " }
                    #expect(note.map { told.contains($0) } ?? !told.contains(" has images too"), "\(told)")
                }
            }
        }

        @Test func `a unit of ours that is not as this version has it is told, and stays`() async throws {
            try await Deployable.with { machine in
                let told = try await machine.disk.change(
                    """
                    unit=boot_docker/etc/systemd/system/docker-btrfs-update.service; echo old > $unit
                    \(machine.command(machine.setup)) 2>&1; cat $unit
                    """)
                #expect(
                    told.hasSuffix(
                        """
                        note: '/boot_docker/etc/systemd/system/docker-btrfs-update.service' is not as this version has it, and stays: \
                        where nobody changed it, remove it and run setup again

                        all is set up as it should be
                        next: docker build -t NAME DIR && docker-btrfs deploy NAME
                        old

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
