import Testing

@testable import docker_btrfs

struct ColoursTests {
    @Test(
        arguments: [
            (true, ["TERM": "xterm"], true), (true, ["TERM": "xterm", "NO_COLOR": ""], true),
            (true, ["TERM": "xterm", "NO_COLOR": "1"], false), (true, ["TERM": "xterm", "NO_COLOR": "0"], false),
            (true, ["TERM": "dumb"], false), (true, ["TERM": ""], false), (true, [:], false), (false, ["TERM": "xterm"], false),
        ] as [(Bool, [String: String], Bool)])
    func `for a person at a terminal who did not refuse them`(isTerminal: Bool, environment: [String: String], areOn: Bool) {
        #expect(Colours(isTerminal: isTerminal) { environment[$0] }.areOn == areOn)
    }

    @Test func `a painted cell is as wide as its text, and no cell brings colours of its own`() {
        let rows = [["A", "B", "C"], ["yes", "x", "last"], ["\u{1B}[1mno", "y", "z"]]
        let colour = { (row: Int, column: Int) -> Colour? in column == 0 && row > 0 ? .green : nil }
        let painted = table(rows, Colours(isTerminal: true) { $0 == "TERM" ? "xterm" : nil }, colour)
        #expect(painted.split(separator: "\n")[1].hasPrefix("\u{1B}[32myes\u{1B}[0m "))
        let plain = table(rows, Colours(isTerminal: false) { $0 == "TERM" ? "xterm" : nil }, colour)
        #expect(!plain.utf8.contains(0x1B))
        #expect(plain == painted.replacing("\u{1B}[32m", with: "").replacing("\u{1B}[0m", with: ""))
    }
}
