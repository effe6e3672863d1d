import ArgumentParser
import Basics
import CLinux
import Glibc
import Programs

/// Tells something beside the answer, on standard error.
func tell(note: String) { tell("note: \(note)") }

func tell(_ text: String) {
    // It may have text from outside. Of its control characters only the line breaks stay.
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { display($0.utf8) }
    let line = Array("\(lines.joined(separator: "\n"))\n".utf8)
    // Where both go to one place, what was printed before comes before.
    fflush(nil)
    _ = linux_write_all(STDERR_FILENO, line, line.count)
}

/// Each line is written at once: other programs write to the same terminal.
func show(_ line: String) {
    print(display(line.utf8))
    fflush(nil)
}

/// Fails where not all that was printed could be written, as to a file on a full disk. A closed standard output is no failure, and where
/// nobody reads it any more, this ends the program as SIGPIPE does.
func checkOutput() throws(Failure) {
    let isWritten = fflush(nil) == 0 && !linux_output_failed()
    if !isWritten && fcntl(STDOUT_FILENO, F_GETFD) >= 0 {
        var output = pollfd(fd: STDOUT_FILENO, events: 0, revents: 0)
        let hasNoReader = poll(&output, 1, 0) > 0 && Int32(output.revents) & POLLERR != 0
        if hasNoReader && !linux_is_ignored(SIGPIPE) { Interruption.end(by: SIGPIPE) }
        throw Failure("could not write all that was to be said to the standard output", hint: "what was to be done is done")
    }
}

/// Tells why something could not be looked at, other programs by `line`. The status is 2: that of what was looked at and is bad is 1.
func unjudged(_ failure: Failure, _ line: String?) -> ExitCode {
    if let line { print(line) }
    tell(DockerBtrfs.fullMessage(for: Complaint(failure)))
    return ExitCode(2)
}

/// Runs `body`, and hands it a function that shows its progress: in one line, on a terminal only, which is gone when `body` ends.
func showingProgress<Result>(_ body: (@escaping (String) -> Void) throws(Failure) -> Result) throws(Failure) -> Result {
    var isShown = false
    defer { if isShown { showProgress("") } }
    return try body { line in
        showProgress(line)
        isShown = true
    }
}

/// The same line, on a terminal only, and no longer than that is wide; an empty one takes it away.
func showProgress(_ line: String) {
    let kind = getenv("TERM").map { String(cString: $0) } ?? ""
    if isatty(STDERR_FILENO) != 1 || kind.isEmpty || kind == "dumb" { return }
    let width = linux_terminal_width(STDERR_FILENO)
    let shown = display(line.utf8).prefix(width > 1 ? Int(width) - 1 : .max)
    let text = Array("\r\u{1B}[K\(shown)".utf8)
    _ = linux_write_all(STDERR_FILENO, text, text.count)
}

/// For people, or for other programs.
enum OutputFormat: String, ExpressibleByArgument, CaseIterable { case text, json }
