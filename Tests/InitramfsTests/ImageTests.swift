import Basics
import Testing

@testable import Initramfs

struct ImageTests {
    private static let early = CPIOWriter.archive([.file("kernel/x86/microcode/GenuineIntel.bin", [1, 2, 3])], time: 0)
    private static let padding = [UInt8](repeating: 0, count: 512)

    @Test(arguments: Compression.allCases)
    func `every compression is undone, behind plain microcode`(compression: Compression) async throws {
        let packed = try await compression.compress(CPIOTests.archive, name: "x")
        let image = try await InitramfsImage(Self.early + Self.padding + packed, name: "x")
        #expect(image.segments == [nil, compression])
        #expect(image["kernel/x86/microcode/GenuineIntel.bin"]?.content == [1, 2, 3])
        #expect(image.paths.count == CPIOTests.entries.count + 1)
        #expect(image.target(of: "usr/a")?.permissions == 0o755)
    }

    /// What a library gives back in pieces of a MiB may end with one.
    @Test(arguments: [Compression.zstd, .xz], [1 << 20, 3 << 20, 1 << 20 + 1])
    func `every size is undone`(compression: Compression, size: Int) async throws {
        let bytes = (0..<size).map { UInt8(truncatingIfNeeded: $0 / 97) }
        let packed = try await compression.compress(bytes, name: "x")
        #expect(try await compression.decompress(packed, name: "x") == bytes)
        #expect(try await compression.decompress(packed + packed, name: "x") == bytes + bytes)
    }

