package import Basics
internal import Subprocess
internal import Synchronization

/// Ends a program, at last whether it wants it or not.
private func stop<Input, Output, Error>(_ execution: Execution<Input, Output, Error>) async throws {
    try execution.send(signal: .terminate)
    try await Task.sleep(for: .seconds(5))
    try execution.send(signal: .kill)
}

/// Runs a program of the system until it ends, `seconds` are over, or `isEnough` says so of what it has written by then: each piece is given to
/// that as it comes, and what is written next too, until nothing comes for two seconds, at most ten. `isOver` may say the same every other
/// second. Returns how the program ended; nil where this ended it. Fails where it cannot be started.
package func watchProgram(
    _ command: [String], seconds: Int, isOver: @escaping @Sendable () -> Bool, isEnough: @escaping @Sendable ([UInt8]) -> Bool
) async throws(Failure) -> ProgramOutcome? {
    let isStopped = Atomic(false)
    let noteStop = { @Sendable () in isStopped.store(true, ordering: .relaxed) }
    let outcome: ProgramOutcome
    do {
        let watch = Interruption.watch()
        defer { watch.cancel() }
        let result = try await Subprocess.run(
            executable(command[0]), arguments: Arguments(Array(command.dropFirst())), input: .none, output: .sequence,
            error: .bytes(limit: 1 << 20)
        ) { execution in
            let clock = Task {
                let end = ContinuousClock.now + .seconds(seconds)
                while ContinuousClock.now < end && !isOver() { try await Task.sleep(for: min(.seconds(2), end - .now)) }
                noteStop()
                try await stop(execution)
            }
            defer { clock.cancel() }
            // Who says that all is over says why in the next words.
            var ending: (task: Task<Void, any Error>, start: ContinuousClock.Instant, latest: ContinuousClock.Instant)?
            defer { ending?.task.cancel() }
            for try await piece in execution.standardOutput {
                guard isEnough(piece.withUnsafeBytes { Array($0) }) || ending != nil else { continue }
                // What has begun to end it goes on with that.
                if let ending, ending.start <= .now { continue }
                ending?.task.cancel()
                let latest = ending?.latest ?? .now + .seconds(10)
                let start = min(.now + .seconds(2), latest)
                let task = Task {
                    try await Task.sleep(until: start, clock: .continuous)
                    noteStop()
                    try await stop(execution)
                }
                ending = (task, start, latest)
            }
        }
        outcome = ProgramOutcome(result.terminationStatus, output: [], errors: result.standardError)
    } catch {
        // A signal that came while the program was started is the reason.
        try Interruption.check()
        throw Failure("could not run '\(command[0])': \(error)")
    }
    try Interruption.check()
    return isStopped.load(ordering: .relaxed) ? nil : outcome
}
