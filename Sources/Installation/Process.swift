internal import Basics
internal import Glibc
internal import Subprocess

/// Runs a program of the system to its end; it reads and writes where this one does. Ctrl-C ends it and not this program,
/// which has to clear up.
func execute(_ command: [String]) async throws(Failure) {
    let interrupts = [SIGINT, SIGTERM, SIGHUP]
    let handlers = interrupts.map { signal($0, SIG_IGN) }
    defer { for (number, handler) in zip(interrupts, handlers) { signal(number, handler) } }
    let status: TerminationStatus
    do {
        status = try await Subprocess.run(
            .name(command[0]),
            arguments: Arguments(Array(command.dropFirst())),
            input: .currentStandardInput,
            output: .currentStandardOutput,
            error: .currentStandardError
        ).terminationStatus
    } catch {
        throw Failure("could not run '\(command[0])': \(error)")
    }
    if !status.isSuccess { throw Failure("'\(command.joined(separator: " "))' failed: \(status.words)") }
}

/// What a program of the system writes.
func output(of command: [String]) async throws(Failure) -> [UInt8] {
    do {
        let result = try await Subprocess.run(
            .name(command[0]),
            arguments: Arguments(Array(command.dropFirst())),
            output: .bytes(limit: 1 << 20),
            error: .currentStandardError
        )
        if result.terminationStatus.isSuccess { return result.standardOutput }
        throw Failure(result.terminationStatus.words)
    } catch {
        throw Failure("could not run '\(command[0])': \(error)")
    }
}

extension TerminationStatus {
    fileprivate var words: String {
        switch self {
        case .exited(let code): "it ended with status \(code)"
        case .signaled(let number): "signal \(number) ended it"
        }
    }
}
