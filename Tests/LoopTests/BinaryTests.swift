import Basics
import Foundation
import TestSupport
import Testing

/// The program as a file that is put into an initramfs.
extension OnDisk {
    struct BinaryTests {
        @Test func `it is statically linked`() async throws {
            let headers = try await output(of: ["readelf", "--wide", "--program-headers", "--dynamic", Repository.embeddedInit])
            #expect(!headers.contains("INTERP") && !headers.contains("NEEDED"))
            #expect(try await output(of: ["file", "--brief", Repository.embeddedInit]).contains("statically linked"))
        }

        @Test func `it is small`() async throws {
            let compress = #"zstd -19 --stdout --quiet "$1" | wc --bytes"#
            let size = try await output(of: ["bash", "-euo", "pipefail", "-c", compress, "bash", Repository.embeddedInit])
            #expect(try #require(Int(size.trimmingCharacters(in: .newlines))) <= 850 * 1000)
        }

        @Test func `it says its version`() async throws {
            let expected = Outcome(status: 0, output: "docker-btrfs-init \(version)\n", errors: "")
            for program in [Repository.embeddedInit, Repository.ordinaryInit] {
                #expect(try await run([program, "--version"]) == expected)
            }
        }

        @Test func `it runs in an empty root, without proc`() async throws {
            try await Disk.withStore { disk, _ in
                let command = try disk.bootCommand(disk.line("docker_image=sample_image:latest"), ["--dry-run"])
                let script = """
                    root=$(mktemp -d --suffix .docker-btrfs-tests); trap 'rm -rf "$root"' EXIT
                    mkdir "$root/top"; cp "$5" "$root/init"; mount --bind . "$root/top"
                    chroot "$root" /init --version
                    chroot "$root" /init --dry-run --top-level /top --cmdline "$7"
                    umount "$root/top"
                    """
                let found = try await run(disk.mounted(script, options: "ro,subvolid=5") + command)
                #expect(found == Outcome(status: 0, output: "docker-btrfs-init \(version)\n" + (try await disk.plan()), errors: ""))
            }
        }
    }
}
