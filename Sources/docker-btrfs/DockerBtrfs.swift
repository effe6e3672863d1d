import ArgumentParser
import Basics

/// The companion on the running system.
@main
struct DockerBtrfs: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "docker-btrfs",
        abstract: "Boot this machine from Docker images on btrfs.",
        version: "docker-btrfs \(version)",
        subcommands: [ImagesCommand.self, PlanCommand.self]
    )

    static func main() {
        do {
            var command = try parseAsRoot()
            try command.run()
        } catch let failure as Failure {
            exit(withError: Complaint(failure))
        } catch {
            exit(withError: error)
        }
    }
}

/// A failure as ArgumentParser prints it: `Error: …`, exit status 1.
private struct Complaint: Error, CustomStringConvertible {
    let description: String

    init(_ failure: Failure) {
        description = failure.description
    }
}
