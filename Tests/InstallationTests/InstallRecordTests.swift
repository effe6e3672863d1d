import Basics
import Testing

@testable import Installation

struct InstallRecordTests {
    private static let example = """
        docker-btrfs installation 1
        framework initramfs-tools
        directory /var/lib/docker-btrfs
        file sha256:\(String(repeating: "0f", count: 32)) /usr/bin/docker-btrfs-init
        link ../docker-btrfs-good.service /usr/lib/a link
        kept file sha256:\(String(repeating: "a0", count: 32)) /boot/old initrd

        """

    @Test func `what is read is written again`() throws {
        let record = try InstallRecord(parsing: Array(Self.example.utf8), name: "record")
        #expect(record.framework == .initramfsTools)
        #expect(record.directories == ["var/lib/docker-btrfs"])
        #expect(record.files.map(\.path) == ["usr/bin/docker-btrfs-init", "usr/lib/a link"])
        #expect(record.kept.map(\.path) == ["boot/old initrd"])
        #expect(String(decoding: record.bytes, as: UTF8.self) == Self.example)
    }

    @Test(arguments: [
        ("docker-btrfs installation 1", "docker-btrfs installation 12"), ("initramfs-tools", "booster"), ("directory /", "directory "),
        ("file sha256:0f", "file sha256:0F"), ("/usr/bin", "usr/bin"), ("kept file", "kept thing"), ("/boot/old initrd", "/boot/../x"),
        ("framework initramfs-tools\n", ""), (" /usr/lib/a link", ""),
    ])
    func `anything else is refused`(words: String, others: String) {
        let text = Self.example.replacing(words, with: others)
        #expect(text != Self.example)
        #expect(throws: Failure.self) { try InstallRecord(parsing: Array(text.utf8), name: "record") }
    }
}
