import Glibc

/// What a colour says of a word.
enum Colour: Int {
    case red = 31
    case green = 32
    case yellow = 33
}

/// Whether words are coloured: for a person at a terminal, and not for one who asked for none (https://no-color.org).
struct Colours: Sendable {
    let areOn: Bool

    /// `environment` gives the variables of the process. A terminal without a kind is as poor as a `dumb` one.
    init(isTerminal: Bool, environment: (String) -> String?) {
        let isRefused = environment("NO_COLOR").map { !$0.isEmpty } ?? false
        let kind = environment("TERM") ?? ""
        areOn = isTerminal && !isRefused && !["", "dumb"].contains(kind)
    }

    /// Those of standard output.
    static let current = Colours(isTerminal: isatty(STDOUT_FILENO) == 1) { getenv($0).map { String(cString: $0) } }

    /// `text` has to be safe to print already.
    func paint(_ text: String, _ colour: Colour?) -> String {
        guard areOn, let colour else { return text }
        return "\u{1B}[\(colour.rawValue)m\(text)\u{1B}[0m"
    }
}
