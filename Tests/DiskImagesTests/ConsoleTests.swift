import Testing

@testable import DiskImages

/// What is read of the console of a machine that is rehearsed.
struct ConsoleTests {
    private func console(_ text: String) -> GuestConsole {
        var console = GuestConsole()
        // In pieces, as it comes.
        for piece in text.split(separator: "|", omittingEmptySubsequences: false) { console.take(Array(piece.utf8)) }
        return console
    }

    @Test func `lines are without colours, carriage returns and what is not text`() {
        let console = console("[\u{1B}[0;32m  OK  \u{1B}[0m] Started| a\r\n\r\n\u{1B}[2J\u{1B}[01;01Hsec\u{7}ond\nsec\u{7}ond\nnot ended")
        #expect(console.lines == ["[  OK  ] Started a", "sec\\x07ond"])
        #expect(!console.isOver)
        #expect(console.reason == nil)
    }

    @Test func `a line that does not end takes no more and more memory`() {
        var console = GuestConsole()
        for number in 1...200 { console.take(Array("\(number) ".utf8) + [UInt8](repeating: UInt8(ascii: "x"), count: 1000)) }
        #expect(console.lines.count == 48 && console.lines.allSatisfy { $0.utf8.count <= 4096 })
    }

    @Test func `lines without end take no more and more memory, and no reason is lost`() {
        var console = GuestConsole()
        console.take(Array("What happened: it floods\n".utf8))
        let ended = console.take(Array((1...20_000).map { "line \($0)\n" }.joined().utf8))
        #expect(ended.count == 20_000 && console.lines.count <= 1000 && console.lines.last == "line 20000")
        #expect(console.reason == "What happened: it floods")
    }

    @Test(arguments: [
        (
            "[    2.0] Kernel panic - not syncing: VFS: Unable to mount root fs\n",
            "[    2.0] Kernel panic - not syncing: VFS: Unable to mount root fs"
        ),
        (
            "[DEPEND] Dependency failed for data.mount - /data.\nYou are in emer|gency mode. After logging in, type",
            "[DEPEND] Dependency failed for data.mount - /data."
        ),
        (
            "  What happened:  the image has no init\nThis machine could not be booted.\n[FAILED] Failed to start x\n",
            "What happened:  the image has no init"
        ),
        (
            "docker-btrfs-init: could not find the image 'x'\n[FAILED] Failed to start y\n(initramfs) ",
            "docker-btrfs-init: could not find the image 'x'"
        ),
        ("error: no such device\ngrub rescue> ", nil),
    ]) func `a machine that comes no further says why`(text: String, reason: String?) {
        let console = console(text)
        #expect(console.isOver)
        #expect(console.reason == reason)
    }

    @Test func `of what systemd says, three lines are enough, and a warning of an initramfs is no end`() {
        let console = console((1...5).map { "[FAILED] Failed to mount \($0)\n" }.joined() + "could not do something, and goes on\n")
        #expect(console.reason == "[FAILED] Failed to mount 1; [FAILED] Failed to mount 2; [FAILED] Failed to mount 3")
        #expect(!console.isOver)
    }
}
