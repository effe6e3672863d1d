internal import Basics

/// The name that a file has as hostname(5) says, safe to print; nil where it has none. Empty lines and comments may come first.
package func hostname(in file: [UInt8]?) -> String? {
    let lines = (file ?? []).split(separator: UInt8(ascii: "\n")).map { line in
        String(decoding: line, as: UTF8.self).split(whereSeparator: \.isWhitespace).joined(separator: " ")
    }
    return lines.first { !$0.isEmpty && !$0.hasPrefix("#") }.map { display($0.utf8) }
}
