import Basics
import Planning
import Testing

@testable import Boot

/// The counting of boots, and how it is kept.
struct RecordTests {
    private func mark(_ version: String, _ number: Int) -> Mark {
        Mark(origin: .image(version), number: number, made: 0)
    }

    /// v1 booted well, v2 was tried twice, the second time in a root of another name.
    private var record: Record {
        Record().trying(mark("v1", 1), of: "a name").good(mark("v1", 1), of: "a name").trying(mark("v2", 2), of: "a name")
            .trying(mark("v2", 3), of: "layers/other")
    }

    private let lines = """
        docker-btrfs record 1
        tried \(ImageID.named("v1")) \(ChainID.named("chain-v1")) 0 good sample:v1 a name
        tried \(ImageID.named("v2")) \(ChainID.named("chain-v2")) 1 new sample:v2 a name
        tried \(ImageID.named("v2")) \(ChainID.named("chain-v2")) 1 new sample:v2 layers/other
        root 2 1 a name
        root 3 1 layers/other

        """

    @Test func `the record is lines of text, the last of which is the sum of the others`() {
        #expect(record.text.hasPrefix(lines))
        #expect(record.text.dropFirst(lines.count).wholeMatch(of: /sum sha256:[0-9a-f]{64}\n/) != nil)
        #expect(record == Record(parsing: Array(record.text.utf8)))
    }

    @Test func `an empty record is one`() {
        #expect(Record(parsing: Array(Record().text.utf8)) == Record())
    }

