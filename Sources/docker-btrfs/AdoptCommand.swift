import ArgumentParser
import Basics
import Deployments

struct AdoptCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "adopt",
        abstract: "Put what was changed in the root into the machine's top layer, so that each new root has it.",
        discussion: """
            Files go there with all their attributes, of directories all that was changed in them; what was deleted is deleted in each new \
            root too. What systems write by themselves is taken only where its own path is named.
            """
    )

    @Argument(help: "Paths that diff shows, or directories above them.")
    var paths: [String]

    @Option(help: ArgumentHelp("The root's number, as root ls has it; the running root unless given.", valueName: "number"))
    var root: Int?

    @OptionGroup var place: DeploymentPlace

    func run() throws {
        let adoption = try place.open().adopting(paths, ofRoot: root)
        if place.dryRun {
            adoption.lines.forEach(show)
        } else {
            try adoption.perform(say: show)
            show(adoption.outcome)
        }
        for note in adoption.notes { tell(note: note) }
    }
}
