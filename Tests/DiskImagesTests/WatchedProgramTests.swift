internal import Synchronization
import Testing

@testable import Programs

/// A program that is watched until it has said enough.
struct WatchedProgramTests {
    private func said(by script: String) async throws -> String {
        let all = Mutex<[UInt8]>([])
        let isEnough = { @Sendable (piece: [UInt8]) in
            all.withLock { bytes in
                bytes += piece
                return String(decoding: bytes, as: UTF8.self).contains("over\n")
            }
        }
        try await watchProgram(["sh", "-c", script], seconds: 600, isOver: { false }, isEnough: isEnough)
        return all.withLock { String(decoding: $0, as: UTF8.self) }
    }

    // Other tests may take all processors for a minute.
    @Test func `what it says next is heard too`() async throws {
        #expect(try await said(by: "echo over; sleep 0.5; echo why; sleep 500; echo late") == "over\nwhy\n")
    }

    @Test func `one that goes on and on is ended`() async throws {
        let text = try await said(by: "echo over; while :; do echo more; sleep 0.5; done")
        #expect(text.hasPrefix("over\nmore\n"))
        // It has ten seconds, on a busy machine a minute; in ten there would be more.
        #expect(text.count { $0 == "\n" } < 300)
    }
}
