import Basics
import Foundation
import TestSupport

/// Reads files of a disk as boot loaders do, which replay no log: GRUB's own reader for btrfs, mtools for FAT.
struct DiskReader {
    /// A GPT disk: the ESP, then a btrfs.
    let disk: String
    /// A folder for the files that were read.
    let folder: String
    /// Where the ESP's files are, once they were taken out of the disk.
    var systemFolder: String?

    enum Partition { case system, btrfs }

    /// Where the ESP is.
    private var system: String { "\(disk)@@1M" }

    /// A copy of a file; nil where there is none that can be read.
    func copy(_ path: String, on partition: Partition) async throws -> String? {
        let copy = "\(folder)/copy of \(path.split(separator: "/").last ?? "nothing")"
        if FileManager.default.fileExists(atPath: copy) { try FileManager.default.removeItem(atPath: copy) }
        let outcome =
            switch partition {
            case .system:
                try await run(systemFolder.map { ["cp", $0 + path, copy] } ?? ["mcopy", "-n", "-i", system, "::\(path)", copy])
            case .btrfs: try await run(["grub-fstest", disk, "cp", "(loop0,gpt2)\(path)", copy])
            }
        return outcome.status == 0 && FileManager.default.fileExists(atPath: copy) ? copy : nil
    }

    func text(_ path: String, on partition: Partition) async throws -> String? {
        guard let copy = try await copy(path, on: partition) else { return nil }
        return String(decoding: try Data(contentsOf: URL(filePath: copy)), as: UTF8.self)
    }

    /// The names in a folder of the ESP.
    func names(in path: String) async throws -> [String] {
        if let systemFolder { return (try? FileManager.default.contentsOfDirectory(atPath: systemFolder + path)) ?? [] }
        let outcome = try await run(["mdir", "-b", "-i", system, "::\(path)"])
        return outcome.output.split(separator: "\n").map { String($0.split(separator: "/").last ?? "") }
    }
}
