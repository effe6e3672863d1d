import ArgumentParser
import Basics
import Boot
import BootRun
import Deployments
import Planning

struct PlanCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "plan",
        abstract: "Print what the next boot will do, one step a line, and change nothing.",
        discussion: """
            The same survey and the same plan as docker-btrfs-init makes in the initramfs, for the default of the boot menu where something \
            is deployed, else for the command line that this machine was started with, or for another one. With --format json one object: verdict (new: a new root of the image; copy: of an \
            earlier root; stay: the root as it is; refused), image, id and root (its number) of what is booted, steps (a line each), notes. \
            Where it is refused, image is what was asked for (null where that is not known), the first note says why, and the exit status is 1.
            """
    )

    @Option(help: ArgumentHelp("Another kernel command line.", valueName: "text"))
    var cmdline: String?

    @Option(help: ArgumentHelp("The configuration instead of \(Configuration.path).", valueName: "file"), completion: .file())
    var config: String?

    @Option(
        help: ArgumentHelp("A directory in place of the top level of root='s filesystem; needs no root.", valueName: "dir"),
        completion: .directory)
    var topLevel: String?

    @Option(help: ArgumentHelp("A directory in place of toplayer='s filesystem.", valueName: "dir"), completion: .directory)
    var topLayer: String?

    @Option(help: "text, or json for other programs.")
    var format = OutputFormat.text

    func validate() throws {
        if topLayer != nil && topLevel == nil { throw ValidationError("--top-layer goes with --top-level") }
    }

    func run() throws {
        var image: String?
        do throws(Failure) {
            // A boot reads it only where it needs it.
            if let config, try fileContents(config) == nil { throw Failure("could not read '\(config)': it is not there") }
            let (request, release, notes) = try request()
            image = request.image.text
            let boot = try BootSession(rehearsing: request, topLevel: topLevel, topLayer: topLayer, kernel: release)
            let plan = try boot.plan()
            switch format {
            case .text:
                print(plan.description, terminator: "")
                for note in notes + plan.notes { tell(note: note) }
            case .json: print(plan.json(plan.mark ?? boot.standing, notes), terminator: "")
            }
        } catch {
            if format == .text { throw error }
            print(json("refused", image: image, notes: [error.message] + [error.hint].compactMap { $0 }), terminator: "")
            throw ExitCode.failure
        }
    }

    /// What a boot is asked for; where the boot menu asks for it, also the kernel of its entry, and notes about that.
    private func request() throws(Failure) -> (Request, release: String?, notes: [String]) {
        let next = cmdline == nil ? try BootStart.next(topLevel: topLevel) : nil
        let line = cmdline ?? next?.options
        if let request = try Request(commandLine: line, configurationFile: config) { return (request, next?.release, next?.notes ?? []) }
        let strays = try KernelCommandLine.asked(by: line).strayKeys
        throw Failure(
            "could not plan a boot: neither '\(Request.optIn)=' nor 'docker_deployed=' is on the kernel command line",
            hint: strays.first
                ?? (isSetUp ? "" : "nothing was set up on this machine: 'docker-btrfs setup' comes first; ")
                + "docker-btrfs deploy IMAGE makes an entry that has it; --cmdline takes another line")
    }

    /// Whether there is what `deploy` needs. Where that cannot be told, as in a directory for a top level, it is not asked for.
    private var isSetUp: Bool {
        if topLevel != nil { return true }
        do throws(Failure) { return try Site.found(topLevel: nil, boot: nil, isLocked: false, loader: .ifFound) != nil } catch {
            return true
        }
    }
}

extension Plan {
    /// The mark of the root that it makes; nil where it makes none.
    fileprivate var mark: Mark? {
        steps.lazy.compactMap { if case .mark(_, let mark) = $0 { mark } else { nil } }.first
    }

    /// `mark` is that of the root that is booted.
    fileprivate func json(_ mark: Mark?, _ notes: [String]) -> String {
        let isCopy = steps.contains { if case .snapshot(let source, _) = $0 { Layout.isKept(source.path) } else { false } }
        return docker_btrfs.json(
            self.mark == nil ? "stay" : isCopy ? "copy" : "new", image: mark?.origin.reference.text, mark,
            description.split(separator: "\n").map(String.init), notes: notes + self.notes)
    }
}

private func json(_ verdict: String, image: String?, _ mark: Mark? = nil, _ steps: [String] = [], notes: [String]) -> String {
    JSONOutput.object([
        ("verdict", .string(verdict)), ("image", .text(image)),
        ("id", .text(mark?.origin.imageID.description)), ("root", .number(mark?.number)),
        ("steps", .array(steps.map { .string($0) })), ("notes", .array(notes.map { .string($0) })),
    ]).text
}
