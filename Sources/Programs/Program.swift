package import Basics
internal import CLinux
internal import Glibc
package import Subprocess
internal import SystemPackage

/// Has programs of the system found too where PATH lacks their folders: Debian's `su` keeps the one of the user.
package func findSystemPrograms() {
    let path = getenv("PATH").map { String(cString: $0) } ?? "/usr/bin:/bin"
    let folders = path.split(separator: ":")
    let missing = ["/usr/local/sbin", "/usr/sbin", "/sbin"].filter { !folders.contains($0[...]) }
    setenv("PATH", ([path] + missing).joined(separator: ":"), 1)
}

/// Whether a program of that name is found by PATH.
package func hasProgram(_ name: String) -> Bool {
    let path = getenv("PATH").map { String(cString: $0) } ?? ""
    return path.split(separator: ":").contains { access("\($0)/\(name)", X_OK) == 0 }
}

/// By its path: for a name, the library starts a process for each folder of PATH until one has the program.
func executable(_ program: String) async throws(SubprocessError) -> Executable {
    if program.contains("/") { return .path(FilePath(program)) }
    return .path(try await Executable.name(program).resolveExecutablePath(in: .inherit))
}

/// What a program that was run to its end left.
package struct ProgramOutcome {
    private let ending: TerminationStatus
    package let output: [UInt8]
    private let errors: [UInt8]

    init(_ ending: TerminationStatus, output: [UInt8], errors: [UInt8]) {
        self.ending = ending
        self.output = output
        self.errors = errors
    }

    /// nil where a signal ended it.
    package var status: Int32? { if case .exited(let code) = ending { code } else { nil } }

    /// nil where none ended it.
    package var signal: Int32? { if case .signaled(let number) = ending { number } else { nil } }

    /// How it ended, in words.
    package var end: String { ending.words }

    /// What it wrote to standard error, as it is shown.
    package var errorLines: [String] { errors.split(separator: UInt8(ascii: "\n")).map { display($0) } }

    /// The line of what it complained of that says that it is an error, else the first one, without the program's path; or how it ended.
    package var complaint: String {
        let lines = errorLines
        // Some tell what they do before that.
        let isError = { (line: String) in ["ERROR: ", "Error: ", "Error response ", "fatal: "].contains { line.hasPrefix($0) } }
        let hasNoRoom = { (line: String) in line.contains("No space left on device") }
        // tar's, which are no errors.
        let isNote = { (line: String) in [": Removing leading ", ": socket ignored", "time stamp "].contains { line.contains($0) } }
        guard let line = lines.first(where: hasNoRoom) ?? lines.first(where: isError) ?? lines.first(where: { !isNote($0) }) ?? lines.first
        else { return end }
        let path = line.hasPrefix("/") ? line.firstRange(of: ": ") : nil
        return String(line[(path?.upperBound ?? line.startIndex)...])
    }

    /// The same; where a signal ended it, that with the program's name.
    package func complaint(of program: String) -> String { signal == nil ? complaint : "\(program): \(end)" }
}

extension TerminationStatus {
    package var words: String {
        switch self {
        case .exited(let code): "it ended with status \(code)"
        case .signaled(let number): "signal \(number) ended it"
        }
    }
}

/// Runs a program of the system on `input`; nil where there is no such program. Fails where it writes more than `limit` bytes.
package func runProgram(_ command: [String], input: [UInt8] = [], limit: Int = 64 << 20) async throws(Failure) -> ProgramOutcome? {
    // A file in memory and no pipe: nobody has to write while the program reads.
    let file = memfd_create("docker-btrfs", UInt32(MFD_CLOEXEC))
    guard file >= 0, linux_write_all(file, input, input.count), lseek(file, 0, SEEK_SET) == 0 else {
        throw .system("hand data to '\(command[0])'")
    }
    defer { close(file) }
    return try await unlessMissing(command[0]) {
        let result = try await Subprocess.run(
            executable(command[0]),
            arguments: Arguments(Array(command.dropFirst())),
            input: .fileDescriptor(FileDescriptor(rawValue: file), closeAfterSpawningProcess: false),
            // Not `bytes(limit:)`, which takes as much memory as the limit says, before anything comes.
            output: .sequence,
            error: .bytes(limit: 1 << 20)
        ) { try await collected($0.standardOutput, of: command[0], limit) }
        return ProgramOutcome(result.terminationStatus, output: result.closureResult, errors: result.standardError)
    }
}

