import ArgumentParser
import Basics
import Deployments
import Linux

struct RootCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "root",
        abstract: "List, keep and remove the roots of earlier boots, and projects.",
        subcommands: [RootListCommand.self, RootKeepCommand.self, RootRemoveCommand.self]
    )
}

struct RootListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List the roots of earlier boots, the newest first, and projects.",
        discussion: """
            docker_root=NUMBER on the kernel command line goes on with one of them. With --format json one object a line: number, \
            reference, id, made (seconds since 1970), booted, good, path (from the top level); of a project also project (its name) and own (the \
            bytes of data that it shares with nothing else).
            """
    )

    @Option(help: "text, or json for other programs.")
    var format = OutputFormat.text

    @OptionGroup var place: SitePlace

    func run() throws {
        let site = try place.site()
        let (roots, faults) = try site.roots()
        let (projects, others) = try site.projects()
        switch format {
        case .json:
            for root in roots.reversed() { print(root.line()) }
            for project in projects { print(project.line(own: try site.ownBytes(of: project))) }
        case .text:
            let now = secondsNow()
            let rows = roots.reversed().map { ["\($0.number)", $0.reference, age(of: $0.made, now: now), $0.state] }
            print(table([["NUMBER", "IMAGE", "MADE", "STATE"]] + rows))
            if projects.isEmpty { break }
            let lines = try projects.map { project throws(Failure) in
                [project.project ?? "", project.reference, age(of: project.made, now: now), megabytes(try site.ownBytes(of: project))]
            }
            print("\n" + table([["PROJECT", "IMAGE", "MADE", "OWN"]] + lines))
        }
        for fault in faults + others { tell(note: fault) }
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
        abstract: "Remove roots of earlier boots, or projects, with what was done in them."
    )

    @Argument(help: "Their numbers or names.")
    var names: [String]

    @OptionGroup var place: DeploymentPlace

    func run() throws {
        let site = try place.open()
        let numbers = names.compactMap { Int($0) }
        if !numbers.isEmpty { try place.finish(try site.removing(roots: numbers)) }
        let projects = names.filter { Int($0) == nil }
        if !projects.isEmpty { try place.finish(try site.removing(projects: projects)) }
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

    fileprivate func line(own: Int? = nil) -> String {
        JSONOutput.object(
            [
                ("number", .integer(number)), ("reference", .string(reference)), ("id", .string(imageID)), ("made", .integer(made)),
                ("booted", .boolean(isBooted)), ("good", .boolean(isGood)), ("path", .string(path)),
            ] + (own.map { [("project", .string(project ?? "")), ("own", .integer($0))] } ?? [])
        ).line
    }
}
