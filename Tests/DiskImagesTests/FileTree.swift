import Basics
import Boot
import Foundation

/// Runs `body` with a tree of these files, each with its content; a content that begins with `->` is where a link leads.
func withTree(_ files: [String: String], _ body: (ImageFiles) throws -> Void) throws {
    let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
    defer { try? FileManager.default.removeItem(at: folder) }
    for (path, content) in files {
        let file = folder.appending(path: path)
        try FileManager.default.createDirectory(at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
        if content.hasPrefix("->") {
            try FileManager.default.createSymbolicLink(atPath: file.path, withDestinationPath: String(content.dropFirst(2)))
        } else {
            try Data(content.utf8).write(to: file)
            try FileManager.default.setAttributes([.posixPermissions: 0o755], ofItemAtPath: file.path)
        }
    }
    try body(ImageFiles(of: [Directory(opening: folder.path)]))
}
