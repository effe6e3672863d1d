import TestSupport
import Testing

/// A boot that must fail with these words and leave every byte of the disk as it was.
func expectRefusal(on disk: Disk, _ line: KernelLine, _ message: String, sourceLocation: SourceLocation = #_sourceLocation) async throws {
    let bytes = try await disk.bytes()
    let outcome = try await disk.boot(line)
    #expect(outcome == .failed(message), sourceLocation: sourceLocation)
    #expect(try await disk.bytes() == bytes, "the disk is as it was", sourceLocation: sourceLocation)
}

/// The same with the article's command line.
func expectRefusal(on disk: Disk, _ message: String, sourceLocation: SourceLocation = #_sourceLocation) async throws {
    try await expectRefusal(on: disk, disk.line, message, sourceLocation: sourceLocation)
}
