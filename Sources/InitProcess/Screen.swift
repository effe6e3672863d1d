public import Basics
internal import CLinux

/// What a person sees of a boot that failed.
public struct Screen: Equatable, Sendable {
    /// What comes after it.
    public enum End: Equatable, Sendable {
        case shell
        /// In so many seconds.
        case restart(Int)
        case nothing
    }

    public let failure: Failure
    /// The kernel's, where /proc tells it.
    public let commandLine: String?
    public let end: End

    public init(_ failure: Failure, commandLine: String?, end: End) {
        self.failure = failure
        self.commandLine = commandLine
        self.end = end
    }

    public var text: String {
        """

        ================================================================================
        This machine could not be booted.

          What happened:  \(failure.message)
          What to do:     \(failure.hint ?? Self.usualHint)
          Kernel options: \(commandLine ?? "unknown, for /proc could not be read")

        \(endText)
        ================================================================================

        """
    }

    private static let usualHint =
        "see the kernel's messages above; the boot menu lets you change the kernel options, or boot another entry"

    private var endText: String {
        switch end {
        case .shell: "Here is a shell. 'exit' tries to boot again, 'reboot -f' restarts the machine."
        case .restart(0): "The machine restarts now (panic=)."
        case .restart(let seconds): "The machine restarts in \(seconds) s (panic=)."
        case .nothing: "The machine waits. Ctrl-Alt-Del restarts it; panic=SECONDS would do that by itself."
        }
    }
}

extension Screen.End {
    /// What comes after a boot that failed: a machine that is told to restart by itself has nobody to use a shell. `panic` is
    /// the kernel's own value: seconds, below 0 at once, 0 not at all.
    public init(panic: Int, hasShell: Bool) {
        self = panic != 0 ? .restart(max(0, panic)) : hasShell ? .shell : .nothing
    }
}
