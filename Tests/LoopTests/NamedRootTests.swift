import Foundation
import TestSupport
import Testing

extension OnDisk {
    /// `root keep N NAME`: an entry of the menu as long as the subvolume is there.
    struct NamedRootTests {
        @Test(arguments: ["refind", "grub", "systemd-boot", "print"])
        func `a root that is kept under a name is in the menu, with its kernel, until it is removed`(loader: String) async throws {
            try await Deployable.with(setup: "--loader \(loader)", partition: loader == "print" ? nil : "64M") { machine in
                try await machine.deployTwo()
                let title = "old, root 1 of sample_image:latest"
                let before = try await machine.everything()
                let planned = try await machine.run("root keep 1 old --dry-run")
                #expect(planned.contains("snapshot '/.docker-btrfs/roots/docker_rwlayer/1' to '/.docker-btrfs/keeping'"))
                #expect(try await machine.everything() == before)

                let number = try await machine.fails("root keep 1 7")
                #expect(number.hasSuffix(" as '7': numbers are those of roots\nhint: choose another name\n"))
                let told = try await machine.run("root keep 1 old")
                #expect(
                    try await machine.fails("diff old")
                        == """
                        Error: could not take 'old': it is a root that is kept under a name, which is a system of its own
                        hint: roots are taken by their numbers, and projects: it is a copy of root 1

                        """)
                let isPrinted = loader == "print"
                let way = isPrinted ? "what its entry needs is above" : "'\(title)' in the menu boots it"
                #expect(told.hasSuffix("as '/old', which no boot replaces: \(way)\n"))
                let entry = isPrinted ? told : try await machine.allMenus()
                #expect(entry.contains(title) && entry.contains("rootflags=subvol=old quiet"))
                if isPrinted { #expect(told.contains("title    \(title)\nvolume   UUID=")) }
                let found = try #require(entry.components(separatedBy: title).last?.firstMatch(of: /vmlinuz-[0-9a-f]+/)).output
                #expect(try await machine.kernel(String(found)) == "MZ: kernel 6.1\n")
                if !isPrinted {
                    #expect(!(try await machine.run("status")).contains("boot menu is not what it should be"))
                    #expect(try await machine.run("deploy sample_image:v2 --dry-run") == "nothing is to be done\n")
                }

                // Neither takes its kernel away.
                try await machine.run("rm sample_image:latest")
                try await machine.run("prune")
                #expect(try await machine.kernel(String(found)) == "MZ: kernel 6.1\n")
                if !isPrinted { #expect(try await machine.allMenus().contains(title)) }
                #expect(
                    try await machine.run("root ls").contains(
                        "NAME  IMAGE                KEPT      KERNEL\nold   sample_image:latest  just now  6.1\n"))
                #expect(try await machine.run("root ls --format json").contains(#"{"kind": "named", "name": "old""#))

                // docker-btrfs does nothing in a boot of this entry.
                let line = "rw root=\(machine.disk.device) rootflags=subvol=old quiet"
                #expect(try await run([Repository.embeddedInit, "--cmdline", line]).status == 0)
                #expect(try await machine.disk.look("cat old/work") == "work\n")

                #expect(try await machine.run("root rm old").hasSuffix("removed '/old'\n"))
                #expect(try await machine.kernel(String(found)) == "")
                #expect(!(try await machine.allMenus()).contains(title))
                #expect(try await machine.disk.look("ls -d old 2>&1 || true").contains("No such file"))
                #expect(
                    try await machine.fails("root rm old")
                        == "Error: could not find a root or a project 'old'\nhint: docker-btrfs root ls shows which there are\n")
            }
        }

        @Test func `where its image is not deployed any more it has its own kernel; who deletes it by hand frees that`() async throws {
            try await Deployable.with { machine in
                try await machine.deployTwo()
                try await machine.run("rm sample_image:latest")
                let told = try await machine.run("root keep 1 old")
                #expect(told.hasPrefix("build the initramfs for 6.1\n"))
                #expect(told.contains("/vmlinuz-") && told.contains(", from '/boot/vmlinuz-6.1' of the image\n"))
                #expect(try await machine.disk.look("ls .docker-btrfs/boot | wc -l") == "4\n")

                try await machine.disk.change("btrfs subvolume delete old; mkdir old")
                #expect(!(try await machine.run("root ls")).contains("old"))
                #expect(try await machine.run("status").contains("the boot menu is not what it should be"))
                try await machine.run("prune")
                #expect(try await machine.disk.look("ls .docker-btrfs/boot | wc -l; ls .docker-btrfs/deployments | wc -l") == "2\n1\n")
                #expect(!(try await machine.allMenus()).contains("old, root 1"))
                #expect(try await machine.disk.look("ls -d old") == "old\n", "somebody's")
            }
        }

