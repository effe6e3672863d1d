import ArgumentParser
import Deployments

struct RollbackCommand: ParsableCommand, TakesName {
    static let configuration = CommandConfiguration(
        commandName: "rollback",
        abstract: "Make an earlier deployment the next boot again.",
        discussion: """
            Without a name it is the newest before the default that was good; where none was, the newest, and that is said. Run again, it \
            goes back to where it was, if that was good. After deploy --once it takes that back, and the default stays. \
            Of several with the name that is asked for it is the newest that is not the default.
            """
    )
    static let completed = CompletedNames.deployments

    @Argument(help: "The image or the beginning of its id.", completion: .names(completed))
    var image: String?

    @OptionGroup var place: DeploymentPlace

    func run() throws {
        try place.finish(try place.open().rollingBack(to: image))
    }
}
