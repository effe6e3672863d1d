import Foundation
import TestSupport
import Testing

extension OnDisk {
    /// What is somebody else's stays as it is, byte for byte; `uninstall` takes back the rest.
    struct UninstallTests {
        @Test(arguments: ["refind", "grub", "systemd-boot"])
        func `somebody's files are as they were, whatever is done`(_ loader: String) async throws {
            try await Deployable.with(setup: "--loader \(loader)", partition: loader == "systemd-boot" ? "64M" : nil) { machine in
                try await machine.giveInitramfs()
                try await machine.run("uninstall")
                try await machine.addForeignFiles()
                let before = try await machine.foreignFiles()
                for words in [
                    machine.setup, "deploy sample_image", "deploy sample_image:v2", "rollback", "rm sample_image:v2", "prune",
                    "deploy sample_image:v2",
                ] {
                    try await machine.run(words)
                    #expect(try await machine.foreignFiles() == before, "\(words)")
                }
                #expect(try await machine.ownFiles() != "")

                let all = try await machine.everything()
                let lines = try await machine.run("uninstall --dry-run").split(separator: "\n")
                #expect(lines.contains { $0.hasPrefix("remove the file '/.docker-btrfs/settings'") })
                #expect(try await machine.everything() == all, "a dry run changes nothing")
                #expect(try await machine.run("uninstall").hasSuffix("\nremoved 2 deployments and the settings\n"))
                #expect(try await machine.foreignFiles() == before)
                #expect(try await machine.ownFiles() == "")
                let persons = try await machine.disk.look("cat boot_docker/etc/hostname docker_data/srv/work")
                #expect(persons == "from the top layer\nof years\n")
                #expect(
                    try await machine.fails("status").hasPrefix("Error: could not find '/.docker-btrfs/settings' of the btrfs at '"))
                #expect(
                    try await machine.fails("uninstall") == """
                        Error: could not uninstall: docker-btrfs is not installed here, and the btrfs at '.' was not set up for it
                        hint: name the one that was, or leave --top-level out: it is looked for

                        """)
            }
        }

        @Test func `one whose words nobody reads any more ends as one that is read`() async throws {
            try await Deployable.with { machine in
                try await machine.run("deploy sample_image")
                let told = try await machine.disk.change(
                    "exec {gone}> >(:); wait $!; \(machine.command("uninstall")) >&$gone || echo \"status $?\"")
                #expect(told == "status 141\n")
                #expect(try await machine.ownFiles() == "")
            }
        }

        @Test func `one that was cut off goes on`() async throws {
            try await Deployable.with { machine in
                try await machine.run("deploy sample_image")
                // Here no other loader's menu, and no name that a person gave, tells that the menu is this machine's.
                let uninstall = "'\(Repository.companion)' uninstall --boot '\(machine.boot)'"
                let told = try await machine.disk.change(
                    """
                    cut() { chattr +i .docker-btrfs/deployments/*; ! \(uninstall) 2>&1; chattr -i .docker-btrfs/deployments/*; }
                    cut; stat --format %a .docker-btrfs/settings; grep -c uninstalled .docker-btrfs/settings
                    # Who deploys thought again.
                    \(machine.command("deploy sample_image")) > /dev/null; grep -c uninstalled .docker-btrfs/settings || true
                    cut; \(uninstall) 2>&1
                    """)
                #expect(told.contains("Operation not permitted\n600\n1\n0\n"), "\(told)")
                #expect(told.contains("\nremoved 1 deployment and the settings\n"), "\(told)")
                #expect(try await machine.ownFiles() == "")
            }
        }

        @Test func `a pull that failed is told until another name is deployed, and goes with the rest`() async throws {
            try await Deployable.with { machine in
                let name = "docker.io/library/other:latest"
                func fail(_ time: String) async throws {
                    try await machine.disk.change(
                        """
                        cat > .docker-btrfs/update << end
                        {"time": \(time), "name": "\(name)", "failure": "could not pull '\(name)': docker: no such host",
                            "pulled": {"some": ["\(String(repeating: "0", count: 64))"]}}
                        end
                        """)
                }
                try await fail("1")
                let told = try await machine.run("status")
                #expect(
                    told.contains(/\n {2}could not pull docker\.io\/library\/other:latest \d+ weeks ago: docker: no such host\n/), "\(told)"
                )
                try await machine.run("deploy sample_image")
                #expect(!(try await machine.run("status")).contains("could not pull"))
                #expect(try await machine.run("status --format json").contains("\"update\": null"))
                // An earlier version did not note that.
                try await fail("1")
                #expect(!(try await machine.run("status")).contains("could not pull"))
                // What is deployed already was made before that.
                try await machine.run("deploy sample_image:v2")
                for words in ["rollback", "deploy sample_image:v2"] {
                    try await fail("$(date +%s)")
                    #expect(try await machine.run("status").contains("could not pull"), "\(words)")
                    try await machine.run(words)
                    #expect(!(try await machine.run("status")).contains("could not pull"), "\(words)")
                    #expect(try await machine.disk.look("grep -c 00000000 .docker-btrfs/update") == "1\n")
                }
                try await machine.run("uninstall")
                #expect(try await machine.disk.look("ls .docker-btrfs/update 2>&1 || true").contains("No such file"))
            }
        }

        @Test func `a menu of the loader before is named, and goes with the rest`() async throws {
            try await Deployable.with(setup: "--loader grub") { machine in
                try await machine.run("deploy sample_image")
                try await machine.run(machine.setup + " --loader refind")
                let grub = "\(machine.boot)/grub"
                let files = "'\(grub)/custom.cfg', '\(grub)/docker-btrfs.cfg', '\(grub)/docker-btrfs-earlier.cfg'"
                let note = """
                    GRUB in '\(grub)' has a menu from before, which is written no more and may name what is gone: remove \(files), once rEFInd \
                    starts this machine

                    """
                for words in ["deploy sample_image", "status"] {
                    let told = try await machine.run("\(words) 2>&1")
                    #expect(told.contains(note), "\(told)")
                }
                let told = try await machine.run("uninstall")
                #expect(told.contains("remove '\(grub)/docker-btrfs.cfg'\n"), "\(told)")
                #expect(try await machine.ownFiles() == "")
                #expect(try await output(of: ["ls", grub]) == "grub.cfg\ngrubenv\n")
            }
        }

        @Test func `so it is where that loader's partition was mounted at another place`() async throws {
            try await Deployable.with(setup: "--loader grub") { machine in
                try await machine.run("deploy sample_image")
                let other = machine.boot + ".other"
                let making = "mkdir -p EFI/refind/drivers_x64; touch EFI/refind/refind.conf EFI/refind/drivers_x64/btrfs_x64.efi"
                try await output(of: ["bash", "-euc", "mkdir '\(other)'; cd '\(other)'; \(making)"])
                func run(_ words: String) async throws -> String {
                    try await machine.disk.change(machine.command(words).replacing("'\(machine.boot)'", with: "'\(other)'") + " 2>&1")
                }
                _ = try await run(machine.setup.replacing("--loader grub", with: "--loader refind"))
                for words in ["deploy sample_image", "status"] {
                    let told = try await run(words)
                    #expect(told.contains("GRUB in '\(machine.boot)/grub' has a menu from before"), "\(told)")
                }
                // What setup knows, it keeps.
                _ = try await run(machine.setup.replacing("--loader grub", with: "--loader refind"))
                #expect(try await run("uninstall").contains("\nremoved 1 deployment and the settings\n"))
                #expect(try await machine.ownFiles() == "")
                #expect(try await output(of: ["find", other, "-name", "*.conf"]) == "\(other)/EFI/refind/refind.conf\n")
            }
        }

        @Test func `where the loader is gone, another one is named, and the rest can be removed`() async throws {
            try await Deployable.with { machine in
                try await machine.run("deploy sample_image")
                try await output(of: [
                    "bash", "-euc", "cd '\(machine.boot)'; rm -r EFI/refind; mkdir -p loader/entries; touch loader/loader.conf",
                ])
                let hint = """
                    hint: there is systemd-boot, which 'docker-btrfs setup --loader systemd-boot --boot \(machine.boot)' takes; or mount its \
                    partition there, 
                    """
                for words in ["status", "deploy sample_image"] {
                    let refused = try await machine.fails(words)
                    #expect(refused.hasPrefix("Error: could not find rEFInd in '\(machine.boot)'\n\(hint)"), "\(refused)")
                }
                // What neither reads nor writes the menu.
                for words in ["root ls", "check sample_image", "check --content sample_image", "diff", "export sample_image -o tree.tar"] {
                    #expect(!(try await machine.disk.change("\(machine.command(words)) 2>&1 || true")).contains("rEFInd"), "\(words)")
                }
                #expect(try await machine.fails(machine.setup).contains("; '--loader systemd-boot' takes it; "))
                let told = try await machine.run("uninstall 2>&1")
                #expect(told.contains("\nremoved 1 deployment and the settings\n"), "\(told)")
                let note = "\nnote: rEFInd is not in '\(machine.boot)' any more: what it has elsewhere names kernels that are gone\n"
                #expect(told.contains(note), "\(told)")
                #expect(try await machine.ownFiles() == "")
            }
        }

        /// As docs/deploy.md says, below "uninstall".
        @Test func `what it leaves is removed by a person`() async throws {
            let page = try String(contentsOfFile: Repository.path("docs/deploy.md"), encoding: .utf8)
            let rest = try #require(page.split(separator: "\n    # cd /mnt\n").last)
            let commands = try #require(rest.split(separator: "\n\n").first).replacing("    # ", with: "")
            try await Deployable.with { machine in
                try await machine.run("deploy sample_image")
                try await machine.run("uninstall")
                let left = try await machine.disk.change(
                    """
                    {
                        mkdir -p .docker-btrfs/roots/docker_rwlayer .docker-btrfs/enter/1 .docker-btrfs/templates
                        layer=$(echo .docker-btrfs/layers/*)
                        btrfs subvolume snapshot -r "$layer" .docker-btrfs/templates/docker_rwlayer.1
                        for root in docker_rwlayer .docker-btrfs/roots/docker_rwlayer/7 .docker-btrfs/enter/1/root; do
                            btrfs subvolume snapshot "$layer" "$root"
                            btrfs subvolume create "$root/nested"
                        done
                        \(commands)
                    } > /dev/null
                    ls -d .docker-btrfs boot_docker docker docker_data docker_rwlayer 2> /dev/null || true
                    """)
                #expect(left == "docker\ndocker_data\n")
            }
        }
    }
}

