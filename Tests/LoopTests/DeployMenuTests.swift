import Foundation
import TestSupport
import Testing

extension OnDisk {
    /// Menus that must not be written, or cannot be.
    struct DeployMenuTests {
        @Test func `where kernels lie elsewhere now, no menu is written whose default has none there`() async throws {
            try await Deployable.with(partition: "64M") { machine in
                let (one, two) = try (machine.shortID("sample_image:latest"), machine.shortID("sample_image:v2"))
                let layer = try #require(machine.images["sample_image:v2"]).cacheID
                try await machine.disk.change("echo 'MZ: other' > docker/btrfs/subvolumes/\(layer)/boot/vmlinuz-6.1")
                try await machine.run("deploy sample_image:latest")
                try await machine.run("deploy sample_image:v2")
                try await machine.run(machine.setup + " --kernels boot")

                let before = try await machine.everything()
                for words in ["prune", "rm sample_image:latest"] {
                    let refused = try await machine.fails(words)
                    #expect(
                        refused.hasPrefix(
                            "Error: could not write the boot menu, whose default is sample_image:v2 (\(two)): its kernel's file 'vmlinuz-"))
                    #expect(refused.hasSuffix("/docker-btrfs'\nhint: 'docker-btrfs deploy sample_image:v2' writes it anew\n"), "\(refused)")
                }
                #expect(
                    try await machine.fails("rollback").hasPrefix(
                        "Error: could not roll back to sample_image:latest (\(one)): its kernel's file 'vmlinuz-"))
                #expect(try await machine.run("status").contains("is not in '\(machine.boot)/docker-btrfs'"))
                #expect(try await machine.everything() == before)

                let told = try await machine.disk.change("\(machine.command("deploy sample_image:v2")) 2>&1")
                #expect(told.contains("\nnext boot: sample_image:v2 (\(two)) with kernel 6.1, a new root\n"), "\(told)")
                #expect(told.contains("\nnote: sample_image:latest (\(one)) is not in the menu: its kernel's file 'vmlinuz-"), "\(told)")
                #expect(try await machine.run("rm sample_image:latest").contains("removed sample_image:latest (\(one)), which frees 0 kB;"))

