import TestSupport
import Testing

extension OnDisk {
    /// `docker-btrfs adopt`: what was changed in a root is in the next one.
    struct AdoptTests {
        /// One of each kind; /etc and /usr are the image's, /srv/own is the top layer's.
        private static let changes = """
            cd docker_rwlayer
            mkdir -p srv/new/inner; echo key > srv/new/inner/key; chmod 640 srv/new/inner/key; chown 5:6 srv/new/inner/key; chmod 2750 srv/new
            setfacl -m u:7:r srv/new/inner/key; setfacl -d -m u:8:rx srv/new; setfattr -n user.note -v yes srv/new/inner
            setfattr -n trusted.note -v yes srv/new/inner/key; ln srv/new/inner/key srv/new/again; ln -s /nowhere srv/new/link; mkfifo srv/new/fifo
            touch -d 2001-02-03 srv/new/inner/key srv/new/inner
            printf 'name' > $'srv/new/b\\na\\377d'
            echo more >> srv/own/mine; rm srv/own/gone; rm etc/version; chmod 711 etc; rm -r usr/share; echo file > usr/share
            mv usr/sbin usr/sbin.old; mkdir usr/sbin; echo only > usr/sbin/only
            mv srv/own/mine srv/own/renamed; mv usr/lib/os-release usr/lib/os-release.old; cp usr/lib/os-release.old usr/lib/os-release
            mkdir -p var/log; echo line > var/log/syslog
            """

        private let listing = """
            cd docker_rwlayer; find srv etc usr -not -path '*/.wh.*' -printf '%p %y %m %U:%G %n %l\\n' | LC_ALL=C sort
            find srv etc usr -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum
            getfattr --recursive --physical --no-dereference --absolute-names --dump --match=- srv etc usr | grep -v '^$'
            stat --format %Y srv/new/inner/key srv/new/inner
            """

        @Test func `a directory that was made again in the place of one that was moved away is adopted with all that is in it`()
            async throws
        {
            try await Deployable.withRoot { machine in
                let disk = machine.disk
                try await disk.change(
                    """
                    cd docker_rwlayer; mv srv srv.old; rm srv.old/own/mine; cp -a srv.old srv; echo new > srv/own/mine
                    mv etc etc.old; rm etc.old/version; cp -a etc.old etc; echo new > etc/version
                    """)
                let told = try await machine.run("adopt /srv /etc/version")
                #expect(!told.contains("/mine' out of the top layer\n") && !told.contains("/.wh.version'\n"), "\(told)")
                try await disk.bootWell(disk.line(keeping: ""))
                #expect(try await disk.look("cat docker_rwlayer/srv/own/mine docker_rwlayer/etc/version") == "new\nnew\n")
            }
        }

        @Test func `what this machine takes away by its top layer is not taken out of everybody's image, and nothing is no success`()
            async throws
        {
            try await Deployable.withRoot { machine in
                try await machine.disk.change("mkdir -p boot_docker/var/log/new")
                try await machine.disk.bootWell(machine.disk.line(keeping: ""))
                try await machine.disk.change("rm docker_rwlayer/etc/version; echo line > docker_rwlayer/var/log/new/syslog")
                try await machine.run("adopt /etc/version")
                let told = try await machine.run("adopt --image 2>&1")
                #expect(told.contains("note: '/etc/version' is left out: the top layer takes away what the image has there\n"), "\(told)")
                #expect(!told.contains("rm -rf"), "\(told)")
                let nothing = try await machine.run("adopt /var 2>&1")
                let note = "1 path there that systems write by themselves is left out: name it to have it"
                #expect(nothing == "nothing was adopted\nnote: \(note)\n", "\(nothing)")
            }
        }

