import ArgumentParser
import Basics
import Deployments
import Entering
import Programs

struct ExportCommand: AsyncParsableCommand, TakesName {
    static let configuration = CommandConfiguration(
        commandName: "export",
        abstract: "Write a project or a kept root to a file, for another machine.",
        discussion: """
            As an image of one layer that docker load and podman load take, or with --format btrfs as a stream for btrfs receive. It is what \
            the root is at that moment, also while somebody works in it, with all of the machine's own files: only its owner may read it.
            """
    )
    static let completed = CompletedNames.rootsAndProjects

    @Argument(help: "The project's name, or the root's number, as root ls has them.", completion: .names(completed))
    var name: String

    @Option(name: .shortAndLong, help: ArgumentHelp("The file, which must not be there.", valueName: "file"), completion: .file())
    var output: String

    @Option(help: "docker or btrfs.")
    var format = RootArchive.docker

    @Option(help: ArgumentHelp("What the image is called; a project's name unless given, and its number for a root.", valueName: "name"))
    var tag: String?

    @OptionGroup var place: SitePlace

    func validate() throws {
        if format == .btrfs && tag != nil { throw ValidationError("--tag is an image's name, and a stream for btrfs receive has none") }
    }

    func run() async throws {
        let site = try place.site(loader: .ifFound)
        let (path, notes) = try site.placeOfRoot(called: name)
        let reference = try reference()
        try await Interruption.taken { () throws(Failure) in
            let copy = try BesideRoot(copying: path, on: site.topLevel, device: site.device) { tell(note: $0) }
            do throws(Failure) {
                try await format.write(copy.tree, to: output, as: reference)
            } catch {
                try? copy.end()
                throw error
            }
            try copy.end()
        }
        show("wrote \(reference.map { "'\($0)'" } ?? "a stream for btrfs receive") to '\(output)'")
        for note in notes { tell(note: note) }
    }

    /// nil where there is no image.
    private func reference() throws(Failure) -> ImageReference? {
        if format != .docker { return nil }
        if let tag {
            let reference = try ImageReference(tag)
            if case .name = reference.kind, !tag.contains("@") { return reference }
            throw Failure("could not call the image '\(tag)': only a name and a tag can be given", hint: "--tag NAME or --tag NAME:TAG")
        }
        do throws(Failure) { return try ImageReference(Int(name) == nil ? name.lowercased() : "root-\(name)") } catch {
            throw Failure("could not call the image '\(name)' as the project: images cannot have that name", hint: "--tag NAME names it")
        }
    }
}

extension RootArchive: ExpressibleByArgument {}
