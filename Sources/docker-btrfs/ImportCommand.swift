import ArgumentParser
import Basics
import Deployments
import Programs

struct ImportCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "import",
        abstract: "Make a project of a file that export wrote.",
        discussion: """
            Whichever form the file has. The root is as it was exported; diff and repair compare it with that later. Another archive of an image is \
            loaded by its engine, and entered from there.
            """
    )

    @Argument(help: "The file.", completion: .file())
    var file: String

    @Argument(help: "The project's name.")
    var name: String

    @OptionGroup var place: SitePlace

    func run() async throws {
        try enterOwnMounts()
        let site = try place.site()
        try await Interruption.taken { () throws(Failure) in
            try await RootArchiveFile(file).makeProject(name, on: site) { tell(note: $0) }
        }
        show("made the project '\(name)' of '\(file)'")
    }
}
