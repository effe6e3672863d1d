import Testing

extension OnDisk {
    /// What is deployed, and lacks its store, its image or its kernel.
    struct HeldLayerTests {
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
    }
}
