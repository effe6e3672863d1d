import Basics
import Glibc
import TestSupport
import Testing

@testable import Initramfs

/// What somebody made to fill the memory or to take for ever. Each of these is over in a moment.
struct HostileImageTests {
    private func image(_ entries: [CPIOEntry]) async throws -> InitramfsImage {
        try await InitramfsImage(CPIOWriter.archive(entries, time: 0), name: "x")
    }

    private func message(_ bytes: [UInt8]) async -> String? {
        do throws(Failure) {
            _ = try await InitramfsImage(bytes, name: "x")
            return nil
        } catch {
            return error.message
        }
    }

    /// What this thread works, which is no more where others work too.
    private func processorSeconds(_ body: () -> Void) -> Double {
        func now() -> Double {
            var time = timespec()
            clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
            return Double(time.tv_sec) + Double(time.tv_nsec) / 1e9
        }
        let start = now()
        body()
        return now() - start
    }

    @Test func `a symlink longer than the kernel takes is none`() async throws {
        let long = String(repeating: "a/", count: 3 << 20)
        let found = try await image([.symlink("a", to: long), .symlink("b", to: String(repeating: "c/", count: 2048)), .file("file", [])])
        #expect(found["a"] == nil)
        #expect(found["b"] != nil)
        #expect(found.target(of: "b") == nil)
    }

    @Test func `links that lead to links, each as long as can be`() async throws {
        let part = String(repeating: "a/", count: 2000)
        let found = try await image(
            (0..<50).map { .symlink(Path("l\($0)") ?? .top, to: "\(part)../l\($0 + 1)") } + [.symlink("a", to: ".")])
        let time = processorSeconds { for _ in 0..<100 { #expect(found.target(of: "l0") == nil) } }
        #expect(time < 5)
    }

    @Test func `a name longer than the kernel takes is passed over`() async throws {
        let name = try #require(Path(String(repeating: "n/", count: 3000)))
        #expect(try await image([.file(name, []), .file("file", [])]).paths == ["file"])
    }

    @Test func `more files than any initramfs has`() async throws {
        let one = CPIOWriter.archive([.file("f", [])], time: 0).prefix(112)
        var bytes: [UInt8] = []
        for _ in 0..<300_000 { bytes += one }
        #expect(await message(bytes) == "could not read 'x': it has more than 262144 files, as no initramfs has")
    }

    @Test(arguments: [Compression.zstd, .gzip, .xz])
    func `a small file that unpacks to a large one`(compression: Compression) async throws {
        let packed = try await compression.compress([UInt8](repeating: 0, count: 100 << 20), name: "x")
        let limit = ((64 << 20) + 64 * packed.count) >> 20
        #expect(await message(packed) == "could not read 'x': it becomes more than \(limit) MiB")
    }

    @Test(arguments: [Compression.zstd, .gzip, .xz])
    func `several that unpack to a large one together`(compression: Compression) async throws {
        let packed = try await compression.compress([UInt8](repeating: 0, count: 40 << 20), name: "x")
        let limit = ((64 << 20) + 64 * 2 * packed.count) >> 20
        #expect(await message(packed + packed) == "could not read 'x': it becomes more than \(limit) MiB")
    }

    @Test func `more compressed parts than any initramfs has`() async throws {
        let one = try await Compression.gzip.compress(CPIOWriter.archive([.file("f", [])], time: 0), name: "x")
        var bytes: [UInt8] = []
        for _ in 0..<1025 { bytes += one }
        #expect(await message(bytes) == "could not read 'x': it has more than 1024 compressed parts, as no initramfs has")
    }

    @Test func `a sparse file of ten gigabytes`() async throws {
        let scratch = try Scratch()
        try await scratch.shell("truncate -s 10G large")
        await #expect(throws: Failure("could not read '\(scratch.file("large"))': it has 10240 MiB, as no initramfs has")) {
            try await InitramfsImage(reading: scratch.file("large"))
        }
    }

    /// 65,535 sections whose names have no end.
    @Test func `a program of many sections`() {
        var bytes: [UInt8] = [0x7f, 0x45, 0x4c, 0x46, 2, 1] + [UInt8](repeating: 0, count: 58)
        func put(_ value: Int, at offset: Int, size: Int) {
            for byte in 0..<size { bytes[offset + byte] = UInt8(truncatingIfNeeded: value >> (8 * byte)) }
        }
        put(64, at: 40, size: 8)
        put(0xffff, at: 60, size: 2)
        bytes += [UInt8](repeating: 0, count: 0xffff * 64) + [UInt8](repeating: UInt8(ascii: "."), count: 4 << 20)
        put(64 + 0xffff * 64, at: 64 + 24, size: 8)
        put(4 << 20, at: 64 + 32, size: 8)
        let elf = ELF(bytes[...])
        #expect(elf != nil)
        let time = processorSeconds { #expect(elf?.section(".note.docker-btrfs") == nil) }
        #expect(time < 10)
    }

    @Test func `many kernels, and a list that names one module again and again`() async throws {
        let module: CPIOEntry = .file("usr/lib/modules/6.1/btrfs.ko", sampleModule() + [UInt8](repeating: 1, count: 1 << 20))
        let kernels = (0..<4_000).map { CPIOEntry.file(Path("lib/modules/\($0)/x.ko") ?? .top, []) }
        let list = String(repeating: "/usr/lib/modules/6.1/btrfs.ko\n", count: 4_000)
        let found = try await image(InspectionTests.own + kernels + [module, .file(modulesListPath, Array(list.utf8))])
        let time = processorSeconds { #expect(Inspection(of: found).failure != nil) }
        #expect(time < 20)
    }

    @Test func `a configuration that is no configuration`() async throws {
        let large: CPIOEntry = .file("etc/docker-btrfs.json", Array("[".utf8) + [UInt8](repeating: UInt8(ascii: "0"), count: 3 << 20))
        let found = try await Inspection(of: image([large] + InspectionTests.unit + InspectionTests.systemd))
        #expect(found.failure?.message.contains("configuration: /etc/docker-btrfs.json has more than 1 MiB") == true)
    }
}
