import Foundation
import TestSupport
import Testing

@testable import DiskImages

extension Beside {
    /// What QEMU makes of what it is told.
    struct EmulatorTests {
        @Test func `a processor that runs kernels answers`() async throws {
            #expect(try await Emulator.answers(with: "tcg"))
            #expect(try await !Emulator.answers(with: "none"))
        }

        @Test(arguments: ["desktop:next.img", "a:b/c,d.img", "json:{}.img"])
        func `QEMU opens a disk whatever its name`(file: String) async throws {
            let top = FileManager.default.temporaryDirectory.appending(path: "docker-btrfs-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: top) }
            let place = top.appending(path: file)
            try FileManager.default.createDirectory(at: place.deletingLastPathComponent(), withIntermediateDirectories: true)
            try Data(repeating: 0, count: 1 << 20).write(to: place)
            // It shows no machine, and ends where the disk is open.
            let command = try Emulator(file: file).command(withKVM: false).filter { $0 != "-nographic" }
            let script = "cd \"$1\"; shift; echo quit | exec \"$@\""
            let outcome = try await run(
                ["sh", "-c", script, "sh", top.path] + command + ["-display", "none", "-nodefaults", "-S", "-monitor", "stdio"])
            #expect(outcome.status == 0, "\(outcome.errors)")
        }
    }
}