    /// In a unified kernel image each of several initramfs images is filled up to four bytes, and the kernel passes over that.
    @Test(arguments: [Compression.zstd, .xz, .gzip, .lz4, .bzip2], [1, 3, 512])
    func `zeros behind what is packed are passed over`(compression: Compression, count: Int) async throws {
        let content = (0..<5000).map { UInt8(truncatingIfNeeded: $0 / 97) } + [UInt8](repeating: 0, count: 600)
        let packed = try await compression.compress(content, name: "x")
        let filled = packed + [UInt8](repeating: 0, count: count)
        #expect(try await compression.decompress(filled, name: "x") == content)
        await #expect(throws: Failure.self, "what is cut off is not whole") {
            try await compression.decompress(Array(packed.dropLast(packed.count / 2)) + [0], name: "x")
        }
    }

    @Test func `the frame format of lz4 is read too`() async throws {
        let scratch = try Scratch()
        try scratch.write(CPIOTests.archive, to: "a")
        try await scratch.shell("lz4 -q a a.lz4")
        #expect(try await InitramfsImage(reading: scratch.file("a.lz4")).segments == [.lz4])
    }

    @Test func `several archives, plain and packed together`() async throws {
        let more = CPIOWriter.archive([.file("empty", [1]), .file("more", [])], time: 0)
        let packed = try await Compression.gzip.compress(CPIOTests.archive + Self.padding + more, name: "x")
        let image = try await InitramfsImage(Self.early + packed + Self.padding, name: "x")
        #expect(image.segments == [nil, .gzip, .gzip])
        #expect(image["more"] != nil)
        #expect(image["empty"]?.content == [1], "what comes later counts")
    }

    /// As `cat initrd.zst extra.cpio` makes it: the kernel goes on behind what is packed.
    @Test(arguments: [Compression.zstd, .xz, .gzip, .lzma, .lz4], [nil, .zstd, .gzip, .bzip2] as [Compression?])
    func `further archives behind a packed one`(first: Compression, second: Compression?) async throws {
        let more = CPIOWriter.archive([.file("empty", [1]), .file("more", [])], time: 0)
        let behind = try await second?.compress(more, name: "x") ?? more
        let packed = try await first.compress(CPIOTests.archive, name: "x")
        func read(zeros: Int) async throws -> InitramfsImage {
            try await InitramfsImage(packed + [UInt8](repeating: 0, count: zeros) + behind, name: "x")
        }
        let toFour = (4 - packed.count % 4) % 4
        for zeros in [toFour + (first == .lz4 ? 4 : 0), toFour + 512] {
            let image = try await read(zeros: zeros)
            #expect(image.segments == [first, second])
            #expect(image["more"] != nil)
            #expect(image["empty"]?.content == [1], "what comes later counts")
        }
        if second == nil {
            let place = packed.count + toFour + 513
            let expected = "could not read 'x': what begins at byte \(place) is not at a multiple of 4, as the kernel wants it"
            await #expect(throws: Failure(expected)) { try await read(zeros: toFour + 513) }
        } else {
            #expect(try await read(zeros: toFour + 513).segments == [first, second])
        }
        if first == .lz4 {
            let expected = "could not read 'x': what lz4 compressed is cut off, or lacks four zeros before what follows it"
            for zeros in [0, 3] { await #expect(throws: Failure(expected)) { try await read(zeros: zeros) } }
            #expect(try await InitramfsImage(packed + packed, name: "x").segments == [.lz4, .lz4])
        }
        await #expect(throws: Failure.self) { try await InitramfsImage(packed + [7], name: "x") }
    }

    /// The kernel says "broken padding", packed or not.
    @Test func `what is behind a plain archive is at a multiple of 4`() async throws {
        let packed = try await Compression.gzip.compress(CPIOTests.archive, name: "x")
        #expect(try await InitramfsImage(Self.early + [0, 0, 0, 0] + packed, name: "x").segments == [nil, .gzip])
        await #expect(throws: Failure.self) { try await InitramfsImage(Self.early + [0] + packed, name: "x") }
        let askew = try await Compression.gzip.compress(Self.early + [0] + CPIOTests.archive, name: "x")
        await #expect(throws: Failure.self) { try await InitramfsImage(askew, name: "x") }
    }

    /// As `bootconfig -a` puts it there, filled up with zeros.
    @Test(arguments: [nil, .gzip, .zstd] as [Compression?])
    func `a bootconfig at the end`(compression: Compression?) async throws {
        let packed = try await compression?.compress(CPIOTests.archive, name: "x") ?? CPIOTests.archive
        func image(size: Int, sum: Int) async throws -> InitramfsImage {
            let numbers = [size, sum].flatMap { number in (0..<4).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) } }
            return try await InitramfsImage(packed + Array("a = 1\n\0\0".utf8) + numbers + Array("#BOOTCONFIG\n".utf8), name: "x")
        }
        let sum = Array("a = 1\n".utf8).reduce(0) { $0 + Int($1) }
        #expect(try await image(size: 8, sum: sum).segments == [compression])
        await #expect(throws: Failure.self) { try await image(size: 8, sum: sum + 1) }
        await #expect(throws: Failure.self) { try await image(size: 1 << 20, sum: sum) }
    }

    @Test func `symlinks are resolved in the image`() async throws {
        let image = try await InitramfsImage(
            CPIOWriter.archive(
                [
                    .symlink("bin", to: "usr/bin"), .symlink("usr/bin/tool", to: "/bin/../sbin/./real"), .file("usr/sbin/real", [7]),
                    .symlink("round", to: "round/x"), .symlink("up", to: "../../../usr"),
                ], time: 0), name: "x")
        #expect(image.target(of: "bin/tool")?.path == "usr/sbin/real")
        #expect(image.resolved("up/sbin/real") == "usr/sbin/real")
        #expect(image.target(of: "round") == nil)
        #expect(image.target(of: "nothing") == nil)
    }

    @Test func `a packed archive that is cut off or damaged is named`() async throws {
        for compression in Compression.allCases {
            let packed = try await compression.compress(CPIOTests.archive, name: "x")
            await #expect(throws: Failure.self, "\(compression)") {
                try await InitramfsImage(Array(packed.dropLast(packed.count / 2)), name: "x")
            }
            var damaged = packed
            for position in (packed.count / 4)..<(packed.count / 2) { damaged[position] ^= 0xff }
            await #expect(throws: Failure.self, "\(compression)") { try await InitramfsImage(damaged, name: "x") }
        }
    }

    @Test func `what is no initramfs is named`() async throws {
        func message(_ bytes: [UInt8]) async -> String? {
            do throws(Failure) {
                _ = try await InitramfsImage(bytes, name: "x")
                return nil
            } catch {
                return error.message
            }
        }
        #expect(await message([]) == "could not read 'x': it is empty")
        #expect(await message(Self.padding) == "could not read 'x': it is empty")
        #expect(await message(Array("text".utf8)) == "could not read 'x': no cpio archive and no known compression is at byte 0")
        #expect(await message(Array("070707".utf8) + Self.padding) == "could not read 'x': there is no cpio header at byte 0")
        #expect(
            await message(Self.early + [7]) == "could not read 'x': no cpio archive and no known compression is at byte \(Self.early.count)"
        )
        #expect(await message(Array("MZ".utf8)) == "could not read 'x': it is no EFI program for x86-64")
    }

    @Test func `a file that there is not`() async {
        await #expect(throws: Failure("could not read '/nowhere/initrd.img': there is no such file")) {
            try await InitramfsImage(reading: "/nowhere/initrd.img")
        }
    }
}
