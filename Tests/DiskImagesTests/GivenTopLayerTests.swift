import Basics
import Foundation
import Testing

@testable import DiskImages

/// What a top layer that is given says beside what a disk's own says.
struct GivenTopLayerTests {
    private static let usual = #"{"create_only": ["/etc/machine-id", "/etc/ssh/ssh_host_*"], "image_identity": "remove"}"#
    private static let kept = #""create_only": ["/etc/machine-id", "/etc/ssh/ssh_host_*"]"#
    private static let both = kept + #", "image_identity": "remove"}"#

    @Test(arguments: [
        ("{}", "{" + both), (#"{"ignore": ["/README.md"]}"#, #"{"ignore": ["/README.md"], "# + both),
        (
            #"{"directories": ["/etc/cups"], "image_identity": "remove", "ignore": []}"#,
            #"{"directories": ["/etc/cups"], "image_identity": "remove", "ignore": [], "# + kept + "}"
        ),
        (
            #"{"create_only": ["/etc/key", "/etc/machine-id"], "image_identity": "keep"}"#,
            #"{"create_only": ["/etc/machine-id", "/etc/ssh/ssh_host_*", "/etc/key"], "image_identity": "keep"}"#
        ),
    ])
    func `its rules do not take away what keeps an image's identity out of its machines`(given: String, expected: String) throws {
        let rules = try GivenTopLayer.rules(Array(given.utf8), of: "top", besides: Self.usual)
        #expect(
            rules.split(separator: "\n").map { $0.trimmingCharacters(in: .whitespaces) }.joined() == expected.replacing(", ", with: ","))
    }

    @Test func `it is as large as its files`() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: UUID().uuidString)
        defer { try? FileManager.default.removeItem(at: folder) }
        let (one, other) = (folder.appending(path: "a/b/one"), folder.appending(path: "a/other"))
        try FileManager.default.createDirectory(at: one.deletingLastPathComponent(), withIntermediateDirectories: true)
        try Data(repeating: 1, count: 1 << 20).write(to: one)
        try FileManager.default.linkItem(at: one, to: other)
        #expect(try Directory(opening: folder.path()).contentSize() == 1 << 20)
    }
}
