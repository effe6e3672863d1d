internal import CLinux

/// What went wrong, in words for the person in front of the screen.
///
/// `message` is one lower-case sentence: what was not possible, the thing in single ticks, the reason. `hint`, where we know
/// it, says what to do.
public struct Failure: Error, Equatable, Sendable, CustomStringConvertible {
    public let message: String
    public let hint: String?
    /// Whether the message begins with the file that it is about.
    package let isLocated: Bool

    /// What comes from outside may have control characters: they are shown and not sent to the console.
    public init(_ message: String, hint: String? = nil) {
        self.init(message, hint: hint, isLocated: false)
    }

    @inline(never)
    private init(_ message: String, hint: String?, isLocated: Bool) {
        self.message = display(message.utf8)
        self.hint = hint.map { display($0.utf8) }
        self.isLocated = isLocated
    }

    /// The same failure with its place before it, unless it has one: the innermost is the one to name.
    package func located(at place: Path) -> Failure {
        isLocated ? self : Failure("'\(place)': \(message)", hint: hint, isLocated: true)
    }

    /// The message, and the hint on a second line.
    public var description: String {
        guard let hint else { return message }
        return "\(message)\nhint: \(hint)"
    }

    /// The message, and the hint behind it: for who is told it beside something else.
    package var note: String { message + (hint.map { "; \($0)" } ?? "") }

    /// The same failure, with a hint where it had none.
    public func hinting(_ hint: String) -> Failure {
        Failure(message, hint: self.hint ?? hint)
    }

    /// The same failure, with a hint that comes before its own.
    package func hinting(first hint: String) -> Failure {
        Failure(message, hint: hint + (self.hint.map { "; \($0)" } ?? ""))
    }

    /// A failed system call: `could not <what>: <the system's reason>`. Call it before anything else can change errno.
    package static func system(_ what: String, errno code: Int32 = linux_errno(), hint: String? = nil) -> Failure {
        Failure("could not \(what): \(String(cString: strerror(code)))", hint: hint)
    }

    /// A failed system call, by the system's reason alone: for a caller that says what it was.
    package static func reason(_ code: Int32 = linux_errno()) -> Failure {
        Failure(String(cString: strerror(code)))
    }
}
