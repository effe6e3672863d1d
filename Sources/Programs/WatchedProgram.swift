package import Basics
internal import Subprocess

/// Runs a program of the system until it ends, `seconds` are over, or `isEnough` says so of what it has written by then: each piece is given to
/// that as it comes. `isOver` may say the same every other second. Fails where the program cannot be started, or fails before it wrote anything.
package func watchProgram(
    _ command: [String], seconds: Int, isOver: @escaping @Sendable () -> Bool, isEnough: @escaping @Sendable ([UInt8]) -> Bool
) async throws(Failure) {
    do {
        let watch = Task { try await Interruption.handOn() }
        defer { watch.cancel() }
        let result = try await Subprocess.run(
            .name(command[0]), arguments: Arguments(Array(command.dropFirst())), input: .none, output: .sequence,
            error: .bytes(limit: 1 << 20)
        ) { execution in
            let clock = Task {
                let end = ContinuousClock.now + .seconds(seconds)
                while ContinuousClock.now < end && !isOver() { try await Task.sleep(for: min(.seconds(2), end - .now)) }
                try execution.send(signal: .terminate)
            }
            defer { clock.cancel() }
            var hasWritten = false
            for try await piece in execution.standardOutput {
                hasWritten = true
                if isEnough(piece.withUnsafeBytes { Array($0) }) { try execution.send(signal: .terminate) }
            }
            return hasWritten
        }
        if !result.closureResult {
            let complaint = ProgramOutcome(result.terminationStatus, output: [], errors: result.standardError).complaint
            throw Failure("could not run '\(command[0])': \(complaint)")
        }
    } catch let error as Failure {
        throw error
    } catch {
        throw Failure("could not run '\(command[0])': \(error)")
    }
    try Interruption.check()
}
