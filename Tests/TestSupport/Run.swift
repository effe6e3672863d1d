internal import Foundation
internal import Subprocess
internal import SystemPackage

/// What a program left when it ended.
public struct Outcome: Equatable, Sendable {
    /// The exit status; 128 and the signal's number where a signal ended it.
    public let status: Int
    public let output: String
    public let errors: String

    public init(status: Int, output: String, errors: String) {
        self.status = status
        self.output = output
        self.errors = errors
    }
}

/// A program that failed and should not have.
public struct CommandFailure: Error, CustomStringConvertible {
    public let command: [String]
    public let outcome: Outcome

    public var description: String {
        "\(command.joined(separator: " ")) ended with status \(outcome.status)\n\(outcome.errors)\(outcome.output)"
    }
}

/// What programs say and make is the same whoever runs the tests: in English, sorted by bytes, and readable by all.
private let common: [String: String] = {
    umask(0o022)
    return ["LC_ALL": "C.UTF-8"]
}()

/// Runs a program to its end: no shell is between, the arguments are taken as they are. Its input is empty, its environment
/// ours and `environment`.
public func run(_ command: [String], environment: [String: String] = [:]) async throws -> Outcome {
    let limit = 16 << 20
    let environment = common.merging(environment) { $1 }
    let result = try await Subprocess.run(
        command[0].contains("/") ? .path(FilePath(command[0])) : .name(command[0]),
        arguments: Arguments(Array(command.dropFirst())),
        environment: .inherit.updating(Dictionary(uniqueKeysWithValues: environment.map { (.init(stringLiteral: $0), $1) })),
        output: .bytes(limit: limit),
        error: .bytes(limit: limit)
    )
    let status =
        switch result.terminationStatus {
        case .exited(let code): code
        case .signaled(let signal): 128 + signal
        }
    return Outcome(
        status: Int(status),
        output: String(decoding: result.standardOutput, as: UTF8.self),
        errors: String(decoding: result.standardError, as: UTF8.self)
    )
}

/// Runs a program that must end with status 0, and returns its standard output.
@discardableResult
public func output(of command: [String], environment: [String: String] = [:]) async throws -> String {
    let outcome = try await run(command, environment: environment)
    if outcome.status != 0 { throw CommandFailure(command: command, outcome: outcome) }
    return outcome.output
}
