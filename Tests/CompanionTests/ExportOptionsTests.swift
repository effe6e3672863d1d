import ArgumentParser
import Testing

@testable import docker_btrfs

struct ExportOptionsTests {
    @Test func `only an image has a name`() throws {
        #expect(try ExportCommand.parse(["work", "--output", "file", "--tag", "desk"]).tag == "desk")
        #expect(throws: (any Error).self) {
            try ExportCommand.parse(["work", "--output", "file", "--format", "btrfs", "--tag", "desk"])
        }
    }
}
