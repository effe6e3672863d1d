import Foundation
import TestSupport
import Testing

extension OnDisk {
    /// What tests leave that are killed.
    struct SweepTests {
        @Test func `a disk of a process that is gone is unmounted, detached and deleted by the next`() async throws {
            let gone = try await output(of: ["bash", "-c", "echo $$"]).trimmingCharacters(in: .newlines)
            let folder = "\(Disk.folders)/\(gone)-left"
            let script = """
                mkdir -p "$1/a place/inner"; truncate -s 128M "$1/disk.img"; mkfs.btrfs -q "$1/disk.img"
                device=$(losetup --find --show "$1/disk.img"); mount "$device" "$1/a place"
                mkdir "$1/a place/inner"; mount -t tmpfs none "$1/a place/inner"
                """
            try await output(of: ["bash", "-euc", script, "bash", folder])
            try await Disk.sweep()
            #expect(!FileManager.default.fileExists(atPath: folder))
            #expect(try await !output(of: ["losetup", "--list", "--noheadings", "--output", "BACK-FILE"]).contains(folder))
        }
    }
}
