import ArgumentParser
import Basics

/// This program as a plug-in of the Docker CLI (docker/cli, cli-plugins): `docker btrfs …` runs it with all of docker's arguments.
enum DockerPlugin: Equatable {
    /// Asked for by docker, to list the plug-in.
    case metadata
    /// Our own arguments, and variables by which docker, where we run it, is told what it was told here.
    case command([String], docker: [String: String] = [:])
    /// The words after `btrfs` on a command line that is completed; the last one is being typed.
    case complete([String])

    /// What docker sets for a plug-in that it runs.
    static let sign = "DOCKER_CLI_PLUGIN_ORIGINAL_CLI_COMMAND"
    private static let name = "btrfs"

    /// `environment` is that of the process. Fails where docker was told to talk to another machine: images are booted from this one's disk.
    init(_ arguments: [String], environment: [String: String]) throws(Failure) {
        if arguments == ["docker-cli-plugin-metadata"] {
            self = .metadata
            return
        }
        if arguments.first == "__complete" && arguments.dropFirst().first == Self.name {
            self = .complete(Array(arguments.dropFirst(2)))
            return
        }
        guard environment[Self.sign] != nil else {
            self = .command(arguments)
            return
        }
        var rest = arguments[...]
        var settings: [String: String] = [:]
        while let option = rest.first, option.hasPrefix("-") {
            rest = rest.dropFirst()
            guard let (name, attached) = Self.valued(option) else { continue }
            settings[name] = attached ?? rest.popFirst() ?? ""
        }
        let isHelp = rest.first == "help"
        let words = Array(rest.drop { $0 == "help" }.dropFirst())
        let own = isHelp ? words + ["--help"] : words
        // What only tells of this program is for every machine.
        self = .command(own, docker: try Self.isQuestion(own) ? [:] : Self.docker(told: settings, environment))
    }

    /// Whether it is for help or for the version.
    private static func isQuestion(_ words: [String]) -> Bool {
        words.first == "help" || words.prefix { $0 != "--" }.contains { ["--help", "-h", "--version"].contains($0) }
    }

    /// What docker's own options, by their names, say to another docker. Fails where it would talk to another machine.
    static func docker(told settings: [String: String] = [:], _ environment: [String: String]) throws(Failure) -> [String: String] {
        func said(_ text: String?) -> String? { text.flatMap { $0.isEmpty ? nil : $0 } }
        var variables: [String: String] = [:]
        let host = said(settings["host"])
        if let wanted = host ?? said(environment["DOCKER_HOST"]), !wanted.hasPrefix("unix://") {
            throw Self.isRemote("the host '\(wanted)'")
        }
        if let host { variables["DOCKER_HOST"] = host }
        if let folder = said(settings["config"]) { variables["DOCKER_CONFIG"] = folder }
        var context = said(settings["context"])
        if let context { variables["DOCKER_CONTEXT"] = context }
        // As docker chooses: a host goes before a context that is not an option.
        if context == nil && host == nil && said(environment["DOCKER_HOST"]) == nil {
            let folder = said(settings["config"]) ?? said(environment["DOCKER_CONFIG"]) ?? environment["HOME"].map { "\($0)/.docker" }
            context = said(environment["DOCKER_CONTEXT"]) ?? folder.flatMap(Self.currentContext)
        }
        if let context, context != "default" { throw Self.isRemote("the context '\(context)'") }
        return variables
    }

    /// Those of docker's own options that have a value, and the letters of some.
    private static let valued: Set<String> = ["config", "context", "host", "log-level", "tlscacert", "tlscert", "tlskey"]
    private static let letters: [Character: String] = ["c": "context", "H": "host", "l": "log-level"]

    /// Which of these an option is, and its value where that is attached: `--context=far`, `-cfar`, `-Dc=far`. nil for one that has none.
    private static func valued(_ option: String) -> (name: String, value: String?)? {
        if option.hasPrefix("--") {
            let parts = option.dropFirst(2).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
            return valued.contains(parts[0]) ? (parts[0], parts.count == 2 ? parts[1] : nil) : nil
        }
        guard let place = option.firstIndex(where: { letters[$0] != nil }), let name = letters[option[place]] else { return nil }
        let rest = option[option.index(after: place)...]
        return (name, rest.isEmpty ? nil : String(rest.hasPrefix("=") ? rest.dropFirst() : rest))
    }

    /// What `docker context use` chose; nil where nothing did.
    private static func currentContext(in folder: String) -> String? {
        guard let bytes = try? fileContents("\(folder)/config.json"), let json = try? JSON(parsing: bytes, name: "config.json") else {
            return nil
        }
        return json["currentContext"]?.string
    }

