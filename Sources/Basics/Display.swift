/// Bytes from outside as text that is safe to print: what is not UTF-8 becomes U+FFFD, and each byte of a character that a terminal
/// obeys, or that is not seen, becomes `\xNN`. What was made safe before stays as it is.
public func display(_ bytes: some Sequence<UInt8>) -> String {
    display(Array(bytes))
}

@inline(never)
public func display(_ bytes: String.UTF8View) -> String {
    display(Array(bytes))
}

@inline(never)
public func display(_ bytes: [UInt8]) -> String {
    // Nearly all: names in a store.
    if bytes.allSatisfy({ (0x20...0x7e).contains($0) }) { return String(decoding: bytes, as: UTF8.self) }
    var shown = ""
    for scalar in String(decoding: bytes, as: UTF8.self).unicodeScalars {
        if isSafe(scalar.value) {
            shown.unicodeScalars.append(scalar)
        } else {
            for byte in String(scalar).utf8 { shown += "\\x" + hexadecimal([byte]) }
        }
    }
    return shown
}

/// Not control characters of both sets, marks that turn the direction of a text round (with which a name may look like another
/// one), separators of lines, or characters without any width: the Unicode categories Cc, Cf, Zl and Zp, as far as a name from
/// outside could do harm with them. Written out, since Embedded Swift has no tables of Unicode.
func isSafe(_ scalar: UInt32) -> Bool {
    switch scalar {
    case 0x00...0x1f, 0x7f...0x9f, 0xad: false
    case 0x061c, 0x180e, 0x200b...0x200f, 0x2028...0x202e, 0x2060...0x206f: false
    case 0xfeff, 0xfff9...0xfffb, 0xe0000...0xe007f: false
    default: true
    }
}

/// The lower-case hexadecimal form of bytes.
public func hexadecimal(_ bytes: some Sequence<UInt8>) -> String {
    hexadecimal(Array(bytes))
}

@inline(never)
public func hexadecimal(_ bytes: [UInt8]) -> String {
    String(decoding: hexDigits(bytes), as: UTF8.self)
}

/// Two lower-case digits for each byte.
func hexDigits(_ bytes: [UInt8]) -> [UInt8] {
    var digits: [UInt8] = []
    digits.reserveCapacity(2 * bytes.count)
    for byte in bytes {
        digits.append(hexDigit(byte >> 4))
        digits.append(hexDigit(byte & 15))
    }
    return digits
}

private func hexDigit(_ value: UInt8) -> UInt8 {
    value < 10 ? UInt8(ascii: "0") + value : UInt8(ascii: "a") + value - 10
}
