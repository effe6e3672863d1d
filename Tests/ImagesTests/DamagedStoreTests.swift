import Basics
import Fixtures
import Foundation
import Images
import Testing

/// Numbers that are the same in each run (splitmix64).
private struct Numbers: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var value = (state ^ state >> 30) &* 0xbf58_476d_1ce4_e5b9
        value = (value ^ value >> 27) &* 0x94d0_49bb_1331_11eb
        return value ^ value >> 31
    }
}

/// Every store with one thing wrong: the answer is the right one or a refusal, and it comes.
struct DamagedStoreTests {
    private let fixture = Fixture()

    /// What is asked of a fixture, with the right answers.
    private func rows(of name: Fixture.Name) throws -> [(row: Expectation, tree: ImageTree)] {
        let rows = try Expectation.all().filter { $0.fixture == name && !$0.answer.hasPrefix("REFUSE") }
        return try rows.prefix(4).map { ($0, try fixture.stores($0.choice).image($0.reference).image.tree) }
    }

    /// Asks for each image. Returns how many were found.
    private func check(_ rows: [(row: Expectation, tree: ImageTree)], _ damage: String) throws -> Int {
        var found = 0
        for (row, tree) in rows {
            do {
                guard let stores = try ImageStores(in: fixture.directory(), at: .top, row.choice) else { continue }
                let image = try stores.image(row.reference).image
                #expect(image.tree == tree, "\(row.reference) after \(damage)")
                found += 1
            } catch let failure as Failure {
                #expect(!failure.message.isEmpty)
            }
        }
        return found
    }

    @Test(arguments: Fixture.Name.allCases)
    func `a thousand flipped bits`(name: Fixture.Name) throws {
        try fixture.unpack(name)
        let rows = try rows(of: name)
        let files = try fixture.files()
        var numbers = Numbers(state: 1)
        var found = 0
        for _ in 0..<1000 {
            let file = try #require(files.randomElement(using: &numbers))
            let content = try fixture.bytes(of: file)
            var damaged = content
            let place = Int.random(in: 0..<content.count, using: &numbers)
            damaged[damaged.startIndex + place] ^= 1 << UInt8.random(in: 0..<8, using: &numbers)
            try fixture.write(damaged, to: file)
            let row = try #require(rows.randomElement(using: &numbers))
            found += try check([row], "\(file) at \(place)")
            try fixture.write(content, to: file)
        }
        // Most files are of other images.
        #expect(found > 0 && found < 1000)
    }

    @Test(arguments: Fixture.Name.allCases)
    func `files that are cut short, empty or another's`(name: Fixture.Name) throws {
        try fixture.unpack(name)
        let rows = try rows(of: name)
        let files = try fixture.files()
        var numbers = Numbers(state: 2)
        for file in files.shuffled(using: &numbers).prefix(30) {
            let content = try fixture.bytes(of: file)
            for part in [0, 1, content.count / 2, content.count - 1, Int.random(in: 0..<content.count, using: &numbers)] {
                try fixture.write(content.prefix(part), to: file)
                _ = try check(rows, "\(file) cut to \(part)")
            }
            let other = try #require(files.filter { $0 != file }.randomElement(using: &numbers))
            // Nothing tells one layer's folder from another's.
            if !file.hasSuffix("-id") || !other.hasSuffix("-id") {
                try fixture.write(fixture.bytes(of: other), to: file)
                _ = try check(rows, "\(file) has the content of \(other)")
            }
            try fixture.write(content, to: file)
        }
        #expect(try check(rows, "nothing") == rows.count)
    }

    @Test func `pages that lead to themselves, to others and to nowhere`() throws {
        try fixture.unpack(.containerdBtrfs)
        let rows = try rows(of: .containerdBtrfs)
        let file = "io.containerd.metadata.v1.bolt/meta.db"
        let content = [UInt8](try fixture.bytes(of: file))
        var branches = 0
        for page in stride(from: 0, to: content.count, by: 4096) where content[page + 8] == 1 {
            branches += 1
            let number = UInt8(truncatingIfNeeded: page / 4096)
            for element in 0..<Int(content[page + 10]) {
                for target in [number, 0, 1, 2, content[page + 24] ^ 1, 0xff] {
                    var damaged = content
                    damaged[page + 16 + 16 * element + 8] = target
                    try fixture.write(Data(damaged), to: file)
                    _ = try check(rows, "page \(number) leads to \(target)")
                    if target != number { continue }
                    #expect(throws: Failure.self) { try fixture.stores(rows[rows.count - 1].row.choice).listing() }
                }
            }
        }
        #expect(branches > 0)
    }
}
