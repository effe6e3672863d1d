import Basics
import Decompression
import Foundation
import TestSupport
import Testing

@testable import LayerContent

/// Archives that tar made, read back.
struct ArchiveTests {
    private static let long = String(repeating: "a-long-name-", count: 12)

    /// A tree, archived in a form.
    private func withArchive(_ options: String, _ body: (Directory) throws -> Void) async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "docker-btrfs-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let script = """
            mkdir -p "$1/tree/etc/deep" && cd "$1/tree"
            printf 123456789 > etc/nine; : > etc/empty; ln etc/nine etc/linked; ln -s nine etc/link
            head -c 100000 /dev/zero > etc/deep/zeros
            mkdir -p '\(Self.long)/\(Self.long)'; echo long > '\(Self.long)/\(Self.long)/\(Self.long)'
            truncate -s 1M etc/sparse; printf x >> etc/sparse
            cd ..; tar \(options) --create --file archive --directory tree --sort=name .
            """
        try await output(of: ["bash", "-euc", script, "bash", folder])
        try body(Directory(opening: folder))
    }

    private func files(in folder: Directory) throws -> [String: RecordedFile] {
        var files: [String: RecordedFile] = [:]
        let file = try #require(try CompressedFile(at: "archive", in: folder))
        let archive = TarArchive(file, name: "archive", hasChecksums: true)
        try archive.visitAll { entry in files[String(decoding: entry.name, as: UTF8.self)] = entry }
        return files
    }

    @Test(arguments: [
        "--format=gnu", "--format=posix", "--format=posix --xattrs", "--format=gnu --gzip", "--format=posix --zstd",
        "--format=gnu --sparse", "--format=posix --sparse --gzip",
    ])
    func `each file has its size and checksum`(options: String) async throws {
        try await withArchive(options) { folder in
            let files = try files(in: folder)
            #expect(files["./etc/nine"]?.size == 9 || files["./etc/linked"]?.size == 9)
            let checksum = (files["./etc/nine"]?.size == 9 ? files["./etc/nine"] : files["./etc/linked"])?.checksum
            #expect(checksum == 0xb909_56c7_75a4_1001)
            #expect(files["./etc/empty"]?.size == 0 && files["./etc/link"]?.size == 0 && files["./etc/"]?.size == 0)
            #expect(files["./etc/deep/zeros"]?.size == 100_000 || options.contains("--sparse"))
            #expect(files["./\(Self.long)/\(Self.long)/\(Self.long)"]?.size == 5)
            // One with holes is not compared, but what comes behind it is read.
            #expect(files.values.contains { $0.size == 1 << 20 | 1 } != options.contains("--sparse"))
        }
    }

    @Test(arguments: ["--gzip", "--zstd", ""]) func `one that is cut off or damaged is said to be so`(options: String) async throws {
        try await withArchive("--format=gnu \(options)") { folder in
            let path = folder.label + "/archive"
            let whole = try Data(contentsOf: URL(filePath: path))
            for length in [whole.count / 2, 700, 100, 3] where length < whole.count {
                try whole.prefix(length).write(to: URL(filePath: path))
                #expect(throws: Failure.self, "\(length)") { try files(in: folder) }
            }
            if options.isEmpty { return }
            for place in stride(from: 20, to: whole.count - 20, by: whole.count / 10) {
                var damaged = whole
                damaged[place] ^= 0x55
                try damaged.write(to: URL(filePath: path))
                // zstd has no checksum unless it is asked for one: some damage is only another content.
                do { _ = try files(in: folder) } catch { #expect(error is Failure) }
            }
        }
    }

    @Test func `the record of tar-split is read`() async throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "docker-btrfs-\(UUID().uuidString)").path
        defer { try? FileManager.default.removeItem(atPath: folder) }
        let record = """
            {"type":2,"payload":"ZXRjLw==","position":0}
            {"type":1,"name":"etc/","payload":null,"position":1}
            {"type":1,"name":"etc/nine","size":9,"payload":"uQlWx3WkEAE=","position":2}
            {"type":1,"name_raw":"ZXRjL/8=","size":3,"payload":"AAAAAAAAAAE=","position":3}
            """
        try await output(of: ["bash", "-euc", #"mkdir -p "$1"; printf '%s\n' "$2" | gzip > "$1/record""#, "bash", folder, record])
        let directory = try Directory(opening: folder)
        var files: [RecordedFile] = []
        let file = try #require(try CompressedFile(at: "record", in: directory))
        let split = TarSplit(file: file, name: "record")
        try split.visitAll { entry in files.append(entry) }
        #expect(
            files == [
                RecordedFile(name: Array("etc/".utf8), size: 0, checksum: nil),
                RecordedFile(name: Array("etc/nine".utf8), size: 9, checksum: 0xb909_56c7_75a4_1001),
                RecordedFile(name: Array("etc/".utf8) + [0xff], size: 3, checksum: 1),
            ])
    }
}
