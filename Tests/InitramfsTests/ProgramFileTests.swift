import Basics
import Foundation
import TestSupport
import Testing

@testable import Initramfs

/// The formats of programs: ELF, and PE, which a unified kernel image is in.
struct ProgramFileTests {
    /// An EFI program with these sections, one behind the other.
    static func efi(_ sections: [(name: String, content: [UInt8])]) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: 64 + 24 + 112 + sections.count * 40)
        func put(_ value: Int, at offset: Int, size: Int = 4) {
            for byte in 0..<size { bytes[offset + byte] = UInt8(truncatingIfNeeded: value >> (8 * byte)) }
        }
        bytes.replaceSubrange(0..<2, with: Array("MZ".utf8))
        put(64, at: 0x3c)
        put(0x4550, at: 64)
        put(0x8664, at: 68, size: 2)
        put(sections.count, at: 70, size: 2)
        put(112, at: 84, size: 2)
        put(0x20b, at: 88, size: 2)
        put(0x1000, at: 88 + 32)
        for (index, section) in sections.enumerated() {
            let header = 200 + index * 40
            bytes.replaceSubrange(header..<(header + section.name.utf8.count), with: Array(section.name.utf8))
            put(section.content.count, at: header + 8)
            put((index + 1) * 0x1000, at: header + 12)
            put(section.content.count, at: header + 16)
            put(bytes.count, at: header + 20)
            bytes += section.content
        }
        return bytes
    }

    private static let archive = CPIOWriter.archive([.file("a", [1])], time: 0)
    private static let image = efi([(".text", []), (".cmdline", Array("docker_path=d quiet\n\0".utf8)), (".initrd", archive)])

    @Test func `an EFI program's initramfs and command line`() async throws {
        let image = try await InitramfsImage(Self.image, name: "x")
        #expect(image.paths == ["a"])
        #expect(image.commandLine == "docker_path=d quiet")
    }

    @Test func `an EFI program without an initramfs`() async {
        await #expect(throws: Failure("could not read 'x': it is an EFI program without an initramfs (section '.initrd')")) {
            try await InitramfsImage(Self.efi([(".linux", [1])]), name: "x")
        }
    }

    @Test func `an EFI program that is cut off is refused, wherever it ends`() async {
        for count in 2..<(Self.image.count - 3) {
            await #expect(throws: Failure.self, "\(count)") { try await InitramfsImage(Array(Self.image.prefix(count)), name: "x") }
        }
    }

    @Test func `a program is signed where it has certificates`() throws {
        var bytes = Self.image
        #expect(!isSignedProgram(bytes) && !isSignedProgram([]) && !isSignedProgram(Array(bytes.prefix(80))))
        let header = try #require(bytes.smallNumber(at: 0x3c, UInt32.self))
        bytes[header + 24 + 108] = 16
        #expect(!isSignedProgram(bytes))
        bytes[header + 24 + 112 + 4 * 8 + 4] = 8
        #expect(isSignedProgram(bytes))
    }

    @Test func `sections that overlap, lie askew or are not there are refused`() throws {
        let parts = [(name: ".initrd", content: Self.archive)]
        try PortableExecutable(Self.image, name: "x").checkParts(parts)
        func message(_ position: Int, _ value: UInt8) -> String? {
            var bytes = Self.image
            bytes[position] = value
            do throws(Failure) {
                try PortableExecutable(bytes, name: "x").checkParts(parts)
                return nil
            } catch {
                return error.message
            }
        }
        let address = 200 + 2 * 40 + 12
        let askew = "could not build a unified kernel image: section '.initrd' overlaps another or is not aligned"
        #expect(message(address + 1, 0x20) == askew, "where .cmdline is")
        #expect(message(address, 1) == askew)
        #expect(
            message(Self.image.count - 1 - 120, 0xff)
                == "could not build a unified kernel image: section '.initrd' is not what was put there")
        #expect(message(200 + 2 * 40, 0) == "could not build a unified kernel image: section '.initrd' is not what was put there")
    }

    /// What it is divided by.
    @Test func `a program whose sections are aligned to nothing is none`() {
        var bytes = Self.image
        bytes.replaceSubrange(120..<124, with: [0, 0, 0, 0])
        #expect(throws: Failure("could not read 'x': it is no EFI program for x86-64")) { try PortableExecutable(bytes, name: "x") }
    }

    @Test func `a program and its version`() {
        let elf = ELF(sampleProgram(version)[...])
        #expect(elf?.initVersion == version)
        #expect(elf?.isStatic == true)
        #expect(elf?.machine == ELF.x86)
        #expect(elf?.section(".text") == nil)
        #expect(ELF(Array("#!/bin/sh".utf8)[...]) == nil)
        #expect(ELF(sampleModule("firmware=a")[...])?.section(".modinfo")?.elementsEqual("firmware=a\0".utf8) == true)
    }

    @Test func `a byte that is wrong, or missing, breaks neither reader`() {
        for bytes in [sampleProgram(version), Self.image] {
            for position in bytes.indices {
                for value: UInt8 in [0, 1, 0x7f, 0xff] {
                    var changed = bytes
                    changed[position] = value
                    _ = ELF(changed[...])?.initVersion
                    let program = try? PortableExecutable(changed, name: "x")
                    #expect(program?.sections.count ?? 0 <= changed.count / 40)
                    _ = try? program?.initramfs()
                }
                // The end of the last header says nothing that is read here.
                #expect(ELF(bytes.prefix(max(0, position - 24)))?.initVersion == nil)
            }
        }
    }

    @Test func `the program that is put into images says this version`() throws {
        let bytes = try #require(try fileContents(Repository.ordinaryInit, limit: 1 << 30))
        #expect(ELF(bytes[...])?.initVersion == version)
        #expect(ELF(bytes[...])?.isStatic == false)
    }

    @Test func `the documentation has the drivers`() throws {
        let page = try String(contentsOfFile: Repository.path("docs/initramfs.md"), encoding: .utf8)
        let words = Set(page.split { " |\n".contains($0) }.map { String($0) })
        for name in DriverList.generic + DriverList.filesystems + DriverList.keyboards { #expect(words.contains(name)) }
    }
}