                try await machine.run(machine.setup + " --kernels btrfs")
                try await machine.run("deploy sample_image:v2")
                try await machine.run("uninstall")
                #expect(try await machine.disk.look("ls '\(machine.boot)'; ls -A .docker-btrfs").contains("boot") == false)
                #expect(!FileManager.default.fileExists(atPath: "\(machine.boot)/docker-btrfs"))
            }
        }

        @Test func `the way back is in the menu where deploy writes the kernel that both have`() async throws {
            try await Deployable.with { machine in
                try await machine.giveInitramfs()
                let places = ["sample_image:latest", "sample_image:v2"].compactMap { machine.images[$0]?.cacheID }
                let kernels = places.map { "docker/btrfs/subvolumes/\($0)/boot/vmlinuz-6.1" }.joined(separator: " ")
                try await machine.disk.change("cp \(kernels)")
                for name in ["sample_image", "sample_image:v2"] { try await machine.run("deploy \(name)") }
                let menu = try machine.menu("docker-btrfs-earlier.conf")
                #expect(menu.contains("menuentry"))
                try await machine.disk.change("rm .docker-btrfs/boot/*")
                let told = try await machine.disk.change("\(machine.command("deploy sample_image:v2")) 2>&1")
                #expect(told.contains("; the way back is sample_image:latest") && !told.contains("not in the menu"), "\(told)")
                #expect(try machine.menu("docker-btrfs-earlier.conf") == menu)
                #expect(try await !machine.run("status 2>&1").contains("not what it should be"))
            }
        }

        @Test func `where nothing was deployed yet, prune writes no menu`() async throws {
            try await Deployable.with { machine in
                let before = try await machine.everything()
                #expect(try await machine.run("prune") == "nothing is to be removed\n")
                #expect(try await machine.everything() == before)
            }
        }

        @Test func `uninstall takes the kernels that a boot loader from before had on its partition`() async throws {
            try await Deployable.with(setup: "--loader systemd-boot", partition: "64M") { machine in
                try await machine.run("deploy sample_image:latest")
                let kernels = try await machine.disk.look("ls '\(machine.boot)/docker-btrfs'").split(separator: "\n")
                #expect(kernels.count == 2)
                try await machine.run(machine.setup.replacing("systemd-boot", with: "print"))
                let told = try await machine.disk.change(machine.command("deploy sample_image:latest") + " 2>&1")
                #expect(told.contains("systemd-boot in '\(machine.boot)' has a menu from before, "), "\(told)")
                #expect(kernels.allSatisfy { told.contains("'\(machine.boot)/docker-btrfs/\($0)'") }, "\(told)")
                try await machine.run("uninstall")
                #expect(
                    try await machine.disk.look("find '\(machine.boot)' .docker-btrfs/boot -name '*-[0-9a-f]*' 2> /dev/null || true") == "")
            }
        }

        @Test(
            arguments: [
                (
                    "refind", "btrfs subvolume create a; btrfs subvolume set-default a",
                    "the default subvolume of the btrfs is not its top level"
                ),
                ("refind", "rm -r \"$boot/EFI/refind/drivers_x64\"", "it has no driver for btrfs"),
                ("grub", "btrfs subvolume create a; btrfs subvolume set-default a", nil),
            ] as [(String, String, String?)])
        func `a loader that may not find the kernels any more is told of`(loader: String, change: String, reason: String?) async throws {
            try await Deployable.with(setup: "--loader \(loader)", partition: "64M") { machine in
                try await machine.run("deploy sample_image:latest")
                try await machine.disk.change("boot='\(machine.boot)'; \(change)")
                let way = "'docker-btrfs setup --kernels boot', then 'docker-btrfs deploy' brings them to rEFInd's own partition\n"
                for words in ["deploy sample_image:latest", "deploy sample_image:v2", "status", machine.setup] {
                    let told = try await machine.disk.change("\(machine.command(words)) 2>&1")
                    let note = reason.map { "rEFInd may not find the kernels on the btrfs: \($0); \(way)" }
                    #expect(note.map { told.contains($0) } ?? !told.contains("may not find"), "\(told)")
                }
                try await Disk.with(["true"], size: "256M") { second in
                    try await machine.disk.change("btrfs device add -f \(second.device) .")
                    let told = try await machine.run("status")
                    #expect(
                        told.contains("may not find the kernels on the btrfs: the btrfs is on 2 devices; ") == (reason != nil), "\(told)")
                    try await machine.disk.change("btrfs device remove \(second.device) .")
                }
                try await machine.run(machine.setup + " --kernels boot")
                let told = try await machine.disk.change("\(machine.command("deploy sample_image:latest")) 2>&1")
                #expect(!told.contains("may not find"), "\(told)")
            }
        }

        @Test(arguments: ["refind", "grub", "systemd-boot"])
        func `the menu of another btrfs is not replaced`(loader: String) async throws {
            try await Deployable.with(setup: "--loader \(loader)", partition: "64M") { machine in
                try await machine.run("deploy sample_image:latest")
                let other = "01234567-89ab-cdef-0123-456789abcdef"
                let replace = "sed -i 's/=UUID=[0-9a-f-]*/=UUID=\(other)/g; s/docker_deployed=[0-9a-f]*/docker_deployed=0/g'"
                try await output(of: ["bash", "-euc", "find '\(machine.boot)' -name 'docker-btrfs*.c*' -exec \(replace) {} +"])
                let before = try await machine.everything()
                for words in ["deploy sample_image:v2", "deploy sample_image:latest", "prune"] {
                    let refused = try await machine.fails(words)
                    #expect(refused.hasPrefix("Error: could not write the menu of "), "\(refused)")
                    #expect(refused.contains("' starts the roots of another btrfs, UUID=\(other)\nhint: "), "\(refused)")
                }
                let status = try await machine.run("status")
                #expect(status.contains("' starts the roots of another btrfs, UUID=\(other); that one is not here: "), "\(status)")
                #expect(try await machine.everything() == before)
                let menu = "find '\(machine.boot)' -type f -exec sha256sum {} + | sort"
                let files = try await machine.disk.look(menu)
                let told = try await machine.disk.change("\(machine.command("uninstall")) 2>&1")
                #expect(told.contains("' is another btrfs's, and stays\n"), "\(told)")
                #expect(try await machine.disk.look(menu) == files)
                #expect(try await machine.disk.look("ls -A .docker-btrfs").contains("settings") == false)
            }
        }

        @Test func `kernels that another btrfs's menu names stay, whichever boot loader it is of`() async throws {
            try await Deployable.with(setup: "--loader refind --kernels boot", partition: "64M") { machine in
                let layer = try #require(machine.images["sample_image:v2"]).cacheID
                try await machine.disk.change("echo 'MZ: other' > docker/btrfs/subvolumes/\(layer)/boot/vmlinuz-6.1")
                let files = "ls '\(machine.boot)/docker-btrfs' 2> /dev/null | sort"
                try await machine.run("deploy sample_image:latest")
                let others = try await machine.disk.look(files).split(separator: "\n")
                let replace = "s/=UUID=[0-9a-f-]*/=UUID=01234567-89ab-cdef-0123-456789abcdef/g"
                let boot = machine.boot
                try await output(
                    of: ["bash", "-euc", "sed -i '\(replace)' '\(boot)'/EFI/refind/docker-btrfs*; mkdir -p '\(boot)/loader/entries'"])
                try await machine.run(machine.setup.replacing("refind", with: "systemd-boot"))
                try await machine.run("deploy sample_image:v2")
                try await machine.run("rm sample_image:latest")
                #expect(try await machine.run("prune") == "nothing is to be removed\n")
                let both = try await machine.disk.look(files).split(separator: "\n")
                #expect(both.count > others.count && others.allSatisfy(both.contains), "\(others) \(both)")
                try await machine.run("uninstall")
                #expect(try await machine.disk.look(files).split(separator: "\n") == others)
            }
        }

        @Test func `where a person writes the entries, deploy removes no kernel, and prune names those that it does`() async throws {
            try await Deployable.with(setup: "--loader print") { machine in
                let layer = "docker/btrfs/subvolumes/\(try #require(machine.images["sample_image:latest"]).cacheID)"
                try await machine.disk.change(
                    "cd \(layer); cp -a usr/lib/modules/6.1 usr/lib/modules/6.5; echo 'MZ: newer' > boot/vmlinuz-6.5; echo 6 > boot/initrd.img-6.5"
                )
                let list = "ls .docker-btrfs/boot | sort"
                try await machine.run("deploy sample_image:latest --kernel 6.5")
                let first = try await machine.disk.look(list).split(separator: "\n")
                try await machine.run("deploy sample_image:latest --kernel 6.1")
                try await machine.run("deploy sample_image:v2")
                let all = try await machine.disk.look(list).split(separator: "\n")
                #expect(first.allSatisfy(all.contains), "\(first) \(all)")
                let told = try await machine.disk.change(machine.command("prune") + " 2>&1")
                let gone = try #require(first.first { $0.hasPrefix("vmlinuz") })
                #expect(told.contains("\nremoved what no deployment needs: '") && told.contains("/\(gone)'"), "\(told)")
                #expect(told.contains("note: entries that you wrote for another boot loader may name kernels that are gone\n"), "\(told)")
                #expect(try await machine.run("prune") == "nothing is to be removed\n")
            }
        }

        @Test func `prune names the kernels of where they lay before, and removes none`() async throws {
            try await Deployable.with(setup: "--kernels boot", partition: "64M") { machine in
                try await machine.run("deploy sample_image:latest")
                try await machine.run(machine.setup.replacing("--kernels boot", with: "--kernels btrfs"))
                try await machine.run("deploy sample_image:latest")
                let told = try await machine.disk.change(machine.command("prune") + " 2>&1")
                #expect(told.hasPrefix("nothing is to be removed\nnote: '\(machine.boot)/docker-btrfs/"), "\(told)")
                #expect(told.hasSuffix("' are left from where kernels lay before: remove them when nothing starts by them any more\n"))
                #expect(try await machine.disk.look("ls '\(machine.boot)/docker-btrfs' | wc -l") == "2\n")
            }
        }

        @Test func `the menu of a btrfs that got another UUID is its own still`() async throws {
            try await Deployable.with { machine in
                try await machine.run("deploy sample_image:latest")
                let old = try await machine.changeUUID()
                #expect(try machine.menu("docker-btrfs.conf").contains(old))
                let note = "the boot menu is not what it should be: docker-btrfs deploy writes it anew\n"
                #expect(try await machine.run("status").contains(note))
                let told = try await machine.run("deploy sample_image:latest")
                #expect(told.contains("write the menu of rEFInd, ") && told.contains("next boot: sample_image:latest"), "\(told)")
                let new = try await machine.changeUUID()
                #expect(try machine.menu("docker-btrfs.conf").contains(new) && !machine.menu("docker-btrfs.conf").contains(old))
                #expect(try await machine.run("uninstall").contains("remove '\(machine.boot)/EFI/refind/docker-btrfs.conf'\n"))
                #expect(!FileManager.default.fileExists(atPath: "\(machine.boot)/EFI/refind/docker-btrfs.conf"))
            }
        }

        @Test func `what is held is made anew without a store, and without its disk`() async throws {
            try await Deployable.with { machine in
                try await machine.run("deploy sample_image:latest")
                try await machine.run("deploy sample_image:v2")
                let one = try machine.shortID("sample_image:latest")
                try await machine.disk.change("mv docker gone")
                for (change, reason) in [
                    ("mkdir docker", "'/docker'"), ("rmdir docker", "could not find the images' store '/docker'"),
                    (
                        "sed -i 's/\"store\"/\"store_device\": \"UUID=1234-5678\", &/' .docker-btrfs/settings",
                        "could not find the device 'UUID=1234-5678'"
                    ),
                ] {
                    try await machine.disk.change("\(change); rm .docker-btrfs/boot/*")
                    for name in [one, "sample_image:v2"] {
                        let told = try await machine.disk.change("\(machine.command("deploy \(name)")) 2>&1")
                        #expect(told.contains("\nnext boot: sample_image:"), "\(told)")
                        #expect(told.contains("note: the store has sample_image:") && told.contains(") no more ("), "\(told)")
                        #expect(told.contains(reason) && told.contains("): it is made from '/.docker-btrfs/layers/"), "\(told)")
                    }
                    #expect(try await machine.disk.look("ls .docker-btrfs/boot | wc -l") == "2\n")
                    let refused = try await machine.fails("deploy other")
                    #expect(refused.contains(reason), "\(refused)")
                }
            }
        }

        @Test func `what lacks its kernel is named so that it is written anew, and made from its held layer where its image is gone`()
            async throws
        {
            try await Deployable.with(partition: "64M") { machine in
                let (one, two) = try (machine.shortID("sample_image:latest"), machine.shortID("sample_image:v2"))
                let top = try #require(machine.images["sample_image:v2"]).cacheID
                try await machine.disk.change("echo 'MZ: other' > docker/btrfs/subvolumes/\(top)/boot/vmlinuz-6.1")
                try await machine.run("deploy sample_image:latest")
                try await machine.tag("sample_image:v2", as: "sample_image", "sample_image:latest")
                try await machine.run("deploy sample_image:v2")
                try await machine.run(machine.setup + " --kernels boot")
                let note = "note: sample_image:latest (\(one)) is not in the menu: its kernel's file 'vmlinuz-"
                func lines(_ words: String) async throws -> [Substring] {
                    try await machine.disk.change("\(machine.command(words)) 2>&1").split(separator: "\n")
                }
                let refused = try await machine.fails("rollback")
                #expect(refused.hasSuffix("\nhint: 'docker-btrfs deploy \(one)' writes it anew\n"), "\(refused)")

                // As `docker rmi` leaves it.
                try await machine.disk.change("rm docker/image/btrfs/imagedb/content/sha256/\(machine.id("sample_image:latest"))")
                let again = try await machine.fails("rollback")
                #expect(again.hasSuffix("\nhint: 'docker-btrfs deploy \(one)' writes it anew\n"), "\(again)")
                let other = try await lines("deploy sample_image:latest")
                #expect(other.contains { $0.hasPrefix("next boot: sample_image:latest (\(two)) ") }, "the name means that: \(other)")
                let remedy = "; 'docker-btrfs deploy \(one)' writes it anew and makes it the next boot; 'docker-btrfs rollback' goes back"
                #expect(other.contains { $0.hasPrefix(note) && $0.hasSuffix(remedy) }, "\(other)")

                let told = try await lines("deploy \(one)")
                #expect(told.contains { $0.hasPrefix("next boot: sample_image:latest (\(one)) with kernel 6.1, a new root") }, "\(told)")
                let layer = "note: the store has sample_image:latest (\(one)) no more: it is made from '/.docker-btrfs/layers/"
                #expect(told.contains { $0.hasPrefix(layer) && $0.hasSuffix("', which is held") }, "\(told)")
                #expect(try machine.menu("docker-btrfs.conf").contains(one))
                #expect(try await machine.fails("deploy sample_image:v3").hasPrefix("Error: could not find image 'sample_image:v3'"))

                // Without its layer there is nothing to make it from.
                try await machine.run("deploy sample_image:v2")
                try await machine.disk.change("mv .docker-btrfs/layers .docker-btrfs/gone")
                #expect(try await machine.fails("deploy \(one)").hasPrefix("Error: could not find image '\(one)"))
                let gone = "hint: its image is in the store no more: 'docker-btrfs rm \(one)', once another one is next\n"
                #expect(try await machine.fails("rollback \(one)").hasSuffix(gone))
            }
        }

        /// As a power cut leaves it between a record and its menu, and another one after that.
        @Test(arguments: ["refind", "grub", "systemd-boot"])
        func `a kernel that the menu names stays until that is another one`(loader: String) async throws {
            try await Deployable.with(setup: "--loader \(loader)", partition: "64M") { machine in
                try await machine.addKernel("6.2", to: "sample_image:latest")
                try await machine.run("deploy sample_image:latest --kernel 6.2")
                let kernel = "vmlinuz-" + (try await machine.disk.look("echo 'MZ: kernel 6.2' | sha256sum | head -c 16"))
                let saved = "\(machine.disk.folder)/saved"
                try await output(of: ["cp", "-a", machine.boot, saved])
                try await machine.run("deploy sample_image:latest --kernel 6.1")
                try await output(of: ["cp", "-a", "\(saved)/.", machine.boot])
                for words in ["deploy sample_image:latest --kernel 6.1", "deploy sample_image:v2"] {
                    #expect(try await !machine.run("\(words) --dry-run").contains(kernel))
                }
                try await machine.run("deploy sample_image:latest --kernel 6.1")
                #expect(try await machine.run("prune --dry-run").contains("/\(kernel)'"))
            }
        }

        @Test func `a record that is damaged keeps its kernel, until it is removed`() async throws {
            try await Deployable.with { machine in
                let one = try machine.shortID("sample_image:latest")
                let layer = try #require(machine.images["sample_image:v2"]).cacheID
                try await machine.disk.change("echo 'MZ: other' > docker/btrfs/subvolumes/\(layer)/boot/vmlinuz-6.1")
                try await machine.run("deploy sample_image:latest")
                try await machine.disk.change("echo > .docker-btrfs/deployments/\(one)*")
                for words in ["rm \(one)", "prune"] {
                    #expect(try await machine.fails(words).contains("', which is damaged: its image is what the machine boots next\n"))
                }
                let kernels = "ls .docker-btrfs/boot | grep -c vmlinuz"
                try await machine.run("deploy sample_image:v2")
                for words in ["status", "prune"] {
                    let told = try await machine.disk.change("\(machine.command(words)) 2>&1")
                    #expect(told.contains("no kernel is removed while '/.docker-btrfs/deployments/\(one)"), "\(told)")
                    #expect(told.contains("' is damaged: deploy its image again, or 'docker-btrfs rm \(one)'\n"), "\(told)")
                }
                #expect(try await machine.disk.look(kernels) == "2\n")
                #expect(try await machine.run("rm \(one) \(one)").contains("', which was damaged; 'docker-btrfs prune' removes its"))
                try await machine.run("prune")
                #expect(try await machine.disk.look(kernels) == "1\n")
                #expect(try await !machine.run("status").contains("damaged"))
            }
        }

        @Test(arguments: ["refind", "grub", "systemd-boot"])
        func `where the menu cannot be written, nothing is, and what it boots is next`(loader: String) async throws {
            try await Deployable.with(setup: "--loader \(loader)", partition: "64M") { machine in
                let (one, two) = try (machine.shortID("sample_image:latest"), machine.shortID("sample_image:v2"))
                try await machine.run("deploy sample_image:latest")
                try await machine.run("deploy sample_image:v2")
                let commands = ["rollback", "deploy sample_image:latest", "rm sample_image:latest"]
                let before = try await machine.everything()
                try await output(of: ["mount", "-o", "remount,ro", machine.boot])
                for words in commands + ["uninstall"] {
                    let refused = try await machine.fails(words)
                    #expect(refused.hasPrefix("Error: could not write to '\(machine.boot)"), "\(refused)")
                    #expect(refused.contains("', where the boot menu is: Read-only file system\nhint: "), "\(refused)")
                }
                try await output(of: ["mount", "-o", "remount,rw", machine.boot])
                #expect(try await machine.everything() == before)

                let fill = "\(machine.boot)/fill"
                try await output(of: ["bash", "-c", "! head -c 80M /dev/zero > '\(fill)' 2> /dev/null"])
                let full = try await machine.everything()
                // systemd-boot's entries are files of their own: one is removed, and nothing is written.
                for words in loader == "systemd-boot" ? Array(commands.dropLast()) : commands {
                    let refused = try await machine.fails(words)
                    #expect(refused.contains("' has 0 kB free, and ") && refused.hasSuffix("\nhint: make room there\n"), "\(refused)")
                }
                #expect(try await machine.everything() == full)

                // One that fails all the same.
                try await output(of: ["bash", "-euc", "rm '\(fill)'; cp -a '\(machine.boot)' '\(machine.disk.folder)/saved'"])
                try await machine.run("rollback")
                try await output(of: ["cp", "-a", "\(machine.disk.folder)/saved/.", machine.boot])
                let status = try await machine.run("status")
                #expect(status.contains("  next    sample_image:v2") && status.contains("  chosen  sample_image:latest"), "\(status)")
                let note = "sample_image:latest (\(one)) was chosen, and the menu still boots sample_image:v2 (\(two)): "
                #expect(status.contains("\n  \(note)'docker-btrfs rollback \(one)' writes it anew\n"), "\(status)")
                let json = try await machine.run("status --format json").replacing(/\s+/, with: "")
                let next = json.firstMatch(of: /"id":"sha256:([0-9a-f]{12})[^}]*"next":true/)
                #expect(next?.1 == two[...], "\(json)")
                let enter = "'\(Repository.companion)' enter --top-level . --project work -- /nothing > /dev/null 2>&1 || true"
                try await machine.disk.change(enter)
                #expect(try await machine.run("root ls").contains("\nwork     sample_image:v2 "))
                try await machine.run("root rm work")
                #expect(try await machine.fails("rm sample_image:v2").contains(": it is what the machine boots next\n"))
                #expect(try await machine.fails("rm sample_image:latest").contains(": it is what the machine is to boot next\n"))
                for words in ["rollback --dry-run", "rollback \(one)"] {
                    #expect(try await machine.run(words).hasPrefix("write the menu of "))
                }
                #expect(try await machine.run("status").contains("  next    sample_image:latest"))
            }
        }

        /// ext4 keeps some blocks for itself, and calls them free.
        @Test func `where a full ext4 has no room for the menu, no record is changed, and what was begun is gone`() async throws {
            try await Deployable.with(setup: "--loader grub", partition: "64M") { machine in
                try await machine.run("deploy sample_image:latest")
                try await machine.run("deploy sample_image:v2")
                let told = try await machine.disk.change(
                    """
                    boot='\(machine.boot)'; image='\(machine.disk.folder)/ext4'
                    truncate -s 64M "$image"; mkfs.ext4 -q -m 0 "$image"
                    mkdir there; mount -o loop "$image" there; cp -a "$boot/." there; umount there; rmdir there
                    mount -o loop "$image" "$boot"; trap 'umount "$boot"' EXIT
                    ! head -c 80M /dev/zero > "$boot/fill" 2> /dev/null
                    number=0; while echo > "$boot/fill.$((++number))"; do :; done 2> /dev/null
                    stat --file-system --format '%f' "$boot"
                    look() { sha256sum .docker-btrfs/deployments/* "$boot"/grub/*; ls -A "$boot/grub"; }
                    look > before
                    ! \(machine.command("rollback")) 2>&1 > /dev/null
                    ! \(machine.command("deploy sample_image:latest")) 2>&1 > /dev/null
                    look | diff before -; rm before
                    """
                ).split(separator: "\n")
                let free = try #require(told.first.flatMap { Int($0) })
                #expect(free > 16, "there must be some that are called free for this test to mean something")
                let refused = told.dropFirst()
                #expect(refused.count == 4 && refused.last == "hint: make room there", "\(told)")
                #expect(refused.count { $0.hasSuffix("kB in '\(machine.boot)/grub', for the menu of GRUB: No space left on device") } == 2)
            }
        }
    }
}

extension Deployable {
    /// Returns the one before.
    fileprivate func changeUUID() async throws -> String {
        let before = try await disk.uuid()
        try await output(of: ["btrfs", "device", "scan", "--forget", disk.device])
        try await output(of: ["btrfstune", "-f", "-u", disk.device])
        return before
    }
}
