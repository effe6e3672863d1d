import Basics
import Fixtures
import Foundation
import Images
import Testing

/// A row of `expected.tsv`: what the engine that wrote a fixture finds in it.
struct Expectation: CustomTestStringConvertible, Sendable {
    let fixture: Fixture.Name
    let choice: StoreChoice
    let reference: String
    /// Folders divided by spaces, or `REFUSE` with a word.
    let answer: String

    var testDescription: String { "\(reference) in \(fixture.rawValue), \(choice.kind?.word ?? "")" }

    static func all() throws -> [Expectation] {
        let table = try String(contentsOf: Fixture.stores.appending(path: "expected.tsv"), encoding: .utf8)
        return try table.split(separator: "\n").filter { !$0.hasPrefix("#") }.map { row in
            let fields = row.split(separator: "\t").map(String.init)
            try #require(fields.count == 4)
            // What is in containerd has its namespace before it.
            let words = fields[2].split(separator: " ").map(String.init)
            let kind = try #require(StoreKind(fields[1]))
            return Expectation(
                fixture: try #require(Fixture.Name(rawValue: fields[0])),
                choice: StoreChoice(kind: kind, namespace: words.count > 1 ? words[0] : nil), reference: words[words.count - 1],
                // The table has the folder that overlay2 keeps `diff` in.
                answer: kind == .dockerOverlay2 ? fields[3] + "/diff" : fields[3]
            )
        }
    }
}

struct ExpectedImagesTests {
    private let fixture = Fixture()

    @Test(arguments: try Expectation.all())
    func `every reference leads to the layers that the engine uses`(expected: Expectation) throws {
        try fixture.unpack(expected.fixture)
        let stores = try fixture.stores(expected.choice)
        if expected.answer.hasPrefix("REFUSE") {
            let failure = try #require(throws: Failure.self) { try stores.image(expected.reference) }
            return #expect(failure.message.contains("it is recorded, but its pull was interrupted"))
        }
        let image = try stores.image(expected.reference).image
        let answer = expected.answer.split(separator: " ").map { "/" + $0 }.joined(separator: " ")
        #expect(expected.choice.kind == .dockerOverlay2 ? image.tree.text.hasPrefix(answer) : image.tree.text == answer)
        #expect(image.reference.text == expected.reference)
        #expect(image.store == expected.choice.kind)
        #expect(image.architecture == "amd64" || image.store == .podmanBtrfs)
    }

    @Test func `the table of expectations is not empty`() throws {
        #expect(try Expectation.all().count > 50)
    }

    @Test func `overlay2 gives all layers, the topmost first`() throws {
        try fixture.unpack(.overlay2)
        let layers = [
            "db315fe7247d4d7f79afd0a70658b94fc450c437798e83b308c6049294dbb607",
            "8d3457db89663d104ea0a67fa267e119f98df0b6c5b3c8df26ce6c8eeb5668d1",
            "82f2d7d59e7b9f311949085593a9ea4e41ec9da0a7cfdc8fef4626d6be6226bd",
        ]
        #expect(try fixture.stores().image("bb3:v1").image.tree.text == layers.map { "/overlay2/\($0)/diff" }.joined(separator: " "))
    }
}
