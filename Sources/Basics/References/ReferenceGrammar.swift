// The grammar of distribution/reference (reference.go, regexp.go), over bytes.

/// Why a text is not an image's name, as the end of a sentence.
struct GrammarError: Error {
    let reason: String

    init(_ reason: String) {
        self.reason = reason
    }
}

/// `path := component ['/' component]*`, at most 255 bytes.
func checkPath(_ path: [UInt8]) throws(GrammarError) {
    if path.contains(where: isUpper) { throw GrammarError("the repository's name must be lower-case") }
    if path.count > 255 { throw GrammarError("the repository's name is longer than 255 bytes") }
    for component in path.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false) where !isPathComponent(Array(component)) {
        throw GrammarError(component.isEmpty ? "a part of the name is empty" : "'\(display(component))' is not a part of a name")
    }
}

/// `component := [a-z0-9]+ [separator [a-z0-9]+]*`, `separator := '.' | '_' | '__' | '-'+`
private func isPathComponent(_ text: [UInt8]) -> Bool {
    guard let first = text.first, let last = text.last, isLowerAlphanumeric(first), isLowerAlphanumeric(last) else { return false }
    return text.split(whereSeparator: isLowerAlphanumeric).allSatisfy { separator in
        switch separator.first {
        case UInt8(ascii: "."): separator.count == 1
        case UInt8(ascii: "_"): separator.count <= 2 && separator.allSatisfy { $0 == UInt8(ascii: "_") }
        case UInt8(ascii: "-"): separator.allSatisfy { $0 == UInt8(ascii: "-") }
        default: false
        }
    }
}

/// `tag := [A-Za-z0-9_][A-Za-z0-9_.-]{0,127}`
func isTag(_ text: [UInt8]) -> Bool {
    guard let first = text.first, text.count <= 128, isAlphanumeric(first) || first == UInt8(ascii: "_") else { return false }
    return text.allSatisfy { isAlphanumeric($0) || "_.-".utf8.contains($0) }
}

/// `host := (domain-name | '[' IPv6 address ']') [':' port]`
func isHost(_ text: [UInt8]) -> Bool {
    if text.first == UInt8(ascii: "[") {
        let (address, rest) = text.dropFirst().cut(at: UInt8(ascii: "]"))
        guard let rest, !address.isEmpty, address.allSatisfy(isAddressByte) else { return false }
        return rest.isEmpty || rest.first == UInt8(ascii: ":") && isPort(Array(rest.dropFirst()))
    }
    let (name, port) = text.cut(at: UInt8(ascii: ":"))
    return isDomainName(name) && port.map(isPort) ?? true
}

/// `[A-Za-z0-9] | [A-Za-z0-9][A-Za-z0-9-]*[A-Za-z0-9]`, joined by dots
private func isDomainName(_ text: [UInt8]) -> Bool {
    text.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy { part in
        guard let first = part.first, let last = part.last, isAlphanumeric(first), isAlphanumeric(last) else { return false }
        return part.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
    }
}

private func isPort(_ text: [UInt8]) -> Bool {
    !text.isEmpty && text.allSatisfy(isDigit)
}

private func isAddressByte(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: ":") || hexValue(isUpper(byte) ? byte + 32 : byte) != nil
}

func isLowerAlphanumeric(_ byte: UInt8) -> Bool {
    isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
}

func isUpper(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "A")...UInt8(ascii: "Z")).contains(byte)
}

package func isDigit(_ byte: UInt8) -> Bool {
    (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
}

package func isAlphanumeric(_ byte: UInt8) -> Bool {
    isLowerAlphanumeric(byte) || isUpper(byte)
}

extension Collection<UInt8> {
    /// What is before the first such byte, and what is after it; nil for the latter where there is no such byte.
    package func cut(at byte: UInt8) -> (before: [UInt8], after: [UInt8]?) {
        guard let index = firstIndex(of: byte) else { return (Array(self), nil) }
        return (Array(self[..<index]), Array(self[self.index(after: index)...]))
    }
}
