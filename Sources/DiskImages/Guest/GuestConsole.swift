internal import Basics

/// What a machine writes to its serial port, line by line.
struct GuestConsole {
    /// The last of them: a guest may write without end.
    private(set) var lines: [String] = []
    /// The first line with each of the sentences, and the first that failed.
    private var reasons: [String?] = sentences.map { _ in nil }
    private var failed: [String] = []
    private static let most = 500
    /// Whether the machine comes no further by itself.
    private(set) var isOver = false
    private var line: [UInt8] = []
    private var isEscape = false
    /// Of a line, in bytes.
    private static let longest = 1 << 12

    /// In which a machine says that it comes no further.
    private static let ends = [
        "Kernel panic - not syncing", "You are in emergency mode", "Entering emergency mode", "Cannot open access to console",
        "This machine could not be booted.", "grub rescue>", "(initramfs)",
    ]
    /// In which it says why, the best sentence first.
    private static let sentences = [
        "What happened:", "docker-btrfs-init: could not", "docker-btrfs: could not", "Kernel panic - not syncing",
    ]
    /// The same in systemd's words: only some of them together tell what a mount waited for.
    private static let failures = ["Failed to mount", "Timed out waiting for device", "Dependency failed for", "[FAILED]"]

    /// Returns the lines that ended.
    @discardableResult
    mutating func take(_ bytes: [UInt8]) -> [String] {
        var ended: [String] = []
        for byte in bytes {
            switch byte {
            case 0x1b: isEscape = true
            case 0x0a, 0x0d:
                isEscape = false
                end(&ended)
            case _ where isEscape: isEscape = !isLetter(byte)
            default:
                // A guest may never end its line.
                if line.count == Self.longest { end(&ended) }
                line.append(byte)
            }
        }
        check(display(line))
        return ended
    }

    private mutating func end(_ ended: inout [String]) {
        let text = display(line).trimmingSpaces
        line = []
        check(text)
        if text.isEmpty || text == lines.last { return }
        lines.append(text)
        ended.append(text)
        if lines.count == 2 * Self.most { lines.removeFirst(Self.most) }
        for (index, words) in Self.sentences.enumerated() where reasons[index] == nil && text.contains(words) { reasons[index] = text }
        if failed.count < 3, Self.failures.contains(where: { text.contains($0) }) { failed.append(text) }
    }

    private mutating func check(_ text: String) {
        isOver = isOver || Self.ends.contains { text.contains($0) }
    }

    /// What the boot says that was wrong; nil where it says nothing.
    var reason: String? {
        reasons.compactMap { $0 }.first ?? (failed.isEmpty ? nil : failed.joined(separator: "; "))
    }
}

private func isLetter(_ byte: UInt8) -> Bool { (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20) }

extension String {
    fileprivate var trimmingSpaces: String {
        var text = Substring(self)
        while text.first == " " { text.removeFirst() }
        while text.last == " " { text.removeLast() }
        return String(text)
    }
}