        @Test func `keep and rm go on where a power cut ended them`() async throws {
            try await Deployable.with(setup: "--loader grub", partition: "64M") { machine in
                try await machine.deployTwo()
                let earlier = "\(machine.boot)/grub/docker-btrfs-earlier.cfg"
                let (menu, entry) = (try await machine.allMenus(), "'old, root 1 of sample_image:latest' in the menu boots it\n")
                // Before it has its name: there are a record and what is not whole.
                try await machine.disk.change(
                    """
                    \(machine.command("root keep 1 old")) > /dev/null
                    mv old .docker-btrfs/keeping; touch .docker-btrfs/keeping/half
                    """)
                #expect(try await machine.run("root keep 1 old").hasSuffix("which no boot replaces: \(entry)"))
                #expect(try await machine.disk.look("ls -d old/* .docker-btrfs/keeping 2> /dev/null | grep -c half || true") == "0\n")
                let whole = try await machine.allMenus()
                #expect(try await machine.fails("root keep 1 old").contains("'/old' is there already"))

                // Before the menu has it; who keeps another root under that name is told.
                try await output(of: ["bash", "-c", "sed -i '/^menuentry .old,/,/^}/d' '\(earlier)'"])
                #expect(try await machine.fails("root keep 2 old").contains("'/old' is there already"))
                #expect(try await machine.run("root keep 1 old").hasSuffix("root 1 ('sample_image:latest') is '/old' already: \(entry)"))
                #expect(try await machine.allMenus() == whole)

                // Before the record is gone; or a person deleted it.
                try await machine.disk.change("btrfs subvolume delete old > /dev/null")
                #expect(try await machine.run("root rm old old").hasSuffix("removed what was left of '/old'\n"))
                #expect(try await machine.disk.look("ls .docker-btrfs/deployments | grep -c root || true") == "0\n")
                #expect(try await machine.allMenus() == menu)
            }
        }

        @Test func `where the menu has no room for the entry of one that is kept already, its record stays`() async throws {
            try await Deployable.with(setup: "--loader grub --kernels btrfs", partition: "64M") { machine in
                try await machine.deployTwo()
                try await machine.run("root keep 1 old")
                let told = try await machine.disk.change(
                    """
                    boot='\(machine.boot)'; image='\(machine.disk.folder)/ext4'
                    sed -i 's/ vmlinuz-/ vmlinuz-0/' .docker-btrfs/deployments/old.root
                    sed -i '/^menuentry .old,/,/^}/d' "$boot/grub/docker-btrfs-earlier.cfg"
                    truncate -s 64M "$image"; mkfs.ext4 -q -m 0 "$image"
                    mkdir there; mount -o loop "$image" there; cp -a "$boot/." there; umount there; rmdir there
                    mount -o loop "$image" "$boot"; trap 'umount "$boot"' EXIT
                    ! head -c 80M /dev/zero > "$boot/fill" 2> /dev/null
                    number=0; while echo > "$boot/fill.$((++number))"; do :; done 2> /dev/null
                    sha256sum .docker-btrfs/deployments/old.root > before
                    ! \(machine.command("root keep 1 old")) 2>&1 > /dev/null
                    sha256sum .docker-btrfs/deployments/old.root | diff before -; rm before
                    """)
                #expect(told.contains("for the menu of GRUB: No space left on device\n"), "\(told)")
            }
        }

