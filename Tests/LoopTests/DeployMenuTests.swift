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
                let enter = "'\(Repository.companion)' enter --top-level . --explain -- /nothing 2>&1 || true"
                #expect(try await machine.disk.change(enter).contains(", made from 'sample_image:v2' ("))
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
