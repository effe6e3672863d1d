import TestSupport
import Testing

extension OnDisk {
    /// `--dry-run --top-level DIR`: without root, without a disk.
    struct DirectoryTreeTests {
        /// Runs the program as nobody on a copy of the disk's files, in a folder that everybody may read.
        private func plan(_ disk: Disk, _ options: String, line: KernelLine) async throws -> Outcome {
            let command = try disk.bootCommand(line, ["--dry-run"])
            let script = """
                tree=$(mktemp -d --suffix .docker-btrfs-tests); trap 'rm -rf "$tree"' EXIT
                cp -r --preserve=mode,links,xattr . "$tree/top"
                cp "$5" "$tree/init"; cp "$9" "$tree/config"
                chmod 755 "$tree" "$tree/init"; chmod -R a+rX "$tree/top"
                setpriv --reuid nobody --regid nogroup --clear-groups "$tree/init" --cmdline "$7" --config "$tree/config" \
                    --dry-run \(options) 2>&1 | sed "s:$tree:TREE:g"
                """
            return try await run(disk.mounted(script, options: "ro,subvolid=5") + command)
        }

        /// A layer that is no subvolume has no template.
        private func planWithoutTemplate(_ disk: Disk) async throws -> String {
            try await disk.plan().replacing(/keep .* as the template .*\n/, with: "")
        }

        @Test func `the plan of a directory tree is that of the disk`() async throws {
            try await Disk.withStore { disk, _ in
                let expected = Outcome(status: 0, output: try await planWithoutTemplate(disk), errors: "")
                #expect(try await plan(disk, "--top-level $tree/top", line: disk.line) == expected)
                #expect(try await plan(disk, "--top-level $tree/top --top-layer $tree/top", line: disk.line) == expected)
            }
        }

        @Test func `the top layer may be a tree of its own`() async throws {
            try await Disk.withStore { disk, _ in
                var line = disk.line
                line.topLayer = "LABEL=machine"
                line.topLayerPath = "/"
                let expected = try await planWithoutTemplate(disk)
                    .replacing("'/boot_docker' of \(disk.device)", with: "'/' of LABEL=machine").replacing("'/boot_docker'", with: "'/'")
                let found = try await plan(disk, "--top-level $tree/top --top-layer $tree/top/boot_docker", line: line)
                #expect(found == Outcome(status: 0, output: expected, errors: ""))
                #expect(
                    try await plan(disk, "--top-level $tree/top", line: line).output == """
                        docker-btrfs-init: could not look at the top layer: it is on LABEL=machine
                        docker-btrfs-init: hint: give --top-layer DIR as well

                        """)
            }
        }

        @Test func `without root, a disk cannot be looked at`() async throws {
            try await Disk.withStore { disk, _ in
                let told = try await plan(disk, "", line: disk.line).output
                #expect(
                    told == """
                        docker-btrfs-init: could not plan a boot: only root can mount what root= names
                        docker-btrfs-init: hint: run it as root, or name a directory where the top level of that filesystem is mounted: \
                        --top-level DIR

                        """)
            }
        }
    }
}
