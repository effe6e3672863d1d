import ArgumentParser
import Basics

/// The part of the crash test that needs no QEMU: see Tests/Lab/crash-test, which runs it.
@main
struct CrashTest: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "crash-test", abstract: "Checks every state that a power cut can leave.",
        subcommands: [OperationsCommand.self, ReplayCommand.self, DeployOperationsCommand.self, DeployReplayCommand.self]
    )
}

struct ScenarioOptions: ParsableArguments {
    @Option(help: "what the program under test leaves out, and has to be caught at") var careless: Scenario.Carelessness?

    var scenario: Scenario { careless.map { Scenario($0) } ?? Scenario() }
}

extension Scenario.Carelessness: ExpressibleByArgument {}

struct OperationsCommand: ParsableCommand {
    static let configuration = CommandConfiguration(commandName: "operations", abstract: "Prints what the guest is to do.")

    @OptionGroup var options: ScenarioOptions

    func run() {
        for operation in options.scenario.operations { print(operation.line) }
    }
}
