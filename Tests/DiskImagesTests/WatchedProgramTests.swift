internal import Synchronization
import Testing

@testable import DiskImages
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
        let end = try await watchProgram(["sh", "-c", script], seconds: 600, isOver: { false }, isEnough: isEnough)
        #expect(end?.complaint == nil)
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

    @Test(
        arguments: [
            ("echo a; kill -KILL $$", nil, "signal 9 ended it"), ("echo a; echo why >&2; exit 3", 3, "why"),
            ("echo a; exit 3", 3, "it ended with status 3"), ("echo a; echo but >&2", 0, "but"), ("true", 0, "it ended with status 0"),
        ] as [(String, Int32?, String)])
    func `how it ended of itself is told`(script: String, status: Int32?, complaint: String) async throws {
        let found = try await watchProgram(["sh", "-c", script], seconds: 600, isOver: { false }, isEnough: { _ in false })
        #expect(found?.status == status && found?.complaint == complaint)
    }

    @Test func `and not where it was ended because its time was over`() async throws {
        let found = try await watchProgram(["sleep", "600"], seconds: 1, isOver: { false }, isEnough: { _ in false })
        #expect(found?.status == nil && found?.complaint == nil)
    }

    @Test(
        arguments: [
            ("kill -KILL $$", "signal 9 ended it", "signal 9 ended it"),
            ("echo a warning >&2; kill -TERM $$", "signal 15 ended it", "signal 15 ended it: a warning"),
            (
                "printf '%s\\n' 'a warning' 'qemu-system-x86_64: terminating on signal 15 from pid 7 (earlyoom)' >&2",
                "qemu-system-x86_64: terminating on signal 15 from pid 7 (earlyoom)", nil
            ),
            ("echo a warning >&2", nil, nil), ("echo why >&2; exit 1", nil, "why"),
            ("printf '%s\\n' 'a warning' why >&2; kill -ABRT $$", nil, "signal 6 ended it: why"),
            ("kill -SEGV $$", nil, "signal 11 ended it"),
        ] as [(String, String?, String?)])
    func `a QEMU that was killed is known from one that failed`(script: String, killing: String?, fault: String?) async throws {
        let end = try await watchProgram(["sh", "-c", script], seconds: 600, isOver: { false }, isEnough: { _ in false })
        let outcome = try #require(end)
        #expect(outcome.killingOfQEMU == killing && outcome.faultOfQEMU == fault)
    }
}
