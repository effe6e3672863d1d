import ArgumentParser
import Basics
import CLinux
import Installation
import Programs

/// The companion on the running system.
@main
struct DockerBtrfs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "docker-btrfs",
        abstract: "Boot this machine from Docker images on btrfs.",
        version: "docker-btrfs \(version)",
        subcommands: [
            ImagesCommand.self, PlanCommand.self, InstallCommand.self, UninstallCommand.self, InitramfsCommand.self,
            CheckInitramfsCommand.self,
        ]
    )

    /// Without the program's name. Swift takes them from /proc, which a chroot may not have, and has none then.
    private static var arguments: [String] {
        (1..<max(1, Int(linux_argument_count()))).map { String(cString: linux_argument(Int32($0))) }
    }

    static func main() async {
        do {
            var command = try parseAsRoot(arguments)
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
        } catch let failure as Failure {
            if let signal = Interruption.signal {
                tell(fullMessage(for: Complaint(failure)))
                Interruption.end(by: signal)
            }
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
