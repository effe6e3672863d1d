internal import Basics

/// A text that begins with a title, after which each line has a key, a space and a value. What is not UTF-8 is repaired.
package struct KeyedLines {
    /// The lines that were not read yet.
    package private(set) var rest: ArraySlice<String>

    /// nil for a text that has another title, or lacks the end of its last line.
    package init?(_ bytes: [UInt8], title: String) {
        let newline = UInt8(ascii: "\n")
        guard bytes.last == newline else { return nil }
        rest = bytes.split(separator: newline).map { String(decoding: $0, as: UTF8.self) }[...]
        guard next(title) == "" else { return nil }
    }

    /// Reads one line: what follows a key in it, which is given with its space. nil where the line has another key, or there is none.
    package mutating func next(_ key: String) -> String? { rest.popFirst()?.after(key) }
}
