package import Basics
internal import CLinux
internal import Subprocess
internal import SystemPackage

/// Runs two programs of the system to their ends; the second reads what the first writes. Fails with the reason alone.
package func runPipeline(_ first: [String], into second: [String]) async throws(Failure) {
    var ends: [Int32] = [-1, -1]
    if pipe2(&ends, O_CLOEXEC) != 0 { throw .reason() }
    let (reading, writing) = (FileDescriptor(rawValue: ends[0]), FileDescriptor(rawValue: ends[1]))
    let watch = Interruption.watch()
    defer { watch.cancel() }
    async let sent = run(first, input: nil, output: writing)
    async let received = run(second, input: reading, output: nil)
    let (one, other) = (await sent, await received)
    try Interruption.check()
    // Where the second one fails, the first has nobody to write to.
    for outcome in [other, one] {
        if let complaint = outcome { throw Failure(complaint) }
    }
}

/// What a program complained of; nil where it did well.
private func run(_ command: [String], input: FileDescriptor?, output: FileDescriptor?) async -> String? {
    let name = command[0]
    let arguments = Arguments(Array(command.dropFirst()))
    do {
        let (ending, errors): (TerminationStatus, [UInt8])
        if let input {
            let result = try await Subprocess.run(
                executable(name), arguments: arguments, input: .fileDescriptor(input, closeAfterSpawningProcess: true), output: .discarded,
                error: .bytes(limit: 1 << 20))
            (ending, errors) = (result.terminationStatus, result.standardError)
        } else if let output {
            let result = try await Subprocess.run(
                executable(name), arguments: arguments, input: .none,
                output: .fileDescriptor(output, closeAfterSpawningProcess: true), error: .bytes(limit: 1 << 20))
            (ending, errors) = (result.terminationStatus, result.standardError)
        } else {
            return nil
        }
        return ending.isSuccess ? nil : "\(name): \(ProgramOutcome(ending, output: [], errors: errors).complaint)"
    } catch {
        return "could not run '\(name)': \(error)"
    }
}
