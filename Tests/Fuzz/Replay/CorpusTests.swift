import Foundation
import Testing

/// What fuzzing found worth keeping, without libFuzzer. A trap ends the test run: the last file that is named then is the one.
struct CorpusTests {
    private static let corpus = URL(filePath: #filePath).deletingLastPathComponent().deletingLastPathComponent().appending(path: "corpus")

    @Test(arguments: Parser.allCases)
    func `a parser keeps its rules on every input of the corpus`(_ parser: Parser) throws {
        let files = try FileManager.default.contentsOfDirectory(
            at: Self.corpus.appending(path: parser.rawValue), includingPropertiesForKeys: nil
        )
        #expect(!files.isEmpty)
        for file in files {
            #expect(throws: Never.self, "\(parser.rawValue)/\(file.lastPathComponent)") { try parser.run(Array(Data(contentsOf: file))) }
        }
    }
}
