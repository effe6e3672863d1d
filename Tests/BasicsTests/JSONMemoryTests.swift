import Basics
import Foundation
import Testing

/// Documents that would take more memory than a machine has that is about to boot.
struct JSONMemoryTests {
    @Test(arguments: ["{},", "[],", "1,", "\"\",", "[[{}]],"])
    func `a document of very many values is refused before it is parsed`(piece: String) {
        let text = "[" + String(repeating: piece, count: 400_000) + "1]"
        let failure = #expect(throws: Failure.self) { try JSON(parsing: Array(text.utf8), name: "/x.json") }
        #expect(failure?.message == "could not read '/x.json': it has more values than such a file ever has")
    }

    @Test(arguments: [
        #"{"\#(String(repeating: "b", count: 300_000))":1}"#, #"{"a":"\#(String(repeating: "\\u0041", count: 50_000))"}"#,
        #"["\#(String(repeating: #"\""#, count: 200_000))"]"#,
    ])
    func `one of a text that nobody writes is too`(text: String) {
        let failure = #expect(throws: Failure.self) { try JSON(parsing: Array(text.utf8), name: "/x.json") }
        #expect(failure?.message == "could not read '/x.json': it has a text of more than 256 KiB")
    }

    @Test func `and one of many texts`() throws {
        let text = "[" + Array(repeating: #""\#(String(repeating: "b", count: 200_000))""#, count: 30).joined(separator: ",") + "]"
        let failure = #expect(throws: Failure.self) { try JSON(parsing: Array(text.utf8), name: "/x.json") }
        #expect(failure?.message == "could not read '/x.json': it has more values than such a file ever has")
        #expect(try JSON(parsing: Array(#"["\#(String(repeating: "b", count: 200_000))"]"#.utf8), name: "/x.json").elements?.count == 1)
    }

    @Test func `the names of five thousand images are read`() throws {
        let digest = String(repeating: "a", count: 64)
        let repositories = (0..<5000).map { number in
            let name = "registry.example.com/some/team/image\(number)"
            return
                #""\#(name)":{"\#(name):1":"sha256:\#(digest)","\#(name):2":"sha256:\#(digest)","\#(name)@sha256:\#(digest)":"sha256:\#(digest)"}"#
        }
        let text = #"{"Repositories":{\#(repositories.joined(separator: ","))}}"#
        #expect(try JSON(parsing: Array(text.utf8), name: "/x.json")["Repositories"]?.members?.count == 5000)
    }

    @Test func `a file without data is not read`() throws {
        let file = URL(filePath: "/dev/shm/docker-btrfs-tests-\(UUID().uuidString)")
        try Data().write(to: file)
        defer { try? FileManager.default.removeItem(at: file) }
        #expect(truncate(file.path, 1 << 40) == 0)
        let failure = #expect(throws: Failure.self) { try fileContents(file.path, limit: 1 << 20) }
        #expect(failure?.message == "could not read '\(file.path)': it is larger than 1048576 bytes")
    }

    private func elements(_ text: String) throws -> [String] {
        var found: [String] = []
        try JSON.forEachElement(of: Array(text.utf8), name: "/x.json") { (json) throws(Failure) in
            found.append(json["a"]?.string ?? json.elements.map { "\($0.count)" } ?? "-")
        }
        return found
    }

    @Test(arguments: [
        ("[]", []), (" [ ] \n", []), (#"[{"a":"x"}]"#, ["x"]), (#" [ {"a":"]},{\""} , [1,[2],"[,"] ,{} ] "#, ["]},{\"", "3", "-"]),
    ])
    func `the elements of an array are handed out one by one`(text: String, expected: [String]) throws {
        #expect(try elements(text) == expected)
    }

    @Test(arguments: [
        "", " ", "{}", "[", "[{}", "[{},", "[{},]", "[,{}]", "[{}]]", "[{}] x", "[{]}]", "[1]", #"["a"]"#, #"[{"a":"x}]"#, #"[{"a":"\"#,
    ])
    func `what is no array of objects is refused`(text: String) {
        #expect(throws: Failure.self) { try elements(text) }
    }
}
