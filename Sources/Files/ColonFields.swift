/// The fields of each line, as passwd(5), group(5) and shadow(5) have them: between colons. Empty lines are left out, and each other line has
/// at least one field. What is not UTF-8 is repaired.
package func colonFields(_ content: [UInt8]) -> [[String]] {
    content.split(separator: UInt8(ascii: "\n")).map { line in
        line.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
    }
}
