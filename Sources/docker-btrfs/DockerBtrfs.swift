import ArgumentParser
import Basics
import CLinux
import Deployments
import Glibc
import Programs

/// The companion on the running system.
@main
struct DockerBtrfs: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "docker-btrfs",
        abstract: "Boot this machine from Docker images on btrfs.",
        discussion: """
            Where its package is installed, the documents are in /usr/share/doc/docker-btrfs: README.md, then docs/tasks.md and docs/deploy.md; \
            and 'man docker-btrfs-init' has the keys of the kernel command line.
            """,
        version: "docker-btrfs \(version)",
        subcommands: [
            SetupCommand.self, DeployCommand.self, StatusCommand.self, RollbackCommand.self, RemoveCommand.self, CheckCommand.self,
            PruneCommand.self, RootCommand.self, EnterCommand.self, DiffCommand.self, RepairCommand.self, ExportCommand.self,
            ImportCommand.self, AdoptCommand.self, ImagesCommand.self, ImageCommand.self, RunCommand.self, GrowCommand.self,
            RehearseCommand.self, PlanCommand.self,
            InstallCommand.self, UninstallCommand.self, InitramfsCommand.self, CheckInitramfsCommand.self,
        ]
    )

    /// Without the program's name. Swift takes them from /proc, which a chroot may not have, and has none then. Fails where one is not UTF-8:
    /// mended, it would name another file.
    private static func arguments() throws(Failure) -> [String] {
        var words: [String] = []
        for index in 1..<max(1, linux_argument_count()) {
            let bytes: UnsafePointer<CChar> = linux_argument(index)
            guard let word = String(validatingCString: bytes) else {
                throw Failure(
                    "could not use the argument '\(String(cString: bytes))': it is not UTF-8",
                    hint: "a link with another name can stand for such a file, and a script for such a command")
            }
            words.append(word)
        }
        return words
    }

    /// Without it, the library that runs tasks ends the program in the middle of its work.
    private static func checkProcesses() throws(Failure) {
        if access("/proc/self", F_OK) != 0 { throw .system("look at '/proc/self'", hint: "mount -t proc proc /proc") }
    }

    private static func command(of words: [String]) throws -> any ParsableCommand {
        // Of a word that it does not know, ArgumentParser shows the help of the command before.
        try checkSpelling(of: words.drop { $0 == "help" })
        do { return try parseAsRoot(words) } catch {
            if exitCode(for: error) != .validationFailure { throw error }
            guard words.first == EnterCommand.configuration.commandName, let hint = EnterCommand.hint(for: Array(words.dropFirst()))
            else { throw error }
            tell(fullMessage(for: error))
            tell(hint)
            throw ExitCode.validationFailure
        }
    }

    private static func checkSpelling(of words: ArraySlice<String>) throws {
        guard let sentence = misspelling(in: words) else { return }
        tell("Error: \(sentence)")
        throw ExitCode.validationFailure
    }

    /// What is wrong where the words begin with one that is no command; nil where they begin with commands.
    static func misspelling(in words: ArraySlice<String>) -> String? {
        var (command, line): (any ParsableCommand.Type, String) = (self, "docker-btrfs")
        for word in words {
            let names = command.configuration.subcommands.compactMap { $0.configuration.commandName }
            if names.isEmpty || word.hasPrefix("-") || word == "help" { return nil }
            guard let next = command.configuration.subcommands.first(where: { $0.configuration.commandName == word }) else {
                let meant = command == self ? wordsOfOthers[word] : nil
                let hint = (meant ?? near(word, in: names)).map { "did you mean '\(line) \($0)'?" } ?? "'\(line) --help' lists them"
                return Failure("there is no command '\(line) \(word)'", hint: hint).description
            }
            (command, line) = (next, "\(line) \(word)")
        }
        return nil
    }

    /// What other tools call it.
    private static let wordsOfOthers = [
        "ls": "images", "list": "images", "ps": "status", "remove": "rm", "delete": "rm", "undeploy": "rm", "switch": "deploy",
        "upgrade": "deploy --pull", "update": "deploy --pull", "undo": "rollback",
    ]

    /// The name that a word is like; nil where none is. The shorter one of them is, the fewer letters of it may be others. What removes
    /// something is nobody's guess.
    private static func near(_ word: String, in names: [String]) -> String? {
        let distance = { (name: String) in editDistance(Array(name.utf8), Array(word.utf8)) }
        let others = names.filter {
            !["rm", "prune", "uninstall"].contains($0) && distance($0) <= (min($0.utf8.count, word.utf8.count) + 1) / 3
        }
        return others.min { distance($0) < distance($1) }
    }

    static func main() async {
        linux_hold_standard_streams()
        // Whoever reads what is said may go away: what was begun goes on. The programs that this one runs do not get a handler, but would go on to
        // ignore the signal.
        if !linux_is_ignored(SIGPIPE) { signal(SIGPIPE, goOn) }
        // What others are told who wait for this process: where it has begun once more, the kernel calls it 'exe'.
        pthread_setname_np(pthread_self(), "docker-btrfs")
        findSystemPrograms()
        do {
            let words: [String]
            switch try DockerPlugin(arguments(), environment: surroundings()) {
            case .metadata: return print(DockerPlugin.description.text, terminator: "")
            case .complete(let typed): return print(DockerPlugin.completions(typed) { $0.found() }, terminator: "")
            case .command(let own, let docker):
                words = own
                for (name, value) in docker { setenv(name, value, 1) }
            }
            var command = try command(of: words)
            try checkProcesses()
            if var command = command as? any AsyncParsableCommand {
                try await command.run()
            } else {
                try command.run()
            }
            try checkOutput()
        } catch let failure as Failure {
            if let signal = Interruption.signal {
                tell(fullMessage(for: Complaint(failure)))
                Interruption.end(by: signal)
            }
            exit(withError: Complaint(failure))
        } catch {
            exit(withError: error)
        }
    }
}

/// Any thread may get a signal: a closure in `main` would belong to the main one.
private func goOn(_ signal: Int32) {}

/// A failure as ArgumentParser prints it: `Error: …`, exit status 1.
struct Complaint: Error, CustomStringConvertible {
    let description: String

    init(_ failure: Failure) {
        let isDenied = [EPERM, EACCES].contains { failure.message.hasSuffix(String(cString: strerror($0))) }
        let remedy: String? =
            if geteuid() != 0 { "run this as root" } else if isConfined() {
                "this is root without the right to mount, as in a container: run it on the machine itself"
            } else { nil }
        description = (isDenied ? remedy.map { Failure(failure.message, hint: $0) } ?? failure : failure).description
    }
}