        @Test func `each kind of change is in the next root, and is no change there`() async throws {
            try await Deployable.withRoot { machine in
                let disk = machine.disk
                try await disk.change("mkdir -p docker_rwlayer/usr/share; sync")
                try await disk.change(Self.changes)
                let wanted = try await disk.look(listing)
                let before = try await machine.everything()
                let planned = try await machine.run("adopt /srv /etc /usr --dry-run")
                #expect(planned.contains("take '/etc/version' away by the top layer's '/boot_docker/etc/.wh.version'\n"))
                #expect(planned.contains("take '/boot_docker/srv/own/gone' out of the top layer\n"))
                #expect(planned.contains("name '/etc' in 'directories' of '/boot_docker/.docker-btrfs.json'\n"))
                #expect(try await machine.everything() == before)
                let told = try await machine.run("adopt /srv /etc /usr")
                #expect(told.hasPrefix(planned) && told.contains("the next root has them: "))
                #expect(try await disk.look("find boot_docker -name '*docker-btrfs*new*' -o -name '.wh..wh.*' -o -path '*/var/log*'") == "")
                try await disk.bootWell(disk.line(keeping: ""))
                let (found, sought) = (try await disk.look(listing).split(separator: "\n"), wanted.split(separator: "\n"))
                #expect(found.filter { !sought.contains($0) } == [])
                #expect(sought.filter { !found.contains($0) } == [])
                #expect(try await machine.run("diff") == "")
                // Once more: what was adopted may be adopted again.
                try await disk.change("echo other > docker_rwlayer/srv/new/inner/key; rm -r docker_rwlayer/srv/own")
                #expect(try await machine.run("adopt /srv").contains("take '/boot_docker/srv/own' out of the top layer\n"))
                try await disk.bootWell(disk.line(keeping: ""))
                let kept = try await disk.look(
                    "cd docker_rwlayer/srv; cat new/again; stat --format %h new/inner/key; [[ ! -e own ]]; ls new/inner")
                #expect(kept == "other\n2\nkey\n")
                #expect(try await machine.run("diff") == "")
                // What an engine has to know of a registry.
                try await disk.change(
                    """
                    cd docker_rwlayer; mkdir -p -m 700 etc/docker/certs.d/registry.lan root/.docker
                    echo ca > etc/docker/certs.d/registry.lan/ca.crt; echo {} > root/.docker/config.json; chmod 600 root/.docker/config.json
                    """)
                for path in ["/etc/docker/certs.d", "/root/.docker/config.json"] { try await machine.run("adopt \(path)") }
                let known = "cd boot_docker; cat etc/docker/certs.d/*/ca.crt; stat --format %a root/.docker root/.docker/config.json"
                #expect(try await disk.look(known) == "ca\n700\n600\n")
            }
        }

        @Test func `what a root was never given stays in the top layer`() async throws {
            try await Deployable.withRoot { machine in
                let disk = machine.disk
                try await disk.change(
                    """
                    for template in .docker-btrfs/templates/*; do [[ ! -e $template ]] || btrfs -q subvolume delete "$template"; done
                    sleep 1.1; mkdir boot_docker/srv/later; echo key > boot_docker/srv/later/key
                    echo more >> docker_rwlayer/srv/own/mine; rm docker_rwlayer/srv/own/gone; echo > docker_rwlayer/srv/added
                    """)
                let told = try await disk.change("\(machine.command("adopt /srv")) 2>&1")
                #expect(told.contains("note: '/boot_docker/srv/later' stays: it is newer than root "), "\(told)")
                #expect(told.contains("take '/boot_docker/srv/own/gone' out of the top layer\n"), "\(told)")
                #expect(try await disk.look("cat boot_docker/srv/later/key; tail -n 1 boot_docker/srv/own/mine") == "key\nmore\n")
            }
        }

        private static let withoutTemplates =
            "for template in .docker-btrfs/templates/*; do [[ ! -e $template ]] || btrfs -q subvolume delete \"$template\"; done; "

