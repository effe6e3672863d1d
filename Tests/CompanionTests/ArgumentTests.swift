import TestSupport
import Testing

struct ArgumentTests {
    @Test(arguments: [
        #"export work -o $'n\xff.tar'"#, #"enter --bind $'/n\xff.tar' desktop"#, #"enter desktop -- cat $'n\xff.tar'"#,
    ])
    func `one that is not UTF-8 is refused, and not mended`(words: String) async throws {
        let outcome = try await run(["bash", "-c", #""$1" \#(words)"#, "bash", Repository.ordinaryCompanion])
        #expect(outcome.status == 1 && outcome.output == "", "\(outcome)")
        #expect(outcome.errors.contains("n\u{FFFD}.tar': it is not UTF-8\nhint: "), "\(outcome)")
    }
}
