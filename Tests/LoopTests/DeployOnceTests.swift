import Foundation
import TestSupport
import Testing

extension OnDisk {
    /// `deploy --once`: the boot loader is told of one boot.
    struct DeployOnceTests {
        private func environment(of machine: Deployable) async throws -> String {
            try await output(of: ["grub-editenv", "\(machine.boot)/grub/grubenv", "list"])
        }

        @Test func `GRUB is told of one boot, the default stays, and it forgets that boot when another one is asked for`() async throws {
            try await Deployable.with(setup: "--loader grub", partition: "8M") { machine in
                let (one, two) = try (machine.shortID("sample_image:latest"), machine.shortID("sample_image:v2"))
                #expect(
                    try await machine.fails("deploy --once sample_image") == """
                        Error: could not deploy 'sample_image:latest' for one boot: there is no other default, which comes after it
                        hint: deploy it without --once

                        """)
                try await machine.run("deploy sample_image")
                try await machine.disk.change(
                    #"echo '{"time": 9, "name": "docker.io/library/sample_image:latest", "failure": "could not pull", "past": false}'"#
                        + " > .docker-btrfs/update")
                for _ in 1...2 {
                    let told = try await machine.run("deploy --once sample_image:v2")
                    #expect(
                        told.hasSuffix(
                            """
                            tell GRUB that the next boot is 'docker-btrfs-\(two)', once
                            next boot, once: sample_image:v2 (\(two)) with kernel 6.1, a new root; after it sample_image:latest (\(one)) again

                            """))
                    #expect(try machine.menu("../../grub/docker-btrfs.cfg").contains("set default=docker-btrfs-\(one)"))
                    #expect(try machine.menu("../../grub/docker-btrfs-earlier.cfg").contains("--id docker-btrfs-\(two)"))
                    #expect(try await environment(of: machine) == "saved_entry=other\nnext_entry=docker-btrfs-\(two)\n")
                }
                let status = try await machine.run("status")
                #expect(status.hasPrefix("  once  sample_image:v2 ") && status.contains(", after that\n"), "\(status)")
                // The default is still what was not pulled.
                #expect(status.contains("failed: could not pull"), "\(status)")
                #expect(status.contains("next  sample_image:latest") && status.contains("once  sample_image:v2"), "\(status)")
                #expect(try await machine.run("status --format json").contains(#""once": true"#))
                #expect(
                    try await machine.fails("rm sample_image:v2") == """
                        Error: could not remove sample_image:v2 (\(two)): it is what the machine boots next, once
                        hint: roll back or deploy another image first, without --once

                        """)
                let plan = try await machine.disk.change("'\(Repository.companion)' plan 2>&1")
                #expect(plan.contains("made from 'sample_image:v2'") && plan.contains("note: this is the next boot alone (deploy --once)"))
                let entered = try await machine.disk.change("'\(Repository.companion)' enter --top-level . -- /nothing 2>&1 || true")
                #expect(entered.hasPrefix("note: this is the next boot alone (deploy --once); after it "), "\(entered)")
                let rehearsed = try await machine.disk.change(machine.command("rehearse --rehearsal-folder /nothing") + " 2>&1 || true")
                #expect(rehearsed.hasPrefix("note: this is the next boot alone (deploy --once); after it "), "\(rehearsed)")
                try await machine.run("prune --keep 0")
                // Each of these makes an image the default. That is meant for the next boot too.
                for command in ["rollback", "rollback sample_image:latest", "deploy sample_image", "deploy sample_image:v2", "uninstall"] {
                    try await machine.run("deploy --once sample_image:v2")
                    #expect(try await machine.run(command).contains("tell GRUB to forget the boot that it was told of\n"))
                    #expect(try await environment(of: machine) == "saved_entry=other\n", "\(command)")
                    if command == "uninstall" { break }
                    let chosen = command == "deploy sample_image:v2" ? two : one
                    #expect(try machine.menu("../../grub/docker-btrfs.cfg").contains("set default=docker-btrfs-\(chosen)"), "\(command)")
                    if chosen == two {
                        // Of another system.
                        try await output(of: ["grub-editenv", "\(machine.boot)/grub/grubenv", "set", "next_entry=other"])
                        try await machine.run("deploy sample_image")
                        #expect(try await environment(of: machine) == "saved_entry=other\nnext_entry=other\n")
                        let told = "the boot loader was told to start the entry 'other' at the next boot alone"
                        let (plan, status) = (
                            try await machine.disk.change("'\(Repository.companion)' plan 2>&1"), try await machine.run("status 2>&1")
                        )
                        #expect(plan.contains("note: \(told); this is the default, which comes after it\n"), "\(plan)")
                        #expect(status.contains("\(told)\n"), "\(status)")
                        try await output(of: ["grub-editenv", "\(machine.boot)/grub/grubenv", "unset", "next_entry"])
                    }
                }
            }
        }

        @Test(arguments: ["deploy sample_image", "deploy", "rollback sample_image:latest", "uninstall"])
        func `a boot loader that was set up before forgets it too`(command: String) async throws {
            try await Deployable.with(setup: "--loader grub", partition: "64M") { machine in
                try await machine.run("deploy sample_image")
                try await machine.run("deploy --once sample_image:v2")
                try await machine.run(machine.setup.replacing("--loader grub", with: "--loader refind"))
                #expect(try await environment(of: machine).contains("next_entry=docker-btrfs-"))
                #expect(try await machine.run(command).contains("tell GRUB to forget the boot that it was told of\n"))
                #expect(try await environment(of: machine) == "saved_entry=other\n")
            }
        }

        @Test func `one that cannot be told is in nobody's way`() async throws {
            try await Deployable.with(setup: "--loader grub", partition: "64M") { machine in
                try await machine.run("deploy sample_image")
                try await machine.run("deploy --once sample_image:v2")
                try await machine.run(machine.setup.replacing("--loader grub", with: "--loader refind"))
                // The folder alone, as a partition of its own is.
                let told = try await machine.disk.change(
                    """
                    mount --bind '\(machine.boot)/grub' '\(machine.boot)/grub'; mount -o remount,bind,ro '\(machine.boot)/grub'
                    \(machine.command("deploy sample_image:v2")) 2>&1; umount '\(machine.boot)/grub'
                    """)
                #expect(told.contains("note: GRUB, which was set up before, starts another entry at its next boot: could not write to '"))
                #expect(told.contains("\nnext boot: sample_image:v2 ("), "\(told)")
            }
        }

        @Test(arguments: [
            ("refind", "rEFInd takes no entry for one boot"),
            ("systemd-boot", "systemd-boot did not start this system, or is too old: the firmware has no LoaderFeatures that says so"),
        ])
        func `a boot loader that cannot be told of one boot is no reason to write anything`(loader: String, reason: String) async throws {
            try await Deployable.with(setup: "--loader \(loader)", partition: "64M") { machine in
                try await machine.run("deploy sample_image")
                let before = try await machine.everything()
                let one = try machine.shortID("sample_image:latest")
                #expect(
                    try await machine.fails("deploy --once sample_image:v2") == """
                        Error: could not deploy 'sample_image:v2' for one boot: \(reason)
                        hint: deploy it without --once; the entry of sample_image:latest (\(one)) stays in the menu

                        """)
                #expect(try await machine.everything() == before)
            }
        }

        /// GRUB can read there, but cannot write: the entry for one boot would stay the default for ever.
        @Test(arguments: [
            (
                "mkdir here; cp -a \"$boot/.\" here; mount --bind here \"$boot\"",
                "GRUB before 2.14 cannot write on btrfs, where its folder 'BOOT/grub' is, and would not forget it"
            ),
            (
                """
                mkdir -p /dev/mapper; cp -a "$disk" "$device"; cp -a "$boot" "$boot.copy"
                mount -t tmpfs "$device" "$boot"; cp -a "$boot.copy/." "$boot"
                """, "GRUB cannot write to 'DEVICE', where its folder is, and would not forget it"
            ),
        ])
        func `a GRUB that could not forget is not told of one boot`(mounting: String, reason: String) async throws {
            try await Deployable.with(setup: "--loader grub", partition: "8M") { machine in
                try await machine.run("deploy sample_image")
                let device = "/dev/mapper/docker-btrfs-once-\(getpid())"
                let deployed = "ls .docker-btrfs/deployments .docker-btrfs/layers .docker-btrfs/boot 2> /dev/null || true"
                let before = try await machine.disk.look(deployed)
                let told = try await machine.disk.change(
                    """
                    boot='\(machine.boot)' disk=\(machine.disk.device) device='\(device)'; trap 'rm -f "$device"' EXIT
                    \(mounting)
                    ! \(machine.command("deploy --once sample_image:v2")) 2>&1 > /dev/null
                    rm -rf here
                    """)
                #expect(
                    told == """
                        Error: could not deploy 'sample_image:v2' for one boot: \
                        \(reason.replacing("BOOT", with: machine.boot).replacing("DEVICE", with: device))
                        hint: deploy it without --once; the entry of sample_image:latest (\(try machine.shortID("sample_image:latest"))) stays in \
                        the menu

                        """)
                #expect(try await machine.disk.look(deployed) == before)
            }
        }
    }
}