        @Test func `what was changed in the top layer since is no change of the root`() async throws {
            try await Deployable.withRoot { machine in
                let disk = machine.disk
                try await disk.change("cd boot_docker/etc; mkdir own; echo mine > own/mine; echo mine > own/gone")
                try await disk.bootWell(disk.line(keeping: "docker_keep=3"))
                try await disk.change(
                    Self.withoutTemplates + """
                        cat docker_rwlayer/etc/own/* > read; sleep 1.1
                        cd boot_docker/etc; rm own/gone; echo other > own/mine; chmod 700 own; echo key > own/later
                        cd ../../docker_rwlayer; echo b > etc/added; rm etc/version
                        """)
                #expect(try await machine.run("diff") == "A /etc/added\nD /etc/version\n")
                let told = try await machine.run("adopt /etc 2>&1")
                #expect(!told.contains("/own"), "\(told)")
                let look = "cd boot_docker/etc; ls own; cat own/mine added; stat --format %a own"
                #expect(try await disk.look(look) == "later\nmine\nother\nb\n700\n")
                // The files of a directory that was moved are the old ones, but count as added.
                try await disk.change("cd docker_rwlayer/etc; mv own moved; rm moved/mine")
                let moved = try await machine.run("diff")
                #expect(moved.contains("A /etc/moved\nA /etc/moved/gone\n"), "\(moved)")
                // A changed file that was in the root is missed when it is deleted, even if its directory has something newer.
                try await disk.change("rm docker_rwlayer/etc/moved/gone; rmdir docker_rwlayer/etc/moved; sleep 1.1")
                // What was never in a root is not put into it.
                let kept = ".docker-btrfs/roots/docker_rwlayer/1"
                try await disk.change("btrfs property set \(kept) ro false; rm \(kept)/usr/lib/os-release")
                let repaired = try await machine.run("repair 1 --changed")
                #expect(
                    repaired.hasPrefix("put back '/usr/lib/os-release'\nroot 1 ")
                        && repaired.hasSuffix(" has 1 path again as it was made\n"),
                    "\(repaired)")
            }
        }

        @Test(arguments: [true, false])
        func `what setup mounts since a root was made stays in the fstab, and what else that mounts no more is told`(hasTemplate: Bool)
            async throws
        {
            try await Deployable.withRoot { machine in
                let disk = machine.disk
                try await disk.change("sleep 1.1; mkdir '\(disk.folder)/system/journal'; \(machine.command(machine.setup)) --data /journal")
                try await disk.change(
                    """
                    \(hasTemplate ? "" : Self.withoutTemplates)
                    echo 'tmpfs /new tmpfs defaults 0 0' >> boot_docker/etc/fstab; echo 2 >> boot_docker/srv/own/mine
                    sed -i '/docker_data/d' docker_rwlayer/etc/fstab; chown 7 docker_rwlayer/etc/fstab
                    echo 'tmpfs /scratch tmpfs defaults 0 0' >> docker_rwlayer/etc/fstab; echo 3 >> docker_rwlayer/srv/own/mine
                    """)
                let told = try await machine.run("adopt /etc/fstab /srv/own/mine 2>&1")
                #expect(told.contains(" as '/boot_docker/etc/fstab', where the lines for '/journal' stay as they are\n"), "\(told)")
                let note = "was changed since root 1 ('sample_image:latest') was made, and the root's takes its place: "
                // Whoever took a line out of the root's fstab wants it no more.
                #expect(told.contains("note: '/boot_docker/etc/fstab' \(note)it mounts '/srv', '/new' no more\n"), "\(told)")
                // It may be what was adopted before.
                #expect(!told.contains("mine' was changed"), "\(told)")
                let places = try await disk.look("awk '{ print $2 }' boot_docker/etc/fstab").split(separator: "\n")
                #expect(places.contains("/journal") && places.contains("/scratch") && !places.contains("/new"), "\(places)")
                #expect(!places.contains("/srv"), "\(places)")
                #expect(try await disk.look("stat --format %u boot_docker/etc/fstab") == "7\n")
                #expect(try await disk.look("cat boot_docker/srv/own/mine") == "mine\n3\n")
            }
        }

