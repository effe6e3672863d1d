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
                ("--options docker-path=docker", "could not use 'docker-path=docker' in the options"),
                ("--name a,b", "could not call the root '/a,b'"),
                ("--data /x,y", "could not keep '/x,y' as data: mount options cannot name what has a comma"),
                ("--data /c-d --data /c/d", "could not keep '/c/d' as data: its subvolume '/docker_data/c-d' is that of '/c-d'"),
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
                ("--name docker", "true", "could not replace '/docker'"),
                ("--top-layer docker", "true", "could not use '/docker' as the top layer: it holds '/docker'"),
                ("", "mv boot_docker gone", "could not find the top layer"),
                ("", "mv boot_docker gone; ln -s / boot_docker", "as the top layer: it holds"),
            ])
        func `what would not be booted is not deployed, and check tells why`(words: String, change: String, reason: String) async throws {
            try await Deployable.with { machine in
                try await machine.run("deploy sample_image:v2")
                if !words.isEmpty { try await machine.run("\(machine.setup) \(words)") }
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
