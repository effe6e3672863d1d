import Basics
import Testing

struct TextTests {
    @Test func `a prefix is one of bytes, whatever follows it`() {
        #expect("subvol=\u{301}a".after("subvol=") == "\u{301}a")
        #expect("subvol=a".after("subvolid=") == nil)
        #expect("".after("") == "")
        #expect("x=\u{301}".begins(with: "x="))
        #expect("a.conf".ends(with: ".conf") && !"conf".ends(with: ".conf"))
    }

    @Test func `parts are those of split`() {
        #expect(",a,,b,\u{301}c".parts(at: ",") == ["a", "b", "\u{301}c"])
        #expect("--key=a=b".parts(at: "=", maxSplits: 1, omittingEmpty: false) == ["--key", "a=b"])
        #expect("".parts(at: "=", omittingEmpty: false) == [""])
    }

    @Test func `numbers come in their order, also those below zero`() {
        let numbers = [3, -1, .max, 0, .min, 256, 255, -256]
        #expect(numbers.sortedByNumbers { [$0] } == numbers.sorted())
        #expect([(1, 2), (0, 9), (1, 1)].sortedByNumbers { [$0.0, $0.1] }.map(\.1) == [9, 1, 2])
    }

    @Test func `the order is that of bytes, and what is equal stays in order`() {
        #expect(["b", "ä", "", "a1", "a"].sortedByBytes { $0.utf8 } == ["", "a", "a1", "b", "ä"])
        #expect([(1, "x"), (2, "x"), (3, "w")].sortedByBytes { $0.1.utf8 }.map(\.0) == [3, 1, 2])
    }
}