        @Test(arguments: [true, false])
        func `a line of the fstab that setup renewed is not put back, whatever else was changed`(isTouched: Bool) async throws {
            try await Deployable.withRoot { machine in
                let disk = machine.disk
                let old = try await machine.changeUUID()
                let setup = "sleep 1.1; \(machine.command(machine.setup))"
                let new = try await disk.uuid()
                #expect(try await disk.change(setup).contains("mounts '/srv' from UUID=\(new) in place of UUID=\(old)"))
                let touch = "sed -i 's/docker_data.srv,noatime/&,ssd/; s/ none bind,/&x-root,/'"
                try await disk.change(
                    """
                    cat boot_docker/etc/fstab > before; sed -i 's/ none bind,/&x-layer,/' boot_docker/etc/fstab
                    \(isTouched ? touch : ":") docker_rwlayer/etc/fstab
                    echo 'tmpfs /scratch tmpfs defaults 0 0' >> docker_rwlayer/etc/fstab
                    """)
                let told = try await machine.run("adopt /etc/fstab --root 1 2>&1")
                let kept = told.split(separator: "\n").first { $0.contains(", where the lines for ") } ?? ""
                #expect(kept.contains("'/srv'") && kept.contains("'/mnt/docker-btrfs/top'"), "\(told)")
                let which = "note: root 1 ('sample_image:latest') and '/boot_docker/etc/fstab' have different lines for '"
                #expect(told.contains(which), "\(told)")
                #expect(told.contains("': those of the top layer stay, for what the root's name is not here\n"), "\(told)")
                let table = try await disk.look("sed 's/x-root,//' boot_docker/etc/fstab")
                #expect(try await disk.look("cat before; echo 'tmpfs /scratch tmpfs defaults 0 0'") == table)
                #expect(try await disk.look("grep -c x-layer boot_docker/etc/fstab || :") == "0\n")
                // Taken back by adopting it once more.
                try await disk.change("sed -i 's/x-root,//; /scratch/d' docker_rwlayer/etc/fstab")
                try await machine.run("adopt /etc/fstab --root 1")
                #expect(try await disk.look("cat before") == disk.look("cat boot_docker/etc/fstab"))
            }
        }

        @Test func `of a directory that is a new one nothing of the old one is left in the top layer, but for what came there later`()
            async throws
        {
            try await Deployable.withRoot { machine in
                let disk = machine.disk
                try await disk.change(
                    """
                    sleep 1.1; echo precious > boot_docker/srv/own/precious
                    cd docker_rwlayer/srv; mv own own.old; mkdir own; echo new > own/new
                    """)
                let told = try await machine.run("adopt /srv/own 2>&1")
                #expect(told.contains("note: '/boot_docker/srv/own/precious' stays: it is newer than root "), "\(told)")
                #expect(try await disk.look("ls boot_docker/srv/own") == "new\nprecious\n")
                try await disk.change("rm -r docker_rwlayer/srv/own; ln -s own.old docker_rwlayer/srv/own")
                let refused = try await machine.fails("adopt /srv/own")
                #expect(refused.contains("the directory '/boot_docker/srv/own', of which something is to stay\n"), "\(refused)")
                #expect(try await disk.look("ls boot_docker/srv/own") == "new\nprecious\n")
                try await disk.change("rm docker_rwlayer/srv/own")
                try await machine.run("adopt /srv/own")
                #expect(try await disk.look("ls boot_docker/srv/own; cat boot_docker/srv/own/precious").hasSuffix("precious\nprecious\n"))
            }
        }

        @Test func `what was adopted is taken back by adopting it once more`() async throws {
            try await Deployable.withRoot { machine in
                let disk = machine.disk
                try await disk.change("cd docker_rwlayer; echo v2 > srv/own/mine; echo new > srv/new; mv etc/version ../version")
                try await machine.run("adopt /srv/own/mine /srv/new /etc/version")
                let look = "cat boot_docker/srv/own/mine; ls -A boot_docker/srv boot_docker/etc | grep -E 'new|version' || :"
                #expect(try await disk.look(look) == "v2\n.wh.version\nnew\n")
                try await disk.change("cd docker_rwlayer; echo mine > srv/own/mine; rm srv/new; mv ../version etc/version")
                #expect(try await machine.run("diff") == "")
                try await machine.run("adopt /srv/own/mine /srv/new /etc/version")
                #expect(try await disk.look(look) == "mine\n")
                #expect(try await machine.fails("adopt /srv/own/mine").contains("nothing was changed there"))
            }
        }

