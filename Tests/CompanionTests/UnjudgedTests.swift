import Foundation
import TestSupport
import Testing

/// What could not be looked at is not what cannot boot.
struct UnjudgedTests {
    private func object(of words: String) async throws -> [String: Any] {
        let outcome = try await run([Repository.ordinaryCompanion] + words.split(separator: " ").map(String.init))
        #expect(outcome.status == 2 && outcome.errors.hasPrefix("Error: "), "\(outcome)")
        return try #require(JSONSerialization.jsonObject(with: Data(outcome.output.utf8)) as? [String: Any])
    }

    @Test func `check says why, as of what it finds`() async throws {
        let found = try await object(of: "check nope --top-level /nonexistent --format json")
        #expect(found["weight"] as? String == "error" && found["subject"] as? String == "image")
        #expect((found["text"] as? String)?.contains("'/nonexistent'") == true)
        #expect(found.keys.sorted() == ["remedy", "subject", "text", "weight"])
        let compared = try await object(of: "check nope --content --top-level /nonexistent --format json")
        #expect(compared["part"] is NSNull && compared["path"] is NSNull)
        #expect((compared["reason"] as? String)?.contains("'/nonexistent'") == true)
    }

    @Test func `check says so without json, too`() async throws {
        let outcome = try await run([Repository.ordinaryCompanion, "check", "nope", "--top-level", "/nonexistent"])
        #expect(outcome.status == 2 && outcome.output.isEmpty && outcome.errors.hasPrefix("Error: "), "\(outcome)")
    }

    @Test func `image says why, as of a disk`() async throws {
        let made = try await object(of: "image nope -o nope.raw --data-root /nonexistent --dry-run --format json")
        #expect(made["image"] as? String == "nope" && made["made"] as? Bool == false && (made["notes"] as? [String])?.isEmpty == false)
        #expect(made.keys.sorted() == ["findings", "format", "image", "made", "notes", "steps"])
    }
}
