import TestSupport
import Testing

/// What is left of yesterday's root.
struct KeptRootTests {
    private static let roots = ".docker-btrfs/roots/docker_rwlayer"

    @Test(.enabled(if: isNightly))
    func `work is read back from it, nothing piles up in five boots, and it can be booted itself`() async throws {
        try await Machine.with(\.disk, in: .userMode) { machine, _ in
            // systemd-tmpfiles makes both at a boot, where the root is a subvolume.
            try await machine.change(
                """
                mkdir boot_docker/etc/tmpfiles.d
                printf '%s\\n' 'Q /var/lib/machines' 'Q /var/lib/portables' > boot_docker/etc/tmpfiles.d/nested.conf
                """)
            for number in 1...5 {
                let answers = try await machine.answers(
                    Lab.menuEntry(), log: "\(number)",
                    to: """
                        echo 'work of boot \(number)' > /root/work
                        mount -o ro,subvolid=5 LABEL=linux /mnt
                        cat /mnt/\(Self.roots)/*/root/work
                        """)
                #expect(
                    answers.text
                        == (number == 1
                            ? "cat: '/mnt/\(Self.roots)/*/root/work': No such file or directory\n" : "work of boot \(number - 1)\n"))
            }
            let subvolumes = try await machine.change(
                "btrfs subvolume list . | cut -d ' ' -f 9- | grep -v '^docker/\\|^.docker-btrfs/templates/' | sort")
            let nested = ["", "/var/lib/machines", "/var/lib/portables"]
            let expected = nested.map { "\(Self.roots)/4\($0)" } + nested.map { "docker_rwlayer\($0)" }
            #expect(subvolumes.split(separator: "\n").dropFirst().map { String($0) } == expected)
            #expect(subvolumes.hasPrefix(".docker-btrfs/layers/"))

            let line = try Lab.menuEntry().replacing("subvol=docker_rwlayer", with: "subvol=\(Self.roots)/4")
            let kept = try await machine.answers(line, log: "kept", to: "cat /root/work; findmnt --noheadings --output FSROOT /")
            #expect(kept.text == "work of boot 4\n/\(Self.roots)/4\n")
            #expect(try await machine.change("cat docker_rwlayer/root/work") == "work of boot 5\n")

            // What 'root keep 4 mine' makes, as its entry of the menu boots it.
            try await machine.change("btrfs subvolume snapshot \(Self.roots)/4 mine")
            let words = try Lab.menuEntry().split(separator: " ").filter { !$0.hasPrefix("docker_") && !$0.hasPrefix("toplayer") }
            let own = words.joined(separator: " ").replacing("subvol=docker_rwlayer", with: "subvol=mine")
            let named = try await machine.answers(own, log: "named", to: "cat /root/work; findmnt --noheadings --output FSROOT /")
            #expect(named.text == "work of boot 4\n/mine\n" && named.report == nil)
        }
    }

    @Test func `a boot that is to stop puts the root away, where nothing mounts it by accident`() async throws {
        try await Machine.with(\.bootedDisk) { machine, _ in
            let console = try await machine.stops(BadBoot.noSuchImage.line())
            #expect(console.reachedEmergency)
            #expect(!console.startedSystem)
            #expect(try await machine.change("ls -d docker_rwlayer 2> /dev/null || cat \(Self.roots)/1/precious") == "precious\n")
        }
    }

    @Test func `a boot that is not possible goes on with the root that is there, and that is said`() async throws {
        try await Machine.with(\.disk, in: .userMode) { machine, _ in
            _ = try await machine.answers(Lab.menuEntry(), log: "1", to: "echo work > /root/work")
            let answers = try await machine.answers(Lab.menuEntry() + " docker_image=sample_imag", log: "2", to: "cat /root/work")
            #expect(answers.text == "work\n")
            let note = """
                could not find image 'sample_imag:latest' in /docker (docker, btrfs driver); booting root 1 ('sample_image:latest') \
                instead, the last one that booted well
                """
            #expect(answers.console.told.contains(note))
            #expect(answers.report?.notes.contains(note) == true)
        }
    }
}