        @Test func `a directory of the top layer that was deleted is missed, whatever came into it since, and is taken back`() async throws
        {
            try await Deployable.withRoot { machine in
                let disk = machine.disk
                try await disk.change("cd boot_docker/etc; mkdir cfg; echo 1 > cfg/a; echo conf > conf")
                try await disk.bootWell(disk.line(keeping: "docker_keep=3"))
                try await disk.change(Self.withoutTemplates + "sleep 1.1; echo 2 > docker_rwlayer/etc/cfg/b")
                try await machine.run("adopt /etc/cfg")
                try await disk.change("rm -r docker_rwlayer/etc/cfg")
                #expect(try await machine.run("diff") == "D /etc/cfg\n")
                // A backup read all files, and another file was renamed.
                try await disk.change("cat docker_rwlayer/etc/* > /dev/null 2>&1 || :; sleep 1.1; echo 2 > boot_docker/etc/conf")
                try await disk.change("cd docker_rwlayer/etc; mv hostname name")
                let planned = try await machine.run("repair 2 --changed --dry-run")
                #expect(planned.contains("put back '/etc/cfg'\n") && !planned.contains("conf'"), "\(planned)")
                try await machine.run("adopt /etc/cfg /etc/cfg/b")
                #expect(try await disk.look("ls -A boot_docker/etc | grep cfg || :") == "")
                #expect(try await machine.fails("adopt /etc/hostname /etc/nothing").contains("could not adopt '/etc/nothing'"))
            }
        }

        @Test func `what came into the top layer after a root that is gone on with is none of its losses`() async throws {
            try await Deployable.withRoot { machine in
                let disk = machine.disk
                try await disk.change("sleep 1.1; echo key > boot_docker/etc/newkey")
                try await disk.bootWell(disk.line(keeping: "docker_keep=3"))
                try await disk.bootWell(disk.line(keeping: "docker_keep=3 docker_root=1"))
                try await disk.change(Self.withoutTemplates + "[[ ! -e docker_rwlayer/etc/newkey ]]; touch docker_rwlayer/etc/own")
                #expect(try await machine.run("diff") == "A /etc/own\n")
                #expect(try await machine.run("repair 3").hasSuffix(" lost nothing\n"))
            }
        }

