import Foundation
import TestSupport
import Testing

extension OnDisk {
    /// What the companion says and refuses in a system that docker-btrfs booted: it has one of the roots at `/`.
    struct RunningRootTests {
        @Test(arguments: [SystemRoot.plain("docker_rwlayer"), .overlay])
        func `what runs is shown, and is not taken away`(root: SystemRoot) async throws {
            try await Deployable.with(setup: "--loader grub", partition: "64M") { machine in
                // The booted one is neither the next one nor the way back.
                try await machine.run("deploy sample_image:latest")
                try await machine.boot("sample_image:latest", ["--report", "\(machine.disk.folder)/boot.json"])
                let again = try await machine.built(again: "sample_image:latest")
                try await machine.run("deploy sample_image:v2")
                try await machine.run("deploy \(again)")
                let removal = "remove the file '/.docker-btrfs/deployments/\(try machine.id("sample_image:latest"))'"
                let outside = try await machine.run("prune --dry-run")
                #expect(outside.contains(removal), "\(outside)")

                let status = try await machine.inside(root, "status")
                let before = try await machine.everything()
                let booted = /● booted +sample_image:latest +[0-9a-f]{12} .* root 1, just now, not known to be good\n/
                #expect(status.contains(booted), "\(status)")
                #expect(try await machine.inside(root, "root ls").contains(/1 +sample_image:latest +just now +booted\n/))
                let pruned = try await machine.inside(root, "prune --dry-run")
                #expect(!pruned.contains(removal) && pruned.hasSuffix("status 0\n"), "\(pruned)")
                let refused = """
                    Error: could not remove the boot menu's entries: this system is root 1 of '/docker_rwlayer', and is started by one
                    hint: start another system first
                    status 1

                    """
                #expect(try await machine.inside(root, "uninstall") == refused)
                let folder = """
                    Error: could not take '/esp/EFI/refind' for the boot menu: it is in root 1, and goes with that
                    hint: mount the folder that the boot loader reads there, or run setup in the system that has it
                    status 1

                    """
                let setup = "setup --top-level /top --data-root /top/docker --loader refind --boot /esp --init '\(Repository.embeddedInit)'"
                let refusedFolder = try await machine.inside(root, setup, at: "")
                #expect(refusedFolder.hasSuffix(folder), "\(refusedFolder)")
                #expect(try await machine.everything() == before)
            }
        }

        @Test(arguments: [SystemRoot.plain("docker_rwlayer"), .overlay])
        func `setup puts nothing of the image into the top layer, and says what comes next`(root: SystemRoot) async throws {
            try await Deployable.with { machine in
                try await machine.run("deploy sample_image:latest")
                try await machine.boot("sample_image:latest", ["--report", "\(machine.disk.folder)/boot.json"])
                try await machine.disk.change(
                    """
                    rm boot_docker/etc/systemd/system/docker-btrfs-update.timer; btrfs property set .docker-btrfs/layers/* ro false
                    for tree in .docker-btrfs/layers/* docker_rwlayer; do mkdir -p $tree/etc; echo LANG=C > $tree/etc/locale.conf; done
                    """)
                let setup = "setup --data-root /top/docker --loader print --kernels btrfs --init '\(Repository.embeddedInit)'"
                let told = try await machine.inside(root, setup, at: "--top-level /top")
                #expect(told.contains("docker-btrfs-update.timer': the same\n") && !told.contains("locale.conf"), "\(told)")
                #expect(told.hasSuffix("\nnext: docker-btrfs deploy\nstatus 0\n"), "\(told)")
                let deploy = "deploy sample_image:v2 --dry-run --init '\(Repository.embeddedInit)'"
                let planned = try await machine.inside(root, deploy, at: "--top-level /top")
                #expect(planned.contains("\nstatus 0\n"), "\(planned)")
            }
        }

        @Test func `a root with a name that runs is not left without its entry`() async throws {
            try await Deployable.with(setup: "--loader grub", partition: "64M") { machine in
                try await machine.run("deploy sample_image:latest")
                try await machine.boot("sample_image:latest", ["--report", "\(machine.disk.folder)/boot.json"])
                try await machine.run("root keep 1 old")
                let refused = """
                    Error: could not remove the boot menu's entries: this system is '/old', and is started by one
                    hint: start another system first
                    status 1

                    """
                #expect(try await machine.inside(.plain("old"), "uninstall") == refused)
                // What is changed in it goes with no boot.
                let told = try await machine.inside(.plain("old"), "diff")
                #expect(told.hasPrefix("Error: could not choose a root: the system runs on 'old', which was kept"), "\(told)")
            }
        }

        @Test func `under an overlay, what was changed in the root itself is shown and adopted`() async throws {
            try await Deployable.with { machine in
                try await machine.run("deploy sample_image:latest")
                let layer = "toplayer=\(machine.disk.device) toplayer_path=boot_docker"
                try await machine.boot("sample_image:latest", adding: layer, ["--report", "\(machine.disk.folder)/boot.json"])
                try await machine.disk.change("echo new > docker_rwlayer/etc/new")
                #expect(try await machine.inside(.overlay, "diff") == "A /etc/new\nstatus 0\n")
                let told = try await machine.inside(.overlay, "adopt /etc/new")
                #expect(told.hasSuffix("\nthe next root has it: 1 path of root 1 adopted into '/boot_docker'\nstatus 0\n"), "\(told)")
            }
        }

