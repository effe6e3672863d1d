import Basics

/// What a parser did against its rules.
struct Violation: Error, CustomStringConvertible {
    let description: String
}

func expect(_ condition: Bool, _ rule: @autoclosure () -> String) throws(Violation) {
    if !condition { throw Violation(description: "not so: " + rule()) }
}

/// What `parse` gives; nil where it refuses the input, in words that can be printed.
func parsed<Value>(_ parse: () throws(Failure) -> Value?) throws(Violation) -> Value? {
    do throws(Failure) {
        return try parse()
    } catch {
        try expectPrintable(error)
        return nil
    }
}

func expectPrintable(_ failure: Failure) throws(Violation) {
    try expectPrintable(failure.message)
    try expectPrintable(failure.hint ?? "none")
    try expect(!failure.message.isEmpty, "a failure has a message")
}

/// Control characters from outside could change what the console shows.
func expectPrintable(_ text: String) throws(Violation) {
    try expect(text.utf8.allSatisfy { $0 >= 0x20 && $0 != 0x7f }, "no control character is printed: \(text.debugDescription)")
}

/// A path never leads up, and has one form only.
func expectSound(_ path: Path, _ what: String) throws(Violation) {
    try expect(Path(path.bytes) == path, "\(what) is a path in its one form: \(path)")
    try expect(!path.components.contains { $0.elementsEqual("..".utf8) || $0.contains(0) }, "\(what) does not lead up: \(path)")
}