    private static func isRemote(_ what: String) -> Failure {
        Failure(
            "could not use \(what): images are booted from this machine's own disk",
            hint: "run it on the machine itself; 'docker --context default btrfs …', or DOCKER_CONTEXT=default, takes this machine's engine"
        )
    }

    static let description = JSONOutput.object([
        ("SchemaVersion", .string("0.1.0")), ("Vendor", .string("docker-btrfs")), ("Version", .string(version)),
        ("ShortDescription", .string(DockerBtrfs.configuration.abstract)),
    ])

    /// What is typed as a value.
    private enum Value {
        case words([String])
        case names(CompletedNames)
        case file, directory
        /// Nobody knows.
        case other
    }

    /// Those of `completion: .names(…)`: the library does not tell whose they are.
    private static let namesOfOptions: [String: CompletedNames] = ["--root": .roots, "--project": .projects, "--kernel-image": .images]

    /// What a command takes, as the library writes it for what makes its manual.
    private struct Arguments {
        /// The names that help shows, each with what it does.
        private(set) var shown: [String] = []
        /// The values of options, by all names of these.
        private(set) var options: [String: Value] = [:]
        /// Those without a name, in their order.
        private var values: [Value] = []
        /// Whether the last of these may be typed several times.
        private var isRepeating = false

        init(of command: any ParsableCommand.Type) {
            let help = try? JSON(parsing: Array(Self.description(of: command).utf8), name: "help")
            for argument in help?["command"]?["arguments"]?.elements ?? [] {
                let kind = argument["completionKind"]
                if argument["kind"]?.string == "positional" {
                    values.append(Self.value(kind, names: (command as? any TakesName.Type)?.completed))
                    isRepeating = argument["isRepeating"]?.isTrue == true
                    continue
                }
                for name in (argument["names"]?.elements ?? []).compactMap({ $0["name"]?.string }) {
                    let option = (name.count == 1 ? "-" : "--") + name
                    if argument["shouldDisplay"]?.isTrue == true { shown.append("\(option)\t\(argument["abstract"]?.string ?? "")") }
                    if argument["kind"]?.string == "option" {
                        options[option] = Self.value(kind, names: DockerPlugin.namesOfOptions[option])
                    }
                }
            }
        }

        /// The one that comes after so many; nil where there is none.
        func value(after count: Int) -> Value? { count < values.count ? values[count] : isRepeating ? values.last : nil }

        private static func value(_ kind: JSON?, names: CompletedNames?) -> Value {
            if let list = kind?["list"]?["values"]?.elements { return .words(list.compactMap(\.string)) }
            if kind?["file"] != nil { return .file }
            if kind?["directory"] != nil { return .directory }
            if kind?["custom"] != nil, let names { return .names(names) }
            return .other
        }

        /// As JSON.
        private static func description(of command: any ParsableCommand.Type) -> String {
            do { _ = try command.parseAsRoot(["--experimental-dump-help"]) } catch { return command.fullMessage(for: error) }
            return ""
        }
    }

    /// Words for what is being typed, as cobra's shell scripts read them. The last line is what they do beside that: `:4` says that no files
    /// are meant, `:0` that they are, `:16` directories alone.
    static func completions(_ words: [String], names: (CompletedNames) -> [String]) -> String {
        var typed = words.last ?? ""
        var command: any ParsableCommand.Type = DockerBtrfs.self
        var rest = words.dropLast()
        while let word = rest.first, let next = command.configuration.subcommands.first(where: { $0.configuration.commandName == word }) {
            (command, rest) = (next, rest.dropFirst())
        }
        var found: [String] = []
        var directive = 4
        let arguments = Arguments(of: command)
        var value: Value?
        var count = 0
        for word in rest {
            if value != nil { value = nil } else if word.hasPrefix("-") { value = arguments.options[word] } else { count += 1 }
        }
        if value == nil, typed.hasPrefix("--"), let sign = typed.firstIndex(of: "="),
            let attached = arguments.options[String(typed[..<sign])]
        {
            value = attached
            typed = String(typed[typed.index(after: sign)...])
        }
        if value == nil && typed.hasPrefix("-") && !rest.contains("--") {
            found = arguments.shown
        } else if let value = value ?? arguments.value(after: count) {
            switch value {
            case .words(let words): found = words
            case .names(let kind): found = names(kind)
            case .file: directive = 0
            case .directory: directive = 16
            case .other: break
            }
        } else if rest.isEmpty {
            for command in command.configuration.subcommands where command.configuration.shouldDisplay {
                found.append("\(command.configuration.commandName ?? "")\t\(command.configuration.abstract)")
            }
        }
        return (found.filter { $0.hasPrefix(typed) } + [":\(directive)"]).map { $0 + "\n" }.joined()
    }
}