        @Test
        func `one whose kernel is not where kernels lie now is named, and gets its entry again, also without the root that it was of`()
            async throws
        {
            try await Deployable.with(setup: "--kernels btrfs", partition: "64M") { machine in
                try await machine.deployTwo()
                try await machine.run("root keep 1 old")
                try await machine.run(machine.setup.replacing("--kernels btrfs", with: "--kernels boot"))
                try await machine.run("rm sample_image:latest || true")
                let told = try await machine.disk.change(machine.command("deploy sample_image:v2") + " 2>&1")
                let note = "note: '/old' is not in the menu: its kernel's file 'vmlinuz-"
                let remedy = "; 'docker-btrfs root keep 1 old' makes its entry again\n"
                #expect(told.contains(note) && told.contains(remedy), "\(told)")
                #expect(!(try await machine.allMenus()).contains("old, root 1"))
                try await machine.disk.change("btrfs subvolume delete .docker-btrfs/roots/docker_rwlayer/1 > /dev/null")
                let again = try await machine.run("root keep 1 old")
                #expect(
                    again.hasSuffix(
                        "root 1 ('sample_image:latest') is '/old' already: 'old, root 1 of sample_image:latest' in the menu boots it\n"))
                #expect(try await machine.allMenus().contains("old, root 1"))
                #expect(!(try await machine.disk.change(machine.command("status") + " 2>&1")).contains("'/old'"))
                let end = try await machine.disk.change(machine.command("uninstall") + " 2>&1")
                #expect(end.contains("the root '/docker_rwlayer', '/old', the top layer '"), "\(end)")
                let way = "are left: docs/deploy.md, below 'uninstall', has the lines that delete them when nothing needs them\n"
                #expect(end.contains(way), "\(end)")
            }
        }

        @Test func `what no entry can name is kept, and that is said`() async throws {
            try await Deployable.with(setup: "--loader grub", partition: "8M") { machine in
                try await machine.deployTwo()
                let menu = try await machine.allMenus()
                #expect(try await machine.fails("root keep 1 a,b").contains(" as 'a,b': a kernel command line cannot name that\nhint: "))
                let told = try await machine.disk.change(machine.command("root keep 1 \"it's\"") + " 2>&1")
                #expect(told.contains("it has no entry in the menu: could not write the kernel option"))
                #expect(try await machine.disk.look("cat \"it's/work\"") == "work\n")
                #expect(try await machine.allMenus() == menu)
                let project = "'\(Repository.companion)' enter --top-level . --project kept sample_image -- true 2>&1 || true"
                try await machine.disk.change(machine.command("root keep 1 kept") + " 2> /dev/null")
                #expect(try await machine.disk.change(project).contains("could not make a project 'kept': a kept root has that name"))
                try await machine.run("root rm kept")
                #expect(try await machine.run("root ls").contains("\nit's  sample_image:latest  just now  none, no entry\n"))
                #expect(try await machine.run("root ls --format json").contains(#""booted": false, "kernel": null, "path": "/it's"}"#))
                #expect(try await machine.run("deploy sample_image:v2 --dry-run") == "nothing is to be done\n")
                #expect(try await machine.run("root rm \"it's\"").hasSuffix("removed '/it's'\n"))
                #expect(try await machine.disk.look("ls -d it* .docker-btrfs/deployments/*.root 2> /dev/null || true") == "")
                #expect(try await machine.allMenus() == menu)
            }
        }

        @Test func `what cannot be written now, or has not the kernel that is asked for, is not kept without its entry`() async throws {
            try await Deployable.with(partition: "4M") { machine in
                try await machine.deployTwo()
                #expect(try await machine.fails("root keep 1 old --kernel 6.2").contains("6.2"))
                let fill = "head -c 8M /dev/zero > '\(machine.boot)/fill' 2> /dev/null || true"
                let told = try await machine.disk.change("\(fill); ! \(machine.command("root keep 1 old")) 2>&1; rm '\(machine.boot)/fill'")
                let reason = "Error: could not keep root 1 ('sample_image:latest') as 'old': could not write the menu of "
                #expect(told.hasPrefix(reason), "\(told)")
                #expect(try await machine.disk.look("ls -d old || true") == "")
            }
        }

        @Test func `without room for its kernel, which no deployment has any more, a root is not kept`() async throws {
            try await Deployable.with(setup: "--loader systemd-boot", partition: "8M") { machine in
                try await machine.deployTwo()
                try await machine.run("rm sample_image:latest")
                let (fill, command) = ("'\(machine.boot)/fill'", machine.command("root keep 1 old"))
                let told = try await machine.disk.change(
                    """
                    head -c $(($(stat -f -c '%a * %S' '\(machine.boot)') - 1048576)) /dev/zero > \(fill)
                    ! \(command) 2>&1; rm \(fill); ls -d old || true
                    """)
                let what = "Error: could not keep root 1 ('sample_image:latest') as 'old': could not copy its kernel: "
                #expect(told.contains("\n\(what)'\(machine.boot)' has "), "\(told)")
                #expect(told.hasSuffix(" are needed while old and new are there\nhint: make room there\n"), "\(told)")
            }
        }

        @Test func `uninstall takes the entry, and leaves the root`() async throws {
            try await Deployable.with { machine in
                try await machine.deployTwo()
                try await machine.run("root keep 1 old")
                try await machine.run("uninstall")
                #expect(try await machine.allMenus() == "")
                #expect(try await machine.disk.look("cat old/work; ls .docker-btrfs/deployments") == "work\n")
            }
        }
    }
}

extension Deployable {
    /// Two images with different kernels. Root 1 is of the first one and somebody worked in it.
    fileprivate func deployTwo() async throws {
        let second = try #require(images["sample_image:v2"])
        try await disk.change("cd docker/btrfs/subvolumes/\(second.cacheID); rm -r boot usr/lib/modules")
        try await addKernel("6.2", to: "sample_image:v2")
        try await run("deploy sample_image:latest")
        for (name, work) in [("sample_image:latest", "echo work > docker_rwlayer/work"), ("sample_image:v2", "true")] {
            try await run("deploy \(name)")
            let line = "root=\(disk.device) rootflags=subvol=docker_rwlayer docker_deployed=\(try id(name)) rw"
            try await output(of: [Repository.embeddedInit, "--cmdline", line])
            try await disk.change(work)
        }
    }

    /// All that boot loaders read of ours.
    fileprivate func allMenus() async throws -> String {
        let script = #"cd "$1"; cat EFI/refind/docker-btrfs*.conf grub/docker-btrfs*.cfg loader/entries/* 2> /dev/null || true"#
        return try await output(of: ["bash", "-euc", script, "bash", boot])
    }

    /// What a kernel's file has, wherever it lies; nothing where it is not there.
    fileprivate func kernel(_ name: String) async throws -> String {
        try await disk.look("cat .docker-btrfs/boot/\(name) '\(boot)/docker-btrfs/\(name)' 2> /dev/null || true")
    }
}
