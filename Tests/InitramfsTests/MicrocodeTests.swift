import Basics
import Testing

@testable import Initramfs

struct MicrocodeTests {
    @Test func `files of both makers become what the kernel looks for, in the order of their names`() async throws {
        let scratch = try Scratch()
        try scratch.write([2, 2], to: "lib/firmware/intel-ucode/06-8e-0a")
        try scratch.write([1], to: "lib/firmware/intel-ucode/06-0f-02")
        try scratch.write([9], to: "lib/firmware/intel-ucode/06-8e-0b.xz")
        try scratch.write([3], to: "lib/firmware/amd-ucode/microcode_amd_fam17h.bin")
        try scratch.write([9], to: "lib/firmware/amd-ucode/README")
        let archive = try #require(try microcode(in: Directory(opening: scratch.path, label: "T")))
        let image = try await InitramfsImage(archive, name: "x")
        #expect(image["kernel/x86/microcode/GenuineIntel.bin"]?.content == [1, 2, 2])
        #expect(image["kernel/x86/microcode/AuthenticAMD.bin"]?.content == [3])
        #expect(image.segments == [nil])
    }

    @Test func `an image without any has none`() throws {
        let scratch = try Scratch()
        try scratch.write([9], to: "lib/firmware/amd-ucode/README")
        #expect(try microcode(in: Directory(opening: scratch.path, label: "T")) == nil)
    }
}
