extension JSON {
    /// Hands out the elements of a document that is an array of objects or arrays, each parsed for itself: a list of any length
    /// takes the memory of its text and of one element. Fails as `body` does, and on anything that is no such array.
    public static func forEachElement(
        of bytes: [UInt8], name: String, _ body: (JSON) throws(Failure) -> Void
    ) throws(Failure) {
        var scanner = try ElementScanner(bytes, name: name)
        while let element = try scanner.next() { try body(JSON(parsing: Array(bytes[element]), name: name)) }
    }
}

/// Divides the text of an array where its elements end. What is between the ends is for the parser to judge.
private struct ElementScanner {
    private let bytes: [UInt8]
    private let name: String
    private var place = 0
    private var mayEnd = true

    init(_ bytes: [UInt8], name: String) throws(Failure) {
        self.bytes = bytes
        self.name = name
        skipSpace()
        if byte != UInt8(ascii: "[") { throw Failure("could not read '\(name)': it is not a JSON array") }
        place += 1
    }

    private var byte: UInt8? { place < bytes.count ? bytes[place] : nil }

    /// Where the next element is; nil at the end of the array.
    mutating func next() throws(Failure) -> Range<Int>? {
        skipSpace()
        if mayEnd && byte == UInt8(ascii: "]") {
            place += 1
            skipSpace()
            if byte != nil { throw Failure("could not read '\(name)': it is not JSON: something follows its array") }
            return nil
        }
        let start = place
        skipElement()
        let end = place
        guard let byte else { throw Failure("could not read '\(name)': it is not JSON: its array does not end") }
        mayEnd = byte == UInt8(ascii: "]")
        if !mayEnd { place += 1 }
        return start..<end
    }

    /// Goes to the comma or the bracket after an element.
    private mutating func skipElement() {
        var depth = 0
        while let byte {
            switch byte {
            case UInt8(ascii: "\""): skipText()
            case UInt8(ascii: "{"), UInt8(ascii: "["): depth += 1
            case UInt8(ascii: ",") where depth == 0: return
            case UInt8(ascii: "}"), UInt8(ascii: "]"):
                if depth == 0 { return }
                depth -= 1
            default: break
            }
            place += 1
        }
    }

    /// Goes to the quote that ends a text.
    private mutating func skipText() {
        place += 1
        while let byte, byte != UInt8(ascii: "\"") { place += byte == UInt8(ascii: "\\") ? 2 : 1 }
    }

    private mutating func skipSpace() {
        while let byte, byte == 0x20 || (0x09...0x0d).contains(byte) { place += 1 }
    }
}
