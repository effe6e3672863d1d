import ArgumentParser
import Deployments

struct RepairCommand: ParsableCommand, TakesName {
    static let configuration = CommandConfiguration(
        commandName: "repair",
        abstract: "Put back what a project or a kept root lost of its image.",
        discussion: """
            What is put back has its content, owner, mode, attributes and times, and shares its data with the image. Without paths it is what \
            was deleted or renamed; what was changed is put back where its path is named. What was added stays.
            """
    )
    static let completed = CompletedNames.rootsAndProjects

    @Argument(help: "The project's name, or the root's number, as root ls has them.", completion: .names(completed))
    var name: String

    @Argument(help: "Paths that diff shows, or directories above them.", completion: .file())
    var paths: [String] = []

    @Flag(help: "Also what was changed, but for what systems write by themselves.")
    var changed = false

    @OptionGroup var place: DeploymentPlace

    func run() throws {
        let (outcome, notes) = try place.open(loader: .ifFound).repair(name, at: paths, changed: changed, dryRun: place.dryRun, show)
        if !outcome.isEmpty { show(outcome) }
        for note in notes { tell(note: note) }
    }
}
