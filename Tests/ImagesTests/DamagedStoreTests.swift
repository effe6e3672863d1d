import Basics
import Fixtures
import Foundation
import Images
import TestSupport
import Testing

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
    func `hundreds of flipped bits`(name: Fixture.Name) throws {
        try fixture.unpack(name)
        let rows = try rows(of: name)
        let files = try fixture.files()
        var numbers = SplitMix(seed: 1)
        var found = 0
        for _ in 0..<300 {
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
        #expect(found > 0 && found < 300)
    }

    /// Lists all images, where that is possible: what can be booted of them is what can be booted of the whole store.
    private func checkListing(_ rows: [(row: Expectation, tree: ImageTree)], _ damage: String) throws {
        do {
            guard let stores = try ImageStores(in: fixture.directory(), at: .top, rows[0].row.choice) else { return }
            for line in try stores.listing().images {
                let row = rows.first { row in line.names.contains { $0 == row.row.reference } }
                guard let row, case .success(let image) = line.image else { continue }
                #expect(image.tree == row.tree, "\(row.row.reference) is listed after \(damage)")
            }
        } catch let failure as Failure {
            #expect(!failure.message.isEmpty)
        }
    }

    @Test(arguments: Fixture.Name.allCases)
    func `files that are cut short, empty, another's or in each other's places`(name: Fixture.Name) throws {
        try fixture.unpack(name)
        let rows = try rows(of: name)
        let files = try fixture.files()
        var numbers = SplitMix(seed: 2)
        // Those that have every name and layer, and some of the others.
        let lists = files.filter { $0.hasSuffix(".db") || $0.hasSuffix("s.json") }
        for file in (lists + files.filter { !lists.contains($0) }.shuffled(using: &numbers)).prefix(30) {
            let content = try fixture.bytes(of: file)
            for part in [0, 1, content.count / 2, content.count - 1, Int.random(in: 0..<content.count, using: &numbers)] {
                try fixture.write(content.prefix(part), to: file)
                _ = try check(rows, "\(file) cut to \(part)")
                if lists.contains(file) { try checkListing(rows, "\(file) cut to \(part)") }
            }
            let other = try #require(files.filter { $0 != file }.randomElement(using: &numbers))
            // Nothing tells one layer's folder from another's.
            if !file.hasSuffix("-id") || !other.hasSuffix("-id") {
                let swapped = try fixture.bytes(of: other)
                try fixture.write(swapped, to: file)
                _ = try check(rows, "\(file) has the content of \(other)")
                try fixture.write(content, to: other)
                _ = try check(rows, "\(file) and \(other) are in each other's places")
                try checkListing(rows, "\(file) and \(other) are in each other's places")
                try fixture.write(swapped, to: other)
            }
            try fixture.write(content, to: file)
        }
        #expect(try check(rows, "nothing") == rows.count)
    }

    /// One that was given up long ago may be.
    @Test(arguments: ["image/btrfs/repositories.json", "containerd/daemon/io.containerd.metadata.v1.bolt/meta.db"])
    func `a store that cannot be read hides no images of another one, and is told of`(file: String) throws {
        try fixture.unpack(.mixed)
        let whole = try fixture.stores().listing()
        #expect(whole.faults.isEmpty && Set(whole.images.map(\.store.word)).count == 2)
        try fixture.write("", to: file)
        let (images, faults) = try fixture.stores().listing()
        #expect(!images.isEmpty && images.count < whole.images.count)
        #expect(faults.map { $0.message.contains("/\(file)'") } == [true], "\(faults)")
        #expect(try !fixture.stores().names().isEmpty)
        try fixture.write("", to: "image/btrfs/repositories.json")
        try fixture.write("", to: "containerd/daemon/io.containerd.metadata.v1.bolt/meta.db")
        #expect(throws: Failure.self) { try fixture.stores().listing() }
    }

    @Test(arguments: [Fixture.Name.containerdBtrfs, .containerdOverlayfs, .mixed])
    func `pages that lead to themselves, to others and to nowhere`(name: Fixture.Name) throws {
        try fixture.unpack(name)
        let rows = try rows(of: name)
        var (branches, buckets) = (0, 0)
        for file in try fixture.files() where file.hasSuffix("/meta.db") || file.hasSuffix("/metadata.db") {
            let content = [UInt8](try fixture.bytes(of: file))
            for pointer in Self.pointers(in: content) {
                let number = UInt8(truncatingIfNeeded: pointer.page)
                for target in [number, 0, 0xff] + (pointer.isBranch ? [1, 2, content[pointer.place] ^ 1] : []) {
                    var damaged = content
                    damaged[pointer.place] = target
                    try fixture.write(Data(damaged), to: file)
                    _ = try check(pointer.isBranch ? rows : Array(rows.prefix(1)), "\(file): page \(number) leads to \(target)")
                    // What is on one of a hundred pages is on none then.
                    if target != number || !pointer.isBranch || !file.hasSuffix("/meta.db") { continue }
                    #expect(throws: Failure.self) { try fixture.stores(rows[rows.count - 1].row.choice).listing() }
                }
                if pointer.isBranch { branches += 1 } else { buckets += 1 }
            }
            try fixture.write(Data(content), to: file)
        }
        #expect(buckets > 0)
        if name == .containerdBtrfs { #expect(branches > 0) }
    }

    @Test(arguments: [0, 1, 2] as [UInt8])
    func `a database that has less pages than its first two, with a right checksum`(pages: UInt8) throws {
        try fixture.unpack(.containerdOverlayfs)
        let rows = try rows(of: .containerdOverlayfs)
        let file = "io.containerd.metadata.v1.bolt/meta.db"
        var content = [UInt8](try fixture.bytes(of: file))
        for meta in [0, 4096] {
            content.replaceSubrange(meta + 56..<meta + 64, with: [pages, 0, 0, 0, 0, 0, 0, 0])
            let sum = content[meta + 16..<meta + 72].reduce(0xcbf2_9ce4_8422_2325) { ($0 ^ UInt64($1)) &* 0x100_0000_01b3 }
            content.replaceSubrange(meta + 72..<meta + 80, with: (0..<8).map { UInt8(truncatingIfNeeded: sum >> (8 * $0)) })
        }
        try fixture.write(Data(content), to: file)
        #expect(try check(rows, "\(file) says that it has \(pages) pages") == 0)
    }

    private struct Pointer {
        let page: Int
        /// Of its lowest byte, in the file.
        let place: Int
        let isBranch: Bool
    }

    /// Where pages of a bbolt file name others: elements of branch pages, and buckets that have a page of their own.
    private static func pointers(in content: [UInt8]) -> [Pointer] {
        func number(_ place: Int) -> Int { (0..<4).reduce(0) { $0 | Int(content[place + $1]) << (8 * $1) } }
        var found: [Pointer] = []
        for start in stride(from: 8192, to: content.count, by: 4096) {
            let count = Int(content[start + 10]) | Int(content[start + 11]) << 8
            for element in (0..<count).map({ start + 16 + 16 * $0 }) {
                if content[start + 8] == 1 { found.append(Pointer(page: start / 4096, place: element + 8, isBranch: true)) }
                if content[start + 8] != 2 || content[element] & 1 == 0 { continue }
                let value = element + number(element + 4) + number(element + 8)
                if number(value) != 0 { found.append(Pointer(page: start / 4096, place: value, isBranch: false)) }
            }
        }
        return found
    }
}
