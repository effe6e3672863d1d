import Basics
import Testing

@testable import DiskImages

/// What is said of programs that are not there.
struct ToolsTests {
    @Test func `a program that is missing is told with what it was for`() {
        let failure = #expect(throws: Failure.self) {
            try Tools.check(["sh", "no-such-emulator"], also: ["ovmf"], to: "start the machine")
        }
        #expect(failure?.description == "could not start the machine: there is no no-such-emulator\nhint: apt-get install ovmf")
    }

    @Test(arguments: [
        (["grub-mkimage", "grub2-mkimage"], "grub-mkimage"), (["grub2-mkimage"], "grub2-mkimage"), ([], "grub-mkimage"),
    ])
    func `a program of two names is the one that is there`(there: [String], found: String) {
        #expect(Tools.first(of: ["grub-mkimage", "grub2-mkimage"]) { there.contains($0) } == found)
    }

    @Test(arguments: [
        "__populate_fs: Could not allocate block in ext2 filesystem while writing file \"f\"",
        "cp: error writing 'f': No space left on device",
    ])
    func `where a program had no room, it is said what makes some`(complaint: String) async throws {
        let failure = await #expect(throws: Failure.self) {
            try await Tools.run(["sh", "-c", "echo \"$1\" >&2; exit 1", "sh", complaint], to: "fill it")
        }
        #expect(failure == Failure("could not fill it: sh: \(complaint)", hint: "make room, or a larger disk: --size"))
    }

    @Test func `files that are missing are told by what they are`() {
        let loader = #expect(throws: Failure.self) { try Tools.check(["sh"], also: ["grub-pc-bin"]) }
        #expect(
            loader?.description == "could not make the disk: the boot loader's files are not there\nhint: apt-get install grub-pc-bin")
        let firmware = #expect(throws: Failure.self) {
            try Tools.check(["sh"], also: ["ovmf"], of: "the files of UEFI", to: "start the machine")
        }
        #expect(firmware?.description == "could not start the machine: the files of UEFI are not there\nhint: apt-get install ovmf")
    }
}
