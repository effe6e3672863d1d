internal import CLinux

/// A value of a JSON document, read or written by jansson.
public struct JSON {
    /// Keeps the document alive for as long as one of its values is.
    private final class Document {
        let root: UnsafeMutablePointer<json_t>
        init(owning root: UnsafeMutablePointer<json_t>) { self.root = root }
        deinit { json_decref(root) }
    }

    private let document: Document
    private let value: UnsafeMutablePointer<json_t>

    private init(_ document: Document, _ value: UnsafeMutablePointer<json_t>) {
        self.document = document
        self.value = value
    }

    /// Fails with the parser's reason and the line, and on a document that would take too much memory; `name` is what the message
    /// calls the document.
    public init(parsing bytes: [UInt8], name: String) throws(Failure) {
        try JSONWeight.check(bytes, name: name)
        var error = json_error_t()
        let root = bytes.withUnsafeBufferPointer { buffer in
            buffer.withMemoryRebound(to: CChar.self) { json_loadb($0.baseAddress, $0.count, 0, &error) }
        }
        guard let root else {
            let reason = withUnsafeBytes(of: error.text) { display($0.prefix { $0 != 0 }) }
            throw Failure("could not read '\(name)': it is not JSON: line \(error.line): \(reason)")
        }
        self.init(Document(owning: root), root)
    }

    /// A member of an object; nil where it has none of that name or is no object.
    public subscript(key: String) -> JSON? {
        json_object_get(value, key).map { JSON(document, $0) }
    }

    /// The text of a string; nil for any other value.
    public var string: String? {
        json_string_value(value).map { String(cString: $0) }
    }

    /// The number of an integer; nil for any other value.
    public var integer: Int? {
        value.pointee.type == JSON_INTEGER ? Int(json_integer_value(value)) : nil
    }

    /// Whether it is the value `true`.
    public var isTrue: Bool { value.pointee.type == JSON_TRUE }

    /// The elements of an array; nil for any other value.
    public var elements: [JSON]? {
        guard value.pointee.type == JSON_ARRAY else { return nil }
        return (0..<json_array_size(value)).compactMap { index in
            json_array_get(value, index).map { JSON(document, $0) }
        }
    }

    /// The members of an object, in the document's order; nil for any other value.
    public var members: [(key: String, value: JSON)]? {
        guard value.pointee.type == JSON_OBJECT else { return nil }
        var members: [(key: String, value: JSON)] = []
        var next = json_object_iter(value)
        while let member = next {
            if let key = json_object_iter_key(member), let found = json_object_iter_value(member) {
                members.append((String(cString: key), JSON(document, found)))
            }
            next = json_object_iter_next(value, member)
        }
        return members
    }
}

/// A JSON document to write.
public indirect enum JSONOutput: Sendable {
    case string(String)
    case integer(Int)
    case boolean(Bool)
    case null
    case array([JSONOutput])
    /// Members in this order.
    case object([(String, JSONOutput)])

    /// The document, indented by two spaces, with a newline at its end.
    public var text: String { dumped(2) + "\n" }

    /// The document in one line, without a newline at its end.
    public var line: String { dumped(0) }

    private func dumped(_ flags: Int) -> String {
        let root = built()
        defer { json_decref(root) }
        guard let dumped = json_dumps(root, flags) else { return "" }
        defer { free(dumped) }
        return Self.printable(String(cString: dumped))
    }

    /// jansson escapes what JSON asks for; a terminal obeys more characters, and names in the document come from outside. What is below
    /// U+0020 is between values.
    private static func printable(_ text: String) -> String {
        if text.unicodeScalars.allSatisfy({ $0.value < 0x20 || isSafe($0.value) }) { return text }
        var escaped = ""
        for scalar in text.unicodeScalars {
            if scalar.value < 0x20 || isSafe(scalar.value) {
                escaped.unicodeScalars.append(scalar)
            } else {
                for unit in scalar.utf16 {
                    escaped += "\\u" + hexadecimal([UInt8(truncatingIfNeeded: unit >> 8), UInt8(truncatingIfNeeded: unit)])
                }
            }
        }
        return escaped
    }

    private func built() -> UnsafeMutablePointer<json_t>? {
        switch self {
        case .string(let text): return json_string(text)
        case .integer(let number): return json_integer(json_int_t(number))
        case .boolean(let value): return value ? json_true() : json_false()
        case .null: return json_null()
        case .array(let elements):
            let array = json_array()
            for element in elements { json_array_append_new(array, element.built()) }
            return array
        case .object(let members):
            let object = json_object()
            for (key, value) in members { json_object_set_new(object, key, value.built()) }
            return object
        }
    }
}
