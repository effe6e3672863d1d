import Basics
import Testing

struct JSONTests {
    private func parse(_ text: String) throws(Failure) -> JSON {
        try JSON(parsing: Array(text.utf8), name: "/x.json")
    }

    @Test func `members, elements and strings are found, in the document's order`() throws {
        let json = try parse(#"{"z":["1","ü\n"],"a":{"b":"c"},"n":7}"#)
        #expect(json.members?.map(\.key) == ["z", "a", "n"])
        #expect(json["z"]?.elements?.map(\.string) == ["1", "ü\n"])
        #expect(json["a"]?["b"]?.string == "c")
    }

    @Test func `asking a value for what it is not gives nothing`() throws {
        let json = try parse(#"{"n":7,"l":null,"s":"x","a":[]}"#)
        #expect(json["no"] == nil)
        #expect(json.string == nil)
        #expect(json.elements == nil)
        #expect(json["n"]?.string == nil)
        #expect(json["l"]?.string == nil)
        #expect(json["s"]?.members == nil)
        #expect(json["s"]?["x"] == nil)
        #expect(json["a"]?.elements?.isEmpty == true)
        #expect(json["a"]?.members == nil)
    }

    @Test func `a value outlives the document it is from`() throws {
        var json: JSON? = try parse(#"{"a":{"b":["c"]}}"#)
        let value = json?["a"]?["b"]?.elements?.first
        json = nil
        #expect(value?.string == "c")
    }

    @Test(arguments: [
        ("", "line 1: '[' or '{' expected near end of file"),
        ("{\n\n\"a\":}", "line 3: unexpected token near '}'"),
        ("{} x", "line 1: end of file expected near 'x'"),
        ("[\"\u{1}\"]", "line 1: control character 0x1 near '\"'"),
        (#"["\u0000"]"#, #"line 1: \u0000 is not allowed without JSON_ALLOW_NUL near '"\u0000"'"#),
    ])
    func `what is no JSON is refused with the line and the reason`(text: String, reason: String) {
        #expect(throws: Failure("could not read '/x.json': it is not JSON: \(reason)")) { try parse(text) }
    }

    @Test func `a string that is not UTF-8 is refused`() {
        let expected = Failure("could not read '/x.json': it is not JSON: line 1: unable to decode byte 0xff near '\"'")
        #expect(throws: expected) { try JSON(parsing: Array("[\"".utf8) + [0xff] + Array("\"]".utf8), name: "/x.json") }
    }

    @Test func `a written document has its members in order, two spaces, and a newline at its end`() throws {
        let output = JSONOutput.object([
            ("z", .string("a\"\n\u{1b}ü")), ("a", .array([.integer(-7), .null])), ("empty", .object([])),
        ])
        #expect(
            output.text == """
                {
                  "z": "a\\"\\n\\u001Bü",
                  "a": [
                    -7,
                    null
                  ],
                  "empty": {}
                }

                """)
        #expect(try parse(output.text)["z"]?.string == "a\"\n\u{1b}ü")
    }

    @Test func `what a terminal obeys is escaped in a written document`() throws {
        let name = "a\u{9b}31m\u{202e}b\u{e0041}é"
        let output = JSONOutput.array([.string(name)])
        #expect(output.line == #"["a\u009b31m\u202eb\udb40\udc41é"]"#)
        #expect(try parse(output.text).elements?.first?.string == name)
    }
}
