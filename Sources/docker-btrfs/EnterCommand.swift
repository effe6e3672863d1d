import ArgumentParser
import Basics
import Boot
import Deployments
import Entering
import Glibc
import Programs

struct EnterCommand: ParsableCommand, TakesName {
    static let configuration = CommandConfiguration(
        commandName: "enter",
        abstract: "Run a command in what the next boot would be, or in an image with this machine's files.",
        usage: "docker-btrfs enter [OPTIONS] [IMAGE] [-- COMMAND...]",
        discussion: """
            The root is made as a boot makes it, in a moment, and is deleted when the command ends, with what was done in it. It is entered \
            in namespaces of its own: nothing of the machine is seen but what --bind shows, and there is no network unless asked for. \
            Nothing is asked of the image but a shell and an os-release. The exit status is the command's; 126 or 127 where it could \
            not be run.
            """
    )
    static let completed = CompletedNames.images

    @Argument(help: "The image, as Docker names it; without one, what the next boot would boot.", completion: .names(completed))
    var image: String?

    @Argument(parsing: .postTerminator, help: "What to run, after '--'; the user's shell unless given.")
    var command: [String] = []

    @Option(help: "none, or host: the machine's own network.")
    var network = Entrance.Network.none

    @Option(help: ArgumentHelp("A user of that system, by name or number; root unless given.", valueName: "name[:group]"))
    var user: String?

    @Option(help: ArgumentHelp("Show a directory or file of the machine there.", valueName: "/src[:/dst]"), completion: .file())
    var bind: [String] = []

    @Flag(help: "Let nothing in the root be changed, but in /tmp, /run and /dev.")
    var readOnly = false

    @Option(
        help: ArgumentHelp("A copy of that root, as root ls has it, and not a new one.", valueName: "number"), completion: .names(.roots))
    var root: Int?

    @Option(
        help: ArgumentHelp(
            "Keep the root under this name for the next time; it shares what is not changed in it with its image.", valueName: "name"),
        completion: .names(.projects))
    var project: String?

    @Flag(help: "Boot its init, by systemd-nspawn of this machine. 'poweroff' inside ends it, or Ctrl-] three times within a second.")
    var boot = false

    @Flag(help: "Print each step before it is done, and the system calls that do it.")
    var explain = false

    @Option(
        help: ArgumentHelp("Where the top level of the btrfs is mounted; looked for unless given.", valueName: "dir"),
        completion: .directory)
    var topLevel: String?

    func validate() throws {
        if root != nil && project != nil {
            throw ValidationError("--root takes a copy for one time, and --project keeps a root of its own")
        }
        if boot && (!command.isEmpty || user != nil) { throw ValidationError("--boot runs the init, and no command or user") }
        if root != nil && image != nil { throw ValidationError("--root takes a root that was made; an image makes a new one") }
    }

    func run() throws {
        let binds = try bind.map { text throws(Failure) in try SharedPath(text) }
        let isTold = explain
        let tellStep = { (what: String, call: String) in if isTold { tell("\(what)\n    \(call)") } }
        // This starts the program once more: nothing is looked for before that.
        try Entrance.protectProgram()
        for bind in binds { try bind.checkSource() }
        let site = try Site(topLevel: topLevel, boot: nil, isLocked: false, loader: .ifFound)
        let entered: BesideRoot
        do throws(Failure) { entered = try makeRoot(site, tellStep) } catch {
            throw boot && isFolder(image) ? error.hinting(first: "--boot boots the init of what is entered, and takes no directory") : error
        }
        let ending: Entrance.Ending
        do {
            var entrance = try Entrance(as: Account(user, in: entered.tree), in: entered.tree)
            entrance.network = network
            entrance.binds = binds
            entrance.isReadOnly = readOnly
            entrance.command = command
            // systemd-nspawn reads from a terminal alone.
            if boot && (isatty(STDIN_FILENO) != 1 || isatty(STDOUT_FILENO) != 1) {
                tell(note: "without a terminal nobody can log in there: it runs until it powers itself off, or SIGTERM ends this program")
            }
            ending =
                boot
                ? try entrance.boot(in: entered.tree, on: entered.device, explain: tellStep)
                : try entrance.run(in: entered.tree, on: entered.device, explain: tellStep)
        } catch {
            try? entered.abandon(explain: tellStep)
            throw error
        }
        try ending.isStarted ? entered.end(explain: tellStep) : entered.abandon(explain: tellStep)
        if let failure = ending.failure { tell("Error: \(failure)") }
        // systemd-nspawn's, after it was asked to boot again.
        if boot && ending.status == 133 { return tell(note: "the system asked for a reboot, which ends it here") }
        if ending.status != 0 { throw ExitCode(ending.status) }
    }

    /// What may be meant by words that are refused: those of a command, with no '--' before them.
    static func hint(for words: [String]) -> String? {
        if words.contains("--") { return nil }
        for (index, word) in words.enumerated().dropLast() where !word.hasPrefix("-") {
            let (before, after) = (words[..<index], words[index...])
            guard let plain = try? parse(before + ["--"] + after), plain.image == nil else { continue }
            let line = { (words: [String]) in (["docker-btrfs", "enter"] + words).joined(separator: " ") }
            let ofImage = line(before + [word, "--"] + after.dropFirst())
            return "hint: the command comes after '--': \(line(before + ["--"] + after)), or with the image '\(word)' \(ofImage)"
        }
        return nil
    }

    /// Whether a name can be no image's, or is a directory's too.
    private func isFolder(_ name: String?) -> Bool {
        guard let name else { return false }
        return name.hasPrefix("/") || (try? Directory(opening: name)) != nil
    }

    private func makeRoot(_ site: Site, _ explain: (String, String) -> Void) throws(Failure) -> BesideRoot {
        let asked = try image.map { text throws(Failure) in try ImageReference(text) }
        // Before there is a root: a project would stay.
        if boot && !hasProgram("systemd-nspawn") {
            throw Failure("could not boot the root: there is no program 'systemd-nspawn'", hint: "apt-get install systemd-container")
        }
        if let project, let made = try site.project(project) {
            return try BesideRoot(project: project, at: made.place, of: asked, on: site.topLevel, device: site.device)
        }
        if let project { try site.checkIsFree(project: project) }
        let start = try site.start(of: image, root: root)
        for note in start.notes { tell(note: note) }
        guard let request = try Request(KernelCommandLine(start.options.utf8), .none) else { throw Failure("could not plan a boot") }
        return try BesideRoot(
            for: request, kernel: start.release.isEmpty ? nil : start.release, project: project, of: asked, on: site.device,
            explain: explain, note: { tell(note: $0) })
    }
}

extension Entrance.Network: ExpressibleByArgument {}
