import Basics
import Foundation
import Testing

@testable import DiskImages

/// A folder whose name nobody else can give to another one.
struct DiskFolderTests {
    /// Runs `body` with a directory that has `own/inner` in it.
    private func with(_ body: (String) throws -> Void) throws {
        let top = FileManager.default.temporaryDirectory.resolvingSymlinksInPath().appending(path: "docker-btrfs-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: top) }
        try FileManager.default.createDirectory(at: top.appending(path: "own/inner"), withIntermediateDirectories: true)
        for name in ["", "own", "own/inner"] { try setMode(0o755, of: top.path + "/\(name)") }
        try body(top.path)
    }

    private func setMode(_ mode: Int, of path: String) throws {
        try FileManager.default.setAttributes([.posixPermissions: mode], ofItemAtPath: path)
    }

    @Test(arguments: [("own/inner", 0o777), ("own", 0o777)])
    func `it is made nowhere where others can rename it, or what it is in`(open: String, mode: Int) throws {
        try with { top in
            try setMode(mode, of: "\(top)/\(open)")
            let message = "could not make a folder in '\(top)/own/inner': others can rename what is in '\(top)/\(open)'"
            let failure = #expect(throws: Failure.self) { _ = try DiskFolder(in: "\(top)/own/inner") }
            #expect(failure?.message == message && failure?.hint?.contains("/var/tmp") == true)
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(top)/own/inner") == [])
        }
    }

    @Test func `where none can be made, another place is to be taken`() {
        // Whoever asks: there is no directory to be made in it.
        let failure = #expect(throws: Failure.self) { _ = try DiskFolder(in: "/proc", option: "--folder") }
        #expect(failure?.message.hasPrefix("could not create a folder in '/proc': ") == true)
        #expect(failure?.hint == "take another place with --folder")
    }

    @Test func `in a sticky directory only its owner can; a symlink is not gone by again`() throws {
        try with { top in
            try setMode(0o1777, of: "\(top)/own")
            try FileManager.default.createSymbolicLink(atPath: "\(top)/link", withDestinationPath: "own/inner")
            let folder = try DiskFolder(in: "\(top)/link")
            #expect(folder.file.hasPrefix("\(top)/own/inner/docker-btrfs-disk."))
            withExtendedLifetime(folder) {}
        }
    }

    @Test func `what has its name by then is not removed, and what a killed run left is`() throws {
        try with { top in
            try FileManager.default.createDirectory(atPath: "\(top)/own/docker-btrfs-disk.killed", withIntermediateDirectories: true)
            try Data().write(to: URL(filePath: "\(top)/own/docker-btrfs-disk.killed/initrd"))
            try Data().write(to: URL(filePath: "\(top)/own/inner/kernel"))
            try makeAndRename("\(top)/own")
            #expect(try FileManager.default.contentsOfDirectory(atPath: "\(top)/own/inner") == ["kernel"])
            #expect(!FileManager.default.fileExists(atPath: "\(top)/own/docker-btrfs-disk.killed"))
        }
    }

    private func makeAndRename(_ place: String) throws {
        let folder = try DiskFolder(in: place)
        let made = URL(filePath: folder.file).deletingLastPathComponent().path
        try FileManager.default.moveItem(atPath: made, toPath: "\(place)/moved")
        try FileManager.default.createSymbolicLink(atPath: made, withDestinationPath: "inner")
        withExtendedLifetime(folder) {}
    }
}
