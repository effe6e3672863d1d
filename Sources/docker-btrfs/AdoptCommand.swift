import ArgumentParser
import Basics
import Deployments
import Glibc

struct AdoptCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "adopt",
        abstract: "Put what was changed in the root into the machine's top layer, or as lines into a Dockerfile.",
        discussion: """
            Files go there with all their attributes, of directories all that was changed in them; what was deleted is deleted in each new \
            root too. What systems write by themselves is taken only where its own path is named. \
            With --image, lines of a Dockerfile are printed instead, so that the next image has it: COPY, RUN rm, and the packages that were \
            installed or removed by their names; with --image and without paths, it is all that was changed.
            """
    )

    @Argument(help: "Paths that diff shows, or directories above them.", completion: .file())
    var paths: [String] = []

    @Option(
        help: ArgumentHelp(
            "The root's number, as root ls has it; else the running root, or the machine's of a disk that --top-level names.",
            valueName: "number"),
        completion: .names(.roots))
    var root: Int?

    @Flag(help: "Print lines of a Dockerfile, and change nothing in the top layer.")
    var image = false

    @Option(
        help: ArgumentHelp("With --image: the directory of the build, which gets the files in 'root'.", valueName: "dir"),
        completion: .directory)
    var context: String?

    @OptionGroup var place: DeploymentPlace

    func validate() throws {
        if context != nil && !image { throw ValidationError("'--context' is for '--image'") }
        if paths.isEmpty && !image {
            throw ValidationError("name what is to be adopted, as 'docker-btrfs diff' shows it; without paths it is for '--image'")
        }
    }

    func run() throws {
        if image { return try printLines() }
        let adoption = try place.open(loader: .ifFound).adopting(paths, ofRoot: root)
        if place.dryRun {
            adoption.lines.forEach(show)
        } else {
            try adoption.perform(say: show)
            show(adoption.outcome)
        }
        for note in adoption.notes { tell(note: note) }
    }

    private func printLines() throws {
        let context = try context.map { path throws(Failure) in
            if access(path, F_OK) != 0 { throw Failure("could not open '\(path)': it is not there", hint: "make the directory first") }
            return try Directory(opening: path)
        }
        let adoption = try place.place.site(loader: .ifFound).adoptingIntoImage(paths, ofRoot: root, context: context)
        if let context {
            if !place.dryRun { try adoption.write(to: context) }
            if adoption.copiesFiles { for note in try ImageAdoption.notes(on: context) { tell(note: note) } }
        } else if adoption.copiesFiles {
            tell(note: "the files are to be in '\(ImageAdoption.folder)' of the build's context: --context DIR puts them there")
        }
        for line in adoption.lines { print(line) }
        for note in adoption.notes { tell(note: note) }
    }
}
