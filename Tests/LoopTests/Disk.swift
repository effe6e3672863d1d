import Foundation
import TestSupport

/// A disk in a file, attached to a loop device, and a folder that is gone with it.
struct Disk {
    let folder: String
    let file: String
    /// `/dev/loopN`
    let device: String

    /// In memory if there is room: each sync waits for its disk, and others may keep the machine's disk busy.
    static let folders: String = {
        let free = try? FileManager.default.attributesOfFileSystem(forPath: "/dev/shm")[.systemFreeSize] as? Int
        let parent = free ?? 0 > 2 << 30 ? "/dev/shm" : Repository.path(".build/lab")
        return URL(filePath: parent).resolvingSymlinksInPath().path + "/docker-btrfs-disks"
    }()

    /// Runs `body` with a fresh copy of the store's disk; whatever happens, nothing of it stays attached or on the disk.
    static func withStore(_ body: (Disk, Store) async throws -> Void) async throws {
        let store = try await Store.made()
        let copy = { (file: String) in
            try await output(of: ["cp", "--sparse=always", store.disk, file])
            // The kernel takes two filesystems with one UUID for one.
            _ = try await output(of: ["btrfstune", "-f", "-u", file])
        }
        try await withFile(copy) { try await body($0, store) }
    }

    /// Runs `body` with a disk that a command makes of an empty file, which is its last argument.
    static func with<Value>(_ command: [String], size: String, _ body: (Disk) async throws -> Value) async throws -> Value {
        let make = { (file: String) in
            try await output(of: ["truncate", "--size", size, file])
            try await output(of: command + [file])
        }
        return try await withFile({ _ = try await make($0) }, body)
    }

    private static func withFile<Value>(
        _ make: (String) async throws -> Void, _ body: (Disk) async throws -> Value
    ) async throws -> Value {
        let folder = "\(folders)/\(getpid())-\(UUID().uuidString)"
        try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
        let result: Result<Value, any Error>
        do {
            let file = folder + "/disk.img"
            try await make(file)
            result = .success(try await body(Disk(folder: folder, file: file, device: attach(file))))
        } catch {
            result = .failure(error)
        }
        try await remove(folder)
        return try result.get()
    }

    private static func attach(_ file: String, _ options: [String] = []) async throws -> String {
        try await output(of: ["losetup", "--find", "--show"] + options + [file]).trimmingCharacters(in: .newlines)
    }

    /// The same disk on another loop device: once detached, somebody else may have taken the old one.
    func attached(_ options: [String] = []) async throws -> Disk {
        Disk(folder: folder, file: file, device: try await Self.attach(file, options))
    }

    /// Takes the loop device away, for a while in which something else uses the file or the disk must be missing.
    func detach() async throws {
        // What it knows of a filesystem's other devices, the kernel keeps until it is told not to.
        _ = try await run(["btrfs", "device", "scan", "--forget", device])
        try await output(of: ["losetup", "--detach", device])
    }

    /// Also unmounts what a test that failed or was killed left mounted there, and detaches its other disks.
    private static func remove(_ folder: String) async throws {
        let table = try String(contentsOfFile: "/proc/self/mountinfo", encoding: .utf8)
        let mounted = table.split(separator: "\n").compactMap { line -> String? in
            let fields = line.split(separator: " ")
            return fields.count > 4 ? String(fields[4].replacing("\\040", with: " ")) : nil
        }
        // What was mounted last may lie in what was mounted before.
        for place in mounted.reversed() where place.hasPrefix("\(folder)/") { try await output(of: ["umount", place]) }
        let loops = try await output(of: ["losetup", "--list", "--noheadings", "--output", "NAME,BACK-FILE"])
        for loop in loops.split(separator: "\n") {
            let fields = loop.split(separator: " ", maxSplits: 1).map { $0.trimmingCharacters(in: .whitespaces) }
            guard fields.count == 2, fields[1].hasPrefix("\(folder)/") else { continue }
            try await Disk(folder: folder, file: fields[1], device: fields[0]).detach()
        }
        try FileManager.default.removeItem(atPath: folder)
    }

    /// Takes away what tests left that were killed.
    static func sweep() async throws {
        guard FileManager.default.fileExists(atPath: folders) else { return }
        for name in try FileManager.default.contentsOfDirectory(atPath: folders) {
            guard let process = Int32(name.prefix { $0 != "-" }), kill(process, 0) != 0 else { continue }
            try await remove("\(folders)/\(name)")
        }
    }
}
