import ArgumentParser
import Basics
import Deployments
import Linux

struct RootCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "root",
        abstract: "List, keep and remove the roots of earlier boots.",
        subcommands: [RootListCommand.self, RootKeepCommand.self, RootRemoveCommand.self]
    )
}

struct RootListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List the roots of earlier boots, the newest first.",
        discussion: """
            docker_root=NUMBER on the kernel command line goes on with one of them. With --format json one object a line: number, \
            reference, id, made (seconds since 1970), booted, good, path (from the top level).
            """
    )

    @Option(help: "text, or json for other programs.")
    var format = OutputFormat.text

    @OptionGroup var place: SitePlace

    func run() throws {
        let (roots, faults) = try place.site().roots()
        switch format {
        case .json: for root in roots.reversed() { print(root.line) }
        case .text:
            let now = secondsNow()
            let rows = roots.reversed().map { ["\($0.number)", $0.reference, age(of: $0.made, now: now), $0.state] }
            print(table([["NUMBER", "IMAGE", "MADE", "STATE"]] + rows))
        }
        for fault in faults { tell(note: fault) }
    }
}

struct RootKeepCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "keep",
        abstract: "Make a subvolume of your own out of a root, which no boot replaces."
    )

    @Argument(help: "The root's number.")
    var number: Int

    @Argument(help: "What the subvolume is called, on the top level. Nothing may have that name.")
    var name: String

    @OptionGroup var place: DeploymentPlace

    func run() throws {
        try place.finish(try place.open().keeping(root: number, as: name))
    }
}

struct RootRemoveCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "rm",
        abstract: "Remove roots of earlier boots, with what was done in them."
    )

    @Argument(help: "Their numbers.")
    var numbers: [Int]

    @OptionGroup var place: DeploymentPlace

    func run() throws {
        try place.finish(try place.open().removing(roots: numbers))
    }
}

extension EarlierRoot {
    fileprivate var state: String {
        switch (isBooted, isGood) {
        case (true, true): "booted, good"
        case (true, false): "booted"
        case (false, true): "good"
        case (false, false): "kept"
        }
    }

    fileprivate var line: String {
        JSONOutput.object([
            ("number", .integer(number)), ("reference", .string(reference)), ("id", .string(imageID)), ("made", .integer(made)),
            ("booted", .boolean(isBooted)), ("good", .boolean(isGood)), ("path", .string(path)),
        ]).line
    }
}
