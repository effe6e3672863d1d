package import Basics
internal import Subprocess

/// Runs a program of the system to its end; it reads and writes where this one does. `what` could not be done where it fails.
package func execute(_ command: [String], to what: String? = nil) async throws(Failure) {
    let ending: TerminationStatus
    let watch = Interruption.watch()
    defer { watch.cancel() }
    do {
        ending = try await Subprocess.run(
            executable(command[0]),
            arguments: Arguments(Array(command.dropFirst())),
            input: .currentStandardInput,
            output: .currentStandardOutput,
            error: .currentStandardError
        ).terminationStatus
    } catch {
        throw Failure("could not run '\(command[0])': \(error)")
    }
    try Interruption.check()
    if ending.isSuccess { return }
    throw Failure(what.map { "could not \($0): \(ending.words)" } ?? "'\(command.joined(separator: " "))' failed: \(ending.words)")
}

/// The lines that a script writes. Frameworks have their settings in bash, and source them too.
package func lines(ofBash script: String, _ arguments: String...) async throws(Failure) -> [String] {
    guard let outcome = try await runProgram(["bash", "-c", script, "bash"] + arguments) else {
        throw Failure("could not read the framework's settings: there is no program 'bash'")
    }
    if outcome.status != 0 { throw Failure("could not read the framework's settings: \(outcome.complaint)") }
    return outcome.output.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false).map { String(decoding: $0, as: UTF8.self) }
}
