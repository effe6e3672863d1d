import Basics
import Testing

struct DisplayTests {
    @Test(arguments: [
        ("a\nb\u{1b}[2J\u{7f}", #"a\x0ab\x1b[2J\x7f"#), ("\0\t\r", #"\x00\x09\x0d"#),
        ("\u{80}\u{9b}2J\u{9f}", #"\xc2\x80\xc2\x9b2J\xc2\x9f"#), ("a\u{ad}b", #"a\xc2\xadb"#),
        ("\u{202a}\u{202e}gpj.exe", #"\xe2\x80\xaa\xe2\x80\xaegpj.exe"#), ("\u{2066}\u{2069}", #"\xe2\x81\xa6\xe2\x81\xa9"#),
        ("\u{200e}\u{200f}\u{61c}", #"\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c"#), ("\u{feff}{}", #"\xef\xbb\xbf{}"#),
        ("a\u{2028}b\u{2029}", #"a\xe2\x80\xa8b\xe2\x80\xa9"#), ("\u{e0041}", #"\xf3\xa0\x81\x81"#), ("\u{200b}", #"\xe2\x80\x8b"#),
    ])
    func `what a terminal obeys, and what nobody sees, is escaped`(text: String, shown: String) {
        #expect(display(text.utf8) == shown)
        #expect(display(shown.utf8) == shown, "what is safe stays as it is")
        #expect(Failure("could not use '\(text)'").message == "could not use '\(shown)'")
    }

    @Test(arguments: ["Größe – ok", "日本語", "العربية", "שלום", "\u{a0}\u{a1}", "é", "e\u{301}", "🦊", #"\x1b"#, "\u{2027}\u{202f}\u{2070}"])
    func `letters of every script stay as they are`(text: String) {
        #expect(display(text.utf8).utf8.elementsEqual(text.utf8))
    }

    @Test func `bytes that are no UTF-8 are shown as such, those of control characters too`() {
        #expect(display([0xc3]) == "\u{fffd}")
        #expect(display([0x9b, 0x32, 0x4a]) == "\u{fffd}2J")
        #expect(display([0xc2, 0x41, 0xe2, 0x80]) == "\u{fffd}A\u{fffd}")
    }

    @Test func `every single character is safe afterwards`() {
        for number in UInt32(0)...0x2ffff {
            guard let scalar = Unicode.Scalar(number) else { continue }
            let shown = display(String(scalar).utf8).unicodeScalars
            // Swift's tables, which the program in the initramfs has not got.
            let isUnsafe = shown.contains { [.control, .lineSeparator, .paragraphSeparator].contains($0.properties.generalCategory) }
            #expect(!isUnsafe && !shown.contains { $0.properties.isBidiControl }, "U+\(String(number, radix: 16))")
        }
    }
}
