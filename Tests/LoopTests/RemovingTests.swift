import Testing

extension OnDisk {
    /// rollback, rm and prune: what goes, and what stays.
    struct RemovingTests {
        @Test func `an image with the same kernel takes no room for it; rollback, rm and prune`() async throws {
            try await Deployable.with { machine in
                try await machine.run("deploy sample_image:latest")
                let kernels = try await machine.disk.look("ls .docker-btrfs/boot")
                let told = try await machine.run("deploy sample_image:v2")
                let (one, two) = try (machine.shortID("sample_image:latest"), machine.shortID("sample_image:v2"))
                #expect(
                    told.hasSuffix(
                        "next boot: sample_image:v2 (\(two)) with kernel 6.1, a new root; the way back is sample_image:latest (\(one))\n"))
                #expect(try await machine.disk.look("ls .docker-btrfs/boot") == kernels)
                #expect(try machine.menu("docker-btrfs.conf").contains(two) && !machine.menu("docker-btrfs.conf").contains(one))
                #expect(try machine.menu("docker-btrfs-earlier.conf").contains(one))

                let back = "next boot: sample_image:latest (\(one)) with kernel 6.1; \(two) stays in the menu\n"
                let doubt = "note: no boot of sample_image:latest (\(one)) was good yet\n"
                #expect(try await machine.run("rollback --dry-run 2>&1").contains(doubt))
                #expect(try await machine.run("rollback").hasSuffix(back))
                #expect(try machine.menu("docker-btrfs.conf").contains(one) && machine.menu("docker-btrfs-earlier.conf").contains(two))
                let refused = try await machine.fails("rm \(one)")
                #expect(
                    refused
                        == "Error: could not remove sample_image:latest (\(one)): it is what the machine boots next\nhint: roll back or deploy another image first\n"
                )
                #expect(try await machine.run("prune") == "nothing is to be removed\n", "the other one is the way back")
                try await machine.disk.change("btrfs -q subvolume create .docker-btrfs/layers/$(printf %064d 1).new")
                #expect(try await machine.run("prune").hasSuffix("\nremoved what commands that were cut off left\n"))
                #expect(try await machine.disk.look("find .docker-btrfs -name '*.new'") == "")
                #expect(
                    try await machine.run("rm sample_image:v2").hasSuffix(
                        "removed sample_image:v2 (\(two)), which frees 0 kB; its layer goes with the next boot\n"))
                #expect(try !machine.menu("docker-btrfs-earlier.conf").contains(two))
                #expect(try await machine.disk.look("ls .docker-btrfs/boot") == kernels)
                #expect(
                    try await machine.fails("rollback").hasPrefix(
                        "Error: could not roll back: there is no deployment but sample_image:latest"))

                // Built again, as with containerd: another id, and the same tree.
                let again = try await machine.built(again: "sample_image:latest")
                try await machine.run("deploy sample_image:v2")
                try await machine.run("deploy sample_image:latest")
                #expect(try await machine.run("deploy \(again)").hasSuffix("; the way back is sample_image:v2 (\(two))\n"))
                let planned = try await machine.run("prune --dry-run")
                #expect(planned.contains(one) && !planned.contains(two), "\(planned)")
                // The other name has the same tree, but its boot was good.
                try await machine.boot("sample_image:latest")
                try await machine.disk.markGood()
                let pruned = try await machine.run("prune")
                #expect(pruned.contains("\nremoved sample_image:v2 (\(two)), which frees "), "\(pruned)")
                #expect(!pruned.contains("removed sample_image:latest"))
                #expect(try await machine.run("rollback").contains("\nnext boot: sample_image:latest (\(one)) with"))
            }
        }

        @Test func `of several with one name, rollback takes the one that is not next, and rm wants an id`() async throws {
            try await Deployable.with { machine in
                let (one, two) = try (machine.shortID("sample_image:latest"), machine.shortID("sample_image:v2"))
                try await machine.run("deploy sample_image")
                try await machine.tag("sample_image:v2", as: "sample_image", "sample_image:latest")
                try await machine.run("deploy sample_image")
                #expect(
                    try await machine.fails("rm sample_image") == """
                        Error: could not choose a deployment: 2 are called 'sample_image:latest'
                        hint: name it by its id: \(two) (next), \(one)

                        """)
                for id in [one, two] {
                    #expect(try await machine.run("rollback sample_image").contains("\nnext boot: sample_image:latest (\(id)) with"))
                }
                try await machine.run("rm \(one)")
                #expect(
                    try await machine.fails("rollback sample_image") == """
                        Error: could not roll back to sample_image:latest (\(two)): it is what the machine boots next already
                        hint: name another one

                        """)
            }
        }
    }
}