extension Deployable {
    /// What loaders and their packages have, and what looks like ours.
    fileprivate func addForeignFiles() async throws {
        try await output(of: [
            "bash", "-euc",
            """
            cd "$1"
            if [[ -d grub ]]; then
                grub-editenv grub/grubenv create
                echo 'menuentry mine { true; }' > grub/custom.cfg
                echo mine > grub/docker-btrfs-mine.cfg
            fi
            if [[ -d loader ]]; then
                echo 'timeout 3' > loader/loader.conf
                printf 'title Debian\\nlinux /vmlinuz\\n' | tee loader/entries/debian.conf > loader/entries/docker-btrfs-of-mine.conf
            fi
            mkdir -p EFI/Microsoft/Boot docker-btrfs
            echo boot | tee EFI/Microsoft/Boot/bootmgfw.efi EFI/refind/refind_linux.conf docker-btrfs/vmlinuz-mine > /dev/null
            mkdir -p "$2/etc/grub.d" "$2/etc/default"
            echo '# mine' | tee "$2/etc/grub.d/40_custom" "$2/etc/default/grub" > /dev/null
            """, "bash", boot, disk.folder + "/system",
        ])
    }

    /// With their contents and times.
    fileprivate func foreignFiles() async throws -> String { try await files("! \\( \(Self.own) \\)") }

    fileprivate func ownFiles() async throws -> String { try await files("\\( \(Self.own) \\)") }

    /// By their names, and not by what is in them.
    private static let own = """
        -name 'docker-btrfs.c*' -o -name 'docker-btrfs-earlier.*' -o -name 'docker-btrfs-????????????.conf' \
        -o -path '*/docker-btrfs/*-????????????????'
        """

    private func files(_ which: String) async throws -> String {
        try await output(of: [
            "bash", "-euc", "find \"$1\" \"$2\" -type f \(which) -printf '%p %m %T@ ' -exec sha256sum {} \\; | sort", "bash", boot,
            disk.folder + "/system",
        ])
    }
}
