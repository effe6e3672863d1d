import ArgumentParser
import Deployments

struct PruneCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "prune", abstract: "Remove all deployments that are neither booted, nor next, nor the way back.")

    @Option(parsing: .unconditional, help: "How many more to keep, the newest.")
    var keep = 0

    @OptionGroup var place: DeploymentPlace

    func validate() throws {
        if keep < 0 { throw ValidationError("--keep takes a number from 0 on") }
    }

    func run() throws {
        try place.finish(try place.open().pruning(keeping: keep))
    }
}
