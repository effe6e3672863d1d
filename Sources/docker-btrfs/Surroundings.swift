import ArgumentParser
import Basics
import CLinux
import Glibc
import Initramfs

/// The file of the running program.
func thisProgram() throws(Failure) -> String {
    var path = [CChar](repeating: 0, count: Int(PATH_MAX))
    let count = readlink("/proc/self/exe", &path, path.count)
    if count < 0 { throw .system("read '/proc/self/exe'") }
    return String(decoding: path[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
}

/// docker-btrfs-init in its directory, where a build and a package have both.
func initBesideThisProgram() throws(Failure) -> String {
    try thisProgram().split(separator: "/", omittingEmptySubsequences: false).dropLast().joined(separator: "/") + "/docker-btrfs-init"
}

/// Tells something beside the answer, on standard error.
func tell(note: String) { tell("note: \(note)") }

func tell(_ text: String) {
    // It may have text from outside. Of its control characters only the line breaks stay.
    let lines = text.split(separator: "\n", omittingEmptySubsequences: false).map { display($0.utf8) }
    let line = Array("\(lines.joined(separator: "\n"))\n".utf8)
    _ = linux_write_all(STDERR_FILENO, line, line.count)
}

/// docker-btrfs-init, which goes into what is made.
struct InitProgram: ParsableArguments {
    @Option(
        name: .customLong("init"), help: ArgumentHelp("docker-btrfs-init, if it is not beside this program.", valueName: "file"),
        completion: .file())
    var path: String?

    /// The one that was given; else the one beside this program, or where it is installed.
    func found() throws(Failure) -> String {
        if let path { return path }
        let beside = try initBesideThisProgram()
        return access(beside, F_OK) == 0 ? beside : programPath.description
    }
}

/// Each line is written at once: other programs write to the same terminal.
func show(_ line: String) {
    print(display(line.utf8))
    fflush(nil)
}

/// Fails where not all that was printed could be written, as to a file on a full disk. A closed standard output is no failure.
func checkOutput() throws(Failure) {
    let isWritten = fflush(nil) == 0 && !linux_output_failed()
    if !isWritten && fcntl(STDOUT_FILENO, F_GETFD) >= 0 {
        throw Failure("could not write all that was to be said to the standard output", hint: "what was to be done is done")
    }
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

/// Whether root is kept from mounting, as in a container; false where that cannot be told.
func isConfined() -> Bool {
    let files = ["/proc/self/status", "/proc/self/uid_map"].map { path in
        String(decoding: (try? fileContents(path)) ?? [], as: UTF8.self)
    }
    return isConfined(status: files[0], users: files[1])
}

/// `status` and `users` are the kernel's words for a process: it lacks CAP_SYS_ADMIN, or has it in a user namespace alone.
func isConfined(status: String, users: String) -> Bool {
    let capabilities = status.split(separator: "\n").first { $0.hasPrefix("CapEff:") }
        .flatMap { UInt64($0.split(whereSeparator: \.isWhitespace).last ?? "", radix: 16) }
    let map = users.split(whereSeparator: \.isWhitespace)
    return capabilities.map { $0 & 1 << 21 == 0 } ?? false || !map.isEmpty && map != ["0", "0", "4294967295"]
}
