import ArgumentParser
import Deployments

struct RemoveCommand: ParsableCommand, TakesName {
    static let configuration = CommandConfiguration(
        commandName: "rm", abstract: "Remove deployments: their entries, kernels and layers. The images stay in Docker.")
    static let completed = CompletedNames.deployments

    @Argument(help: "Images or beginnings of their ids, which are needed where several have one name.", completion: .names(completed))
    var images: [String]

    @OptionGroup var place: DeploymentPlace

    func run() throws {
        try place.finish(try place.open().removing(images))
    }
}