        @Test func `in a system that is none of ours no root is taken for it`() async throws {
            try await Deployable.withRoot { machine in
                try await machine.disk.change("echo new > docker_rwlayer/srv/new")
                let before = try await machine.everything()
                let refusal = """
                    Error: could not choose a root: the system that runs is none of '/docker_rwlayer'
                    hint: name one by its number: there is root 1
                    """
                let people = "; 'docker-btrfs setup --users' takes the people of this system"
                #expect(try await machine.inside(.other, "adopt /etc/shadow", at: "") == "\(refusal)\(people)\nstatus 1\n")
                #expect(try await machine.inside(.other, "diff", at: "") == "\(refusal)\nstatus 1\n")
                #expect(try await machine.inside(.other, "diff 1", at: "") == "A /srv/new\nstatus 0\n")
                #expect(try await machine.everything() == before)
                let told = try await machine.inside(.other, "adopt --root 1 /srv/new", at: "")
                #expect(told.hasSuffix("\nthe next root has it: 1 path of root 1 adopted into '/boot_docker'\nstatus 0\n"), "\(told)")
            }
        }

        @Test func `settings on a btrfs that anybody may have brought are not obeyed`() async throws {
            try await Deployable.with(setup: "--loader grub", partition: "64M") { machine in
                try await machine.run("deploy sample_image:latest")
                let program = "'\(Repository.companion)' status --boot '\(machine.boot)'"
                #expect(try await machine.disk.change(program).contains("sample_image:latest"))
                let refused = try await machine.disk.change("! \(program) 2>&1", options: "subvolid=5,nosuid,nodev")
                let said = """
                    Error: could not find a btrfs that was set up for docker-btrfs
                    hint: run 'docker-btrfs setup' once on this machine; a btrfs that was set up before has to be mounted
                    """
                let way = "; one that is mounted with nosuid and nodev, as a stick is, has to be named: --top-level DIR"
                #expect(refused == "\(said)\(way)\n")
                let named = try await machine.disk.change("\(program) --top-level .", options: "subvolid=5,nosuid,nodev")
                #expect(named.contains("sample_image:latest"))
                #expect(try await machine.disk.change("rm .docker-btrfs/settings; ! \(program) 2>&1") == "\(said)\n")
            }
        }

        @Test func `a filesystem that this machine's boot menu does not name is not uninstalled unasked`() async throws {
            try await Deployable.with(setup: "--loader grub", partition: "64M") { machine in
                try await machine.run("deploy sample_image:latest")
                try await output(of: ["bash", "-euc", "rm '\(machine.boot)'/grub/custom.cfg '\(machine.boot)'/grub/docker-btrfs*.cfg"])
                let before = try await machine.everything()
                let told = try await machine.inside(.other, "uninstall", at: "--boot '\(machine.boot)'")
                #expect(told.contains("Error: could not uninstall: '\(machine.boot)/grub' has no entries for the deployments on UUID="))
                #expect(told.hasSuffix("name it with --top-level DIR\nstatus 1\n"), "\(told)")
                #expect(try await machine.everything() == before)
                #expect(try await machine.inside(.other, "uninstall").contains("\nremoved 1 deployment and the settings\n"))
            }
        }
    }
}

/// What a system has at `/`.
enum SystemRoot {
    /// The root of this path.
    case plain(String)
    /// The machine's root, with an overlay over it.
    case overlay
    /// Nothing of docker-btrfs.
    case other

    /// Mounts it at `$root`.
    fileprivate var mounting: String {
        switch self {
        case .plain(let path): "mount -o subvol=\(path) $device $root"
        case .overlay:
            """
            mount -t tmpfs none "$base"; mkdir $base/{lower,upper,work}; mount -o subvol=docker_rwlayer,ro $device $base/lower
            mount -t overlay -o lowerdir=$base/lower,upperdir=$base/upper,workdir=$base/work none $root
            """
        case .other: "mount -t tmpfs none $root"
        }
    }
}

extension Deployable {
    /// What a command of the companion says in a system with that at `/` and this machine's programs, the disk's top level at `/top` and, after
    /// a boot, its report; `status N` is the last line.
    func inside(_ system: SystemRoot, _ words: String, at place: String? = nil) async throws -> String {
        try await disk.change(
            """
            program='\(Repository.companion)' device=\(disk.device) root=\(disk.folder)/running base=\(disk.folder)/base; mkdir -p "$root" "$base"
            \(system.mounting)
            for place in /usr /proc /dev /sys /lib /lib64 "$(dirname "$program")" '\(Repository.path(".build/bin"))' \\
                $(ldd "$program" | grep --only-matching '/[^ ]*/libswiftCore.so' | xargs dirname); do
                [[ ! -d $place ]] || { mkdir -p "$root$place"; mount --rbind "$place" "$root$place"; }
            done
            mkdir -p "$root/top" "$root\(boot)" "$root/esp/EFI/refind" "$root/run"; : >> "$root/esp/EFI/refind/refind.conf"; mount --bind . "$root/top"; mount --bind '\(boot)' "$root\(boot)"
            mount -t tmpfs none "$root/run"; mkdir "$root/run/docker-btrfs"
            [[ ! -e \(disk.folder)/boot.json ]] || cp \(disk.folder)/boot.json "$root/run/docker-btrfs"
            status=0; chroot "$root" "$program" \(words) \(place ?? "--top-level /top --boot '\(boot)'") 2>&1 || status=$?; echo "status $status"
            """)
    }
}
