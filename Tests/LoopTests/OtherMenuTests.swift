import Foundation
import TestSupport
import Testing

extension OnDisk {
    /// Menus and kernels of other boot loaders, and of another btrfs.
    struct OtherMenuTests {
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
    }
}

extension Deployable {
    /// Returns the one before.
    func changeUUID() async throws -> String {
        let before = try await disk.uuid()
        try await output(of: ["btrfs", "device", "scan", "--forget", disk.device])
        try await output(of: ["btrfstune", "-f", "-u", disk.device])
        return before
    }
}
