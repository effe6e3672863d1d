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

        @Test(arguments: ["raw", "qcow2", "vdi", "vmdk", "vpc", "vhdx"])
        func `what starts a disk is read from it`(format: String) async throws {
            let top = FileManager.default.temporaryDirectory.appending(path: "docker-btrfs-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: top) }
            try FileManager.default.createDirectory(at: top, withIntermediateDirectories: true)
            for (sector, code, start) in [(512, 0, (512, false)), (512, 1, (512, true)), (4096, 0, (4096, false))] {
                var bytes = [UInt8](repeating: 0, count: 1 << 20)
                bytes[7] = UInt8(code)
                bytes.replaceSubrange(sector..<sector + 8, with: Array("EFI PART".utf8))
                let (source, file) = (top.appending(path: "source"), top.appending(path: "disk.\(format)").path)
                try Data(bytes).write(to: source)
                try await output(of: ["qemu-img", "convert", "-f", "raw", "-O", format, source.path, file])
                let found = try await DiskStart(of: Emulator(file: file).holdingFile().firstBytes())
                #expect(found?.sector == start.0 && found?.hasBIOS == start.1)
            }
            try Data(repeating: 0, count: 1 << 20).write(to: top.appending(path: "none.raw"))
            #expect(try await DiskStart(of: Emulator(file: top.appending(path: "none.raw").path).firstBytes()) == nil)
        }

        @Test func `a disk that is made already is started as it says, which is told`() async throws {
            let top = FileManager.default.temporaryDirectory.appending(path: "docker-btrfs-\(UUID().uuidString)")
            defer { try? FileManager.default.removeItem(at: top) }
            try FileManager.default.createDirectory(at: top, withIntermediateDirectories: true)
            let (large, noLoader) = ("the disk has sectors of 4096 bytes", "the disk has no loader for a BIOS")
            let cases: [(sector: Int, code: UInt8, options: [String], note: String?, start: String)] = [
                (512, 1, [], nil, "512 bios"), (512, 1, ["--firmware", "uefi"], nil, "512 uefi"),
                (512, 1, ["--firmware", "both"], nil, "512 bios"), (512, 1, ["--firmware", "bios"], nil, "512 bios"),
                (512, 1, ["--sector-size", "4096"], "the disk has sectors of 512 bytes: a BIOS starts it", "512 bios"),
                (512, 1, ["--sector-size", "4096", "--firmware", "uefi"], "the disk has sectors of 512 bytes", "512 uefi"),
                (512, 0, [], "\(noLoader): UEFI starts it", "512 uefi"),
                (512, 0, ["--firmware", "both"], "\(noLoader): UEFI starts it", "512 uefi"),
                (512, 0, ["--firmware", "uefi"], nil, "512 uefi"), (512, 0, ["--uki"], nil, "512 uefi"),
                (512, 0, ["--firmware", "bios"], "\(noLoader): no BIOS will start it", "512 bios"),
                (4096, 0, [], "\(large): UEFI starts it", "4096 uefi"),
                (4096, 0, ["--firmware", "both"], "\(large): UEFI starts it", "4096 uefi"),
                (4096, 0, ["--firmware", "uefi"], large, "4096 uefi"),
                (4096, 0, ["--firmware", "bios"], "\(large): no BIOS will start it", "4096 bios"),
                (4096, 0, ["--sector-size", "4096"], nil, "4096 uefi"),
            ]
            let file = top.appending(path: "disk.raw").path
            for one in cases {
                var bytes = [UInt8](repeating: 0, count: 1 << 20)
                bytes[7] = one.code
                bytes.replaceSubrange(one.sector..<one.sector + 8, with: Array("EFI PART".utf8))
                try Data(bytes).write(to: URL(filePath: file))
                // A dry run is for any machine, whatever this one has.
                let outcome = try await run(
                    [Repository.companion, "run", file, "--dry-run", "--memory", "1099511627776"] + one.options)
                let sector = outcome.output.contains(",logical_block_size=4096,physical_block_size=4096") ? "4096" : "512"
                let found = "\(sector) \(outcome.output.contains(" -bios ") ? "uefi" : "bios")"
                #expect(outcome.status == 0 && found == one.start, "\(one): \(outcome)")
                #expect(outcome.errors == one.note.map { "note: \($0)\n" } ?? "", "\(one): \(outcome)")
            }
        }

        @Test func `QEMU says so when somebody ends it, and ends well`() async throws {
            // Before it takes the signal, that ends it.
            let script = """
                qemu-system-x86_64 -nodefaults -display none -S & pid=$!
                until grep -qs qemu /proc/$pid/comm && grep -qE '^SigCgt:.*[4-7c-f].{3}$' /proc/$pid/status; do sleep 0.1; kill -0 $pid || exit; done
                kill -TERM $pid; wait $pid
                """
            let outcome = try await run(["bash", "-uc", script])
            #expect(outcome.status == 0 && outcome.errors.contains("qemu-system-x86_64: terminating on signal 15 "), "\(outcome)")
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