        @Test func `a name by the image's symlink is no second one in the top layer`() async throws {
            try await Deployable.withRoot { machine in
                let disk = machine.disk
                try await disk.change("cd boot_docker/lib/modules; echo a > 6.1/a; echo b > 6.1/b")
                try await disk.bootWell(disk.line(keeping: "docker_keep=3"))
                try await disk.change("cd docker_rwlayer; [[ -L lib ]]; echo other > usr/lib/modules/6.1/a; rm usr/lib/modules/6.1/b")
                try await machine.run("adopt /usr/lib/modules")
                #expect(
                    try await disk.look("cat boot_docker/usr/lib/modules/6.1/a; ls boot_docker/lib/modules/6.1") == "other\nmodule.ko\n")
                try await disk.bootWell(disk.line(keeping: "docker_keep=3"))
                #expect(try await disk.look("cd docker_rwlayer/lib/modules/6.1; cat a; ls") == "other\na\nmodule.ko\n")
            }
        }

        @Test func `what is in the way of adopting is said`() async throws {
            try await Deployable.withRoot { machine in
                let disk = machine.disk
                try await disk.change(
                    "echo more >> docker_rwlayer/srv/own/mine; chattr +i boot_docker/srv/own; mkdir boot_docker/etc/.wh.version; rm docker_rwlayer/etc/version"
                )
                let refused = try await machine.fails("adopt /srv/own/mine")
                try await disk.change("chattr -i boot_docker/srv/own")
                #expect(refused.contains("hint: lsattr shows what is locked there\n"), "\(refused)")
                #expect(try await machine.run("adopt /etc/version").contains("the next root has it"))
            }
        }

        @Test func `a root that persists is told to end by what is adopted`() async throws {
            try await Deployable.withRoot { machine in
                let disk = machine.disk
                try await disk.bootWell(disk.line(keeping: "docker_mode=persist"))
                try await disk.change("echo h > docker_rwlayer/srv/adopted")
                let told = try await machine.run("adopt /srv/adopted 2>&1")
                #expect(told.contains("persists, and ends here: "), "\(told)")
            }
        }

        @Test func `what was deleted in a directory that has another name goes with the old name`() async throws {
            try await Deployable.withRoot { machine in
                try await machine.disk.change("cd docker_rwlayer/usr; mv sbin sbin.old; rm sbin.old/*")
                #expect(
                    try await machine.run("adopt /usr").contains("take '/usr/sbin' away by the top layer's '/boot_docker/usr/.wh.sbin'\n"))
                #expect(try await machine.disk.look("cd boot_docker/usr; ls -A | grep sbin") == ".wh.sbin\nsbin.old\n")
            }
        }

        @Test func `what is longer than a path can be is left out, and all else is adopted`() async throws {
            try await Deployable.withRoot { machine in
                let deep = #"$name = "d" x 250; for (1..40) { mkdir $name or die; chdir $name or die } open(my $file, ">", "in") or die"#
                try await machine.disk.change("cd docker_rwlayer/srv; mkdir deep; echo > deep/file; cd deep; perl -e '\(deep)'")
                let note = "note: 25 paths are left out: longer than 4095 bytes, as no program can name them\n"
                let adopt = machine.command("adopt --image /srv")
                let lines = try await machine.disk.change(
                    "context=$(mktemp -d); \(adopt) --context \"$context\" 2>&1; find \"$context\" -name file; rm -r \"$context\"")
                #expect(lines.contains(note) && lines.contains("COPY") && lines.hasSuffix("/root/srv/deep/file\n"), "\(lines.suffix(500))")
                let told = try await machine.disk.change(machine.command("adopt /srv") + " 2>&1")
                #expect(told.contains(note) && told.contains("adopted into '/boot_docker'"), "\(told.suffix(500))")
                try await machine.disk.bootWell(machine.disk.line(keeping: ""))
                #expect(try await machine.disk.look("find docker_rwlayer/srv/deep | wc -l") == "18\n")
            }
        }

        @Test func `what cannot be adopted is refused, and nothing was written`() async throws {
            try await Deployable.withRoot { machine in
                let disk = machine.disk
                try await disk.change(
                    """
                    cd docker_rwlayer; echo x > srv/.wh.name; btrfs -q subvolume create srv/sub; touch srv/sub/in
                    mkdir -p srv/d; echo x > srv/d/f
                    """)
                let before = try await machine.everything()
                for (path, reason) in [
                    ("/etc/version", "could not adopt '/etc/version': nothing was changed there\n"),
                    ("etc", "could not adopt 'etc': it is no path from the root's top\n"),
                    ("/srv/../etc", "could not adopt '/srv/../etc': it is no path from the root's top\n"),
                    ("/srv/.wh.name", "could not adopt '/srv/.wh.name': in a top layer that name says something else\n"),
                    ("/srv/sub", "could not adopt '/srv/sub': it is a subvolume of its own\n"),
                    ("/srv/sub/in", "could not adopt '/srv/sub/in': nothing was changed there\n"),
                ] {
                    let told = try await machine.fails("adopt \(path)")
                    #expect(told.hasPrefix("Error: \(reason)"), "\(told)")
                }
                #expect(try await machine.everything() == before)
                // A symlink in the layer leads nowhere.
                try await disk.change("mkdir elsewhere; rm -rf boot_docker/srv; ln -s ../elsewhere boot_docker/srv")
                #expect(try await machine.fails("adopt /srv/d").contains("could not put the directory '/srv/d' into the top layer"))
                #expect(try await disk.look("ls elsewhere") == "")
            }
        }

        @Test(
            arguments: [
                (nil, "true", "root 2 ('sample_image:latest') was made without a top layer"),
                ("other", "mkdir other", "the top layer '/other' is not on the root's filesystem at '/boot_docker'"),
                (
                    "boot_docker", "mkdir boot_docker/common boot_docker/machine; mv boot_docker/etc boot_docker/srv boot_docker/common",
                    "'/boot_docker/common' is for all machines"
                ),
            ] as [(String?, String, String)])
        func `a root without a layer that is its machine's alone is refused`(layer: String?, change: String, reason: String) async throws {
            try await Deployable.withRoot { machine in
                let disk = machine.disk
                try await disk.change(change)
                var line = disk.line(keeping: "")
                if let layer { line.topLayerPath = layer } else { line.topLayer = nil }
                try await disk.bootWell(line)
                try await disk.change("mkdir -p docker_rwlayer/srv/d; echo x > docker_rwlayer/srv/d/f")
                let before = try await machine.everything()
                let told = try await machine.fails("adopt /srv/d")
                #expect(told.hasPrefix("Error: could not adopt anything: \(reason)\n"), "\(told)")
                #expect(try await machine.everything() == before)
            }
        }
    }
}