    @Test(arguments: ["a", " a", "a ", "a  b c", "image sha256:1", "ä%2F/ö", "1 2 3"])
    func `a root may have any name`(name: String) throws {
        let record = Record().trying(mark("v1", 5), of: try #require(Path(name)))
        #expect(Record(parsing: Array(record.text.utf8)) == record)
        #expect(record.tries(ofRoot: try #require(Path(name)), 5) == 1)
    }

    @Test func `a record that is cut short anywhere counts for nothing`() {
        let bytes = Array(record.text.utf8)
        for length in 0..<bytes.count { #expect(Record(parsing: Array(bytes[..<length])) == nil, "the first \(length) bytes") }
    }

    @Test func `nor does one in which any byte is another`() {
        let bytes = Array(record.text.utf8)
        for index in bytes.indices {
            for change: UInt8 in [0x01, 0x20, 0x80] {
                var damaged = bytes
                damaged[index] ^= change
                #expect(Record(parsing: damaged) == nil, "byte \(index)")
            }
        }
    }

    @Test func `nor one with something added`() {
        let text = record.text
        for other in [text + "\n", text + "image a b 0 good c\n", "\n" + text, text + text, text.replacing("\n", with: "\r\n")] {
            #expect(Record(parsing: Array(other.utf8)) == nil)
        }
    }

    @Test(arguments: ["docker-btrfs record 2\n", "docker-btrfs record 1\nboot 7\n", "docker-btrfs record 1\nroot 1 a b\n", "", "\n"])
    func `one that another version wrote has a right sum, and counts for nothing`(lines: String) {
        #expect(Record(parsing: Array("\(lines)sum \(Digest.of(Array(lines.utf8)))\n".utf8)) == nil)
    }

    @Test(arguments: [
        "image v1 ID 0 good a", "image ID sha256: 0 good a", "image ID sha256:../../mine 0 good a", "image ID sha256:12 0 good a",
        "image ID ID -1 good a", "image ID ID 9223372036854775807 good a", "image ID ID 0 good A B", "tried ID ID 0 good a",
        "tried ID ID 0 good a /", "tried ID ID 0 good A b", "tried ID ID 2147483648 good a b", "root 1 1 /", "root -1 1 a",
        "root 1 9223372036854775807 a",
    ])
    func `nor does one with an id or a reference that is none, or a number that is none of ours`(line: String) {
        let lines = "docker-btrfs record 1\n\(line.replacing("ID", with: "\(ImageID.named("v1"))"))\n"
        #expect(Record(parsing: Array("\(lines)sum \(Digest.of(Array(lines.utf8)))\n".utf8)) == nil)
    }

    @Test func `counting ends at what a record can have`() throws {
        let lines =
            "docker-btrfs record 1\nimage \(ImageID.named("v1")) \(ChainID.named("chain-v1")) 2147483647 new a\nroot 1 2147483647 a\n"
        let record = try #require(Record(parsing: Array("\(lines)sum \(Digest.of(Array(lines.utf8)))\n".utf8)))
        #expect(
            Record(parsing: Array(record.trying(mark("v1", 1), of: "a").text.utf8))?.tries(ofImage: .named("v1"), under: "a")
                == 2_147_483_647)
    }

    @Test func `every start counts, for the image and for the root, under its name`() {
        #expect(record.tries(ofImage: .named("v2"), under: "a name") == 1)
        #expect(record.tries(ofImage: .named("v2"), under: "layers/other") == 1)
        #expect(record.tries(ofImage: .named("v2"), under: "a third") == 0)
        #expect(record.tries(ofRoot: "a name", 2) == 1)
        #expect(record.tries(ofRoot: "layers/other", 3) == 1)
        #expect(record.tries(ofRoot: "layers/other", 2) == 0)
        #expect(record.tries(ofImage: .named("none"), under: "a name") == 0)
    }

    @Test func `a good boot ends the counting, and makes its image the last good one of its name`() {
        let good = record.good(mark("v2", 2), of: "a name")
        #expect(good.tries(ofImage: .named("v2"), under: "a name") == 0)
        #expect(good.tries(ofImage: .named("v2"), under: "layers/other") == 1)
        #expect(good.tries(ofRoot: "a name", 2) == 0)
        #expect(good.tries(ofRoot: "layers/other", 3) == 1)
        #expect(good.lastGood(under: "a name", but: nil)?.id == .named("v2"))
        #expect(good.lastGood(under: "a name", but: .named("v2"))?.id == .named("v1"))
        #expect(good.lastGood(under: "layers/other", but: nil) == nil)
        #expect(record.lastGood(under: "a name", but: nil)?.id == .named("v1"))
        #expect(record.lastGood(under: "a name", but: .named("v1")) == nil)
    }

    @Test func `an image that booted well once stays one that did, however often it is tried`() {
        var record = record
        for _ in 1...5 { record = record.trying(mark("v1", 9), of: "a name") }
        #expect(record.tries(ofImage: .named("v1"), under: "a name") == 5)
        #expect(record.isGood(image: .named("v1"), under: "a name"))
        #expect(record.lastGood(under: "a name", but: nil)?.id == .named("v1"))
    }

    @Test func `it has its chances again after a good boot of what stood in for it, and one that never booted well has not`() {
        var record = record
        for _ in 1...3 { record = record.trying(mark("v1", 9), of: "a name").trying(mark("v3", 9), of: "a name") }
        let good = record.good(mark("v2", 2), of: "a name")
        #expect(good.tries(ofImage: .named("v1"), under: "a name") == 0)
        #expect(good.tries(ofImage: .named("v3"), under: "a name") == 3)
        #expect(record.good(mark("v2", 2), of: "layers/other").tries(ofImage: .named("v1"), under: "a name") == 3)
    }

    /// As version 0.1.0 wrote it.
    private let former = """
        docker-btrfs record 1
        image \(ImageID.named("v1")) \(ChainID.named("chain-v1")) 0 good sample:v1
        image \(ImageID.named("v2")) \(ChainID.named("chain-v2")) 2 new sample:v2
        root 2 1 a name

        """

    @Test func `what a version before wrote counts for each name, until that one has a word of its own`() throws {
        let record = try #require(Record(parsing: Array("\(former)sum \(Digest.of(Array(former.utf8)))\n".utf8)))
        #expect(record.text.hasPrefix(former))
        for name: Path in ["a name", "another"] {
            #expect(record.tries(ofImage: .named("v2"), under: name) == 2)
            #expect(record.lastGood(under: name, but: nil)?.id == .named("v1"))
        }
        let next = record.trying(mark("v2", 3), of: "a name").good(mark("v1", 4), of: "a name")
        #expect(next.tries(ofImage: .named("v2"), under: "a name") == 3)
        #expect(next.tries(ofImage: .named("v2"), under: "another") == 2)
        #expect(next.lastGoodLayers == [.named("chain-v1"), .named("chain-v1")])
        #expect(Record(parsing: Array(next.text.utf8)) == next)
    }

    @Test func `it is the only name's where there is one`() throws {
        let record = try #require(Record(parsing: Array("\(former)sum \(Digest.of(Array(former.utf8)))\n".utf8)))
        let adopted = record.trying(mark("v2", 3), of: "a name").adopted(by: "a name")
        #expect(adopted.images.map { $0.name } == ["a name", "a name"])
        #expect(adopted.tries(ofImage: .named("v2"), under: "a name") == 3)
        #expect(adopted.lastGood(under: "another", but: nil) == nil)
    }

    @Test func `roots that are gone are forgotten, those of other names are not`() {
        let record = record.trying(mark("v2", 4), of: "a name").forgetting(rootsOf: "a name", but: [4])
        #expect(record.roots.map { "\($0.number) \($0.name)" } == ["3 /layers/other", "4 /a name"])
    }

    @Test func `more than 32 images are not remembered`() {
        var record = Record()
        for number in 1...40 { record = record.trying(mark("v\(number)", number), of: "a").forgetting(rootsOf: "a", but: [number]) }
        #expect(record.images.map { $0.id } == (9...40).map { .named("v\($0)") })
        #expect(record.roots.count == 1)
        #expect(Record(parsing: Array(record.text.utf8)) == record)
        var good = Record().good(mark("v0", 1), of: "a").good(mark("v1", 1), of: "a")
        for number in 2...40 { good = good.trying(mark("v\(number)", number), of: "a") }
        #expect(good.images.map { $0.id } == ([1] + (10...40)).map { .named("v\($0)") }, "the last good one is what boots go back to")
    }

    @Test func `a good boot is marked on the root, and in the record`() {
        let plan = Plan(markingGood: mark("v2", 2), of: "a name", given: record)
        let content = record.good(mark("v2", 2), of: "a name").text
        #expect(plan.steps == [.markGood("a name"), .replaceFile(".docker-btrfs/record", content: content)])
        // A kept root that is booted by its path, and a record that the next boot is to tell of.
        #expect(Plan(markingGood: mark("v2", 2), of: Layout.kept("a name", 2), given: record).steps.count == 1)
        #expect(Plan(markingGood: mark("v2", 2), of: "a name", given: nil).steps == [.markGood("a name")])
    }

    @Test func `the last good image stays the last good one while another is tried`() {
        let good = Record().good(mark("v1", 1), of: "a").good(mark("v2", 2), of: "a")
        let tried = good.trying(mark("v1", 3), of: "a").trying(mark("v1", 4), of: "a")
        #expect(tried.lastGood(under: "a", but: nil)?.id == .named("v2"))
        #expect(tried.lastGoodLayers == [.named("chain-v2")])
        #expect(tried.tries(ofImage: .named("v1"), under: "a") == 2)
        #expect(tried.good(mark("v1", 4), of: "a").lastGoodLayers == [.named("chain-v1")])
    }

    @Test func `an image that is asked for again has its chances`() {
        let tried = Record().trying(mark("v1", 1), of: "a").trying(mark("v1", 2), of: "b").trying(mark("v2", 3), of: "a")
        let given = tried.givingChances(to: .named("v1"), under: "a")
        #expect(given.tries(ofImage: .named("v1"), under: "a") == 0)
        #expect(given.tries(ofImage: .named("v1"), under: "b") == 1)
        #expect(given.tries(ofImage: .named("v2"), under: "a") == 1)
    }
}
