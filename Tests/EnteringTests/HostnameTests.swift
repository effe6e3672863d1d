import Basics
import Files
import Foundation
import Testing

@testable import Entering

/// What an entered root is called, by its own file.
struct HostnameTests {
    private func hostname(_ text: String) throws -> String? {
        let top = FileManager.default.temporaryDirectory.appending(path: "docker-btrfs-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: top) }
        try FileManager.default.createDirectory(at: top.appending(path: "etc"), withIntermediateDirectories: true)
        try Data(text.utf8).write(to: top.appending(path: "etc/hostname"))
        return try Entrance.hostname(in: Directory(opening: top.path))
    }

    private static let files: [(String, String?)] = [
        ("desk\n", "desk"), ("desk", "desk"), ("# the one below the table\n\ndesk.lan\n", "desk.lan"), (" desk \nother\n", "desk"),
        ("", nil), ("# desk\n", nil), ("desk one\n", nil), ("dësk\n", nil), ("a/b\n", nil),
    ]

    @Test(arguments: files)
    func `comments and empty lines come before it, and it is a name`(text: String, name: String?) throws {
        #expect(try hostname(text) == name)
    }

    @Test func `Linux takes 64 bytes`() throws {
        let longest = String(repeating: "a", count: 64)
        #expect(try hostname(longest + "\n") == longest)
        #expect(try hostname(longest + "a\n") == nil)
    }

    @Test func `what is no file's content has no name`() {
        #expect(Files.hostname(in: nil) == nil)
        #expect(Files.hostname(in: Array("\n \n#a\nb c\n".utf8)) == "b c")
    }
}