/// Runs a program of the system that writes to an open file; nil where there is no such program. Fails when a signal came.
package func runProgram(_ command: [String], writingTo file: Int32) async throws(Failure) -> ProgramOutcome? {
    return try await unlessMissing(command[0]) {
        let result = try await Subprocess.run(
            executable(command[0]), arguments: Arguments(Array(command.dropFirst())), input: .none,
            output: .fileDescriptor(FileDescriptor(rawValue: file), closeAfterSpawningProcess: false), error: .bytes(limit: 1 << 20))
        try Interruption.check()
        return ProgramOutcome(result.terminationStatus, output: [], errors: result.standardError)
    }
}

/// Runs a program of the system on the terminal; nil where there is no such program. What it complains of is shown there and kept. Fails when
/// a signal came.
package func runShowing(_ command: [String]) async throws(Failure) -> ProgramOutcome? {
    return try await unlessMissing(command[0]) {
        let result = try await Subprocess.run(
            executable(command[0]), arguments: Arguments(Array(command.dropFirst())), input: .currentStandardInput,
            output: .currentStandardOutput, error: .sequence
        ) { execution in
            var errors: [UInt8] = []
            for try await piece in execution.standardError {
                let bytes = piece.withUnsafeBytes { Array($0) }
                _ = linux_write_all(STDERR_FILENO, bytes, bytes.count)
                errors += bytes.prefix(max(0, (1 << 20) - errors.count))
            }
            return errors
        }
        try Interruption.check()
        return ProgramOutcome(result.terminationStatus, output: [], errors: result.closureResult)
    }
}

/// Runs a program of the system that reads what `next` gives, piece by piece, until one is empty; nil where there is no such program. Fails
/// when a signal came.
package func runProgram(
    _ command: [String], reading next: () throws(Failure) -> [UInt8]
) async throws(Failure) -> ProgramOutcome? {
    // What a program does not read any more must not end this one.
    let before = signal(SIGPIPE, SIG_IGN)
    defer { signal(SIGPIPE, before) }
    return try await unlessMissing(command[0]) {
        let result = try await Subprocess.run(
            executable(command[0]), arguments: Arguments(Array(command.dropFirst())), input: .inputWriter, output: .discarded,
            error: .bytes(limit: 1 << 20)
        ) { execution in
            while true {
                let piece = try next()
                if piece.isEmpty { break }
                // A program that reads no more says why.
                do { _ = try await execution.standardInputWriter.write(piece) } catch { break }
            }
            try await execution.standardInputWriter.finish()
        }
        try Interruption.check()
        return ProgramOutcome(result.terminationStatus, output: [], errors: result.standardError)
    }
}

/// nil where there is no such program. A signal that comes is handed on to what `run` has started.
private func unlessMissing(_ program: String, run: () async throws -> ProgramOutcome) async throws(Failure) -> ProgramOutcome? {
    let watch = Interruption.watch()
    defer { watch.cancel() }
    do {
        return try await run()
    } catch let error as SubprocessError where error.code == .executableNotFound {
        return nil
    } catch let error as Failure {
        throw error
    } catch {
        // A signal that came while the program was started is the reason.
        try Interruption.check()
        throw Failure("could not run '\(program)': \(error)")
    }
}

private func collected(_ pieces: SubprocessOutputSequence, of program: String, _ limit: Int) async throws -> [UInt8] {
    var output: [UInt8] = []
    for try await piece in pieces {
        if output.count + piece.count > limit { throw Failure("'\(program)' wrote more than \(limit >> 20) MiB") }
        piece.withUnsafeBytes { output.append(contentsOf: $0) }
    }
    return output
}
