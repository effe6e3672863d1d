import ArgumentParser
import Basics
import Deployments
import Linux

struct RootCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "root",
        abstract: "List, keep and remove the roots of earlier boots, those that have names, and projects.",
        subcommands: [RootListCommand.self, RootKeepCommand.self, RootRemoveCommand.self]
    )
}

struct RootListCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "ls",
        abstract: "List the roots of earlier boots, the newest first, those that were kept under a name, and projects.",
        discussion: """
            docker_root=NUMBER on the kernel command line goes on with one of them. With --format json one object a line: kind (root, named or \
            project), number, reference, id, made (seconds since 1970), booted, good, path (from the top level); of a project also project (its \
            name) and own (the bytes of data that it shares with nothing else); of a root that has a name: kind, name, number (of the root \
            that it is a copy of), reference, id, made (when it was kept), booted, kernel (null where it has no entry in the menu), path.
            """
    )

    @Option(help: "text, or json for other programs.")
    var format = OutputFormat.text

    @OptionGroup var place: SitePlace

    func run() throws {
        let site = try place.site(loader: .ifFound)
        let (roots, faults) = try site.roots()
        let (projects, others) = try site.projects()
        let named = try site.namedRoots()
        switch format {
        case .json:
            for root in roots.reversed() { print(root.line()) }
            for root in named { print(root.line) }
            for project in projects { print(project.line(own: try site.ownBytes(of: project))) }
        case .text:
            let now = secondsNow()
            let rows = roots.reversed().map { ["\($0.number)", $0.reference, age(of: $0.made, now: now), $0.state] }
            print(table([["NUMBER", "IMAGE", "MADE", "STATE"]] + rows))
            if !named.isEmpty {
                let rows = named.map { root in
                    let kernel = (root.release ?? "none, no entry") + (root.isBooted ? ", booted" : "")
                    return [root.name, root.reference, age(of: root.made, now: now), kernel]
                }
                print("\n" + table([["NAME", "IMAGE", "KEPT", "KERNEL"]] + rows))
            }
            if projects.isEmpty { break }
            let lines = try projects.map { project throws(Failure) in
                [project.project ?? "", project.reference, age(of: project.made, now: now), megabytes(try site.ownBytes(of: project))]
            }
            print("\n" + table([["PROJECT", "IMAGE", "MADE", "OWN"]] + lines))
        }
        for fault in faults + others { tell(note: fault) }
    }
}

struct RootKeepCommand: AsyncParsableCommand, TakesName {
    static let configuration = CommandConfiguration(
        commandName: "keep",
        abstract: "Make a subvolume of your own out of a root, which no boot replaces, and an entry of the boot menu.",
        discussion: """
            Its kernel is that of its image's deployment, or its own where it has others; it stays as long as the subvolume does. 'root rm \
            NAME' removes both.
            """
    )
    static let completed = CompletedNames.roots

    @Argument(help: "The root's number.", completion: .names(completed))
    var number: Int

    @Argument(
        help:
            "What the subvolume is called, on the top level. Nothing may have that name, but what was kept of this root and lost its entry."
    )
    var name: String

    @OptionGroup var place: DeploymentPlace

    @Option(help: ArgumentHelp("The kernel, as lib/modules names it, where the root has several.", valueName: "version"))
    var kernel: String?

    @OptionGroup var initProgram: InitProgram

    func run() async throws {
        let site = try place.open()
        let program = try initProgram.found()
        try place.finish(try await site.keeping(root: number, as: name, kernel: kernel, program: program, say: show))
    }
}

struct RootRemoveCommand: ParsableCommand, TakesName {
    static let configuration = CommandConfiguration(
        commandName: "rm",
        abstract: "Remove roots of earlier boots, those that have names, or projects, with what was done in them."
    )
    static let completed = CompletedNames.allRoots

    @Argument(help: "Their numbers or names.", completion: .names(completed))
    var names: [String]

    @OptionGroup var place: DeploymentPlace

    func run() throws {
        let site = try place.open()
        let numbers = names.compactMap { Int($0) }
        let named = Set(try site.namedRoots().map(\.name))
        let projects = Set(try site.projects().projects.compactMap(\.project))
        if let name = names.first(where: { named.contains($0) && projects.contains($0) }) {
            throw Failure(
                "could not choose what to remove: '\(name)' is a root and a project", hint: "btrfs subvolume delete removes a root")
        }
        // Nothing is removed where one is refused.
        var plans = numbers.isEmpty ? [] : [try site.removing(roots: numbers)]
        let others = names.filter { Int($0) == nil }
        let left = Set(try site.namedLeftovers().map { display($0.name) }).subtracting(projects)
        let roots = others.filter { named.contains($0) || left.contains($0) }
        if !roots.isEmpty { plans.append(try site.removing(named: roots)) }
        let rest = others.filter { !roots.contains($0) }
        if !rest.isEmpty { plans.append(try site.removing(projects: rest)) }
        for plan in plans { try place.finish(plan) }
    }
}

extension ListedRoot {
    fileprivate var state: String {
        switch (isBooted, isGood) {
        case (true, true): "booted, good"
        case (true, false): "booted"
        case (false, true): "good"
        case (false, false): "no good boot"
        }
    }

    fileprivate func line(own: Int? = nil) -> String {
        JSONOutput.object(
            [
                ("kind", .string(own == nil ? "root" : "project")), ("number", .integer(number)), ("reference", .string(reference)),
                ("id", .string(imageID)), ("made", .integer(made)),
                ("booted", .boolean(isBooted)), ("good", .boolean(isGood)), ("path", .string(path)),
            ] + (own.map { [("project", .string(project ?? "")), ("own", .integer($0))] } ?? [])
        ).line
    }
}

extension NamedRoot {
    fileprivate var line: String {
        JSONOutput.object([
            ("kind", .string("named")), ("name", .string(name)), ("number", .integer(number)), ("reference", .string(reference)),
            ("id", .string(imageID)),
            ("made", .integer(made)), ("booted", .boolean(isBooted)),
            ("kernel", .text(release)), ("path", .string("/" + name)),
        ]).line
    }
}
