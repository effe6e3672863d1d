internal import Basics
internal import Boot
internal import Files
internal import Programs

/// What a container of an image would run (OCI image specification, "Image Configuration").
struct ImageProcess {
    struct User: Equatable {
        let user: UInt32
        let group: UInt32
        /// Whether etc/passwd has a line of it, which programs that change to it ask for.
        let isKnown: Bool
        /// Groups that etc/group has it in; none where USER names one.
        var others: [UInt32] = []
    }

    /// ENTRYPOINT and CMD.
    let command: [String]
    let environment: [(name: String, value: String)]
    let folder: String
    /// nil for root.
    let user: User?
    /// VOLUME, in order.
    let volumes: [String]

    /// Fails where it has nothing to run, or names a user that is not there.
    init(_ configuration: [UInt8], of name: String, in files: ImageFiles) throws(Failure) {
        let what = "could not make a service of '\(name)'"
        let config = try JSON(parsing: configuration, name: "the configuration of \(name)")["config"]
        func words(_ key: String) -> [String] { (config?[key]?.elements ?? []).compactMap { $0.string } }
        command = words("Entrypoint") + words("Cmd")
        if command.isEmpty { throw Failure("\(what): it has neither ENTRYPOINT nor CMD", hint: "say in the Dockerfile what it runs") }
        volumes = (config?["Volumes"]?.members ?? []).map { $0.0 }.sorted()
        folder = config?["WorkingDir"]?.string.flatMap { $0.isEmpty ? nil : $0 } ?? "/"
        let names = (config?["User"]?.string ?? "").parts(at: ":", maxSplits: 1, omittingEmpty: false)
        func lines(_ path: Path) throws(Failure) -> [[String]] {
            do throws(Failure) { return try Self.lines(path, in: files) } catch {
                throw Failure("\(what): \(error.message)", hint: error.hint)
            }
        }
        let people = try lines("etc/passwd")
        var home = "/root"
        var user: User?
        if names != [""] {
            // A group alone is root's.
            let first = names[0].isEmpty ? "0" : names[0]
            let person = people.first { $0[0] == first } ?? people.first { $0.count > 2 && $0[2] == first }
            guard let number = userID(person.map { $0.count > 2 ? $0[2] : "" } ?? first) else {
                throw Failure("\(what): its USER is '\(first)', and its etc/passwd has none of that name", hint: Self.range)
            }
            var found: UInt32? = person.map { userID($0.count > 3 ? $0[3] : "") } ?? 0
            let groups = try lines("etc/group")
            var others: [UInt32] = []
            if names.count > 1, !names[1].isEmpty {
                let line = groups.first { $0[0] == names[1] }
                found = userID(line.map { $0.count > 2 ? $0[2] : "" } ?? names[1])
                if found == nil {
                    throw Failure("\(what): its USER has the group '\(names[1])', and its etc/group none of that name", hint: Self.range)
                }
            } else if let name = person?[0] {
                let lines = groups.filter { $0.count > 3 && $0[3].parts(at: ",").contains(name) }
                others = lines.compactMap { userID($0[2]) }.filter { $0 != found }
            }
            guard let group = found else {
                throw Failure("\(what): its USER is '\(first)', whose group in its etc/passwd is no number", hint: Self.range)
            }
            home = person.flatMap { $0.count > 5 ? $0[5] : nil } ?? "/"
            let isKnown = people.contains { $0.count > 2 && userID($0[2]) == number }
            user = number == 0 && group == 0 ? nil : User(user: number, group: group, isKnown: isKnown, others: others)
        }
        self.user = user
        let given = words("Env").map { $0.parts(at: "=", maxSplits: 1, omittingEmpty: false) }
        var environment = given.filter { $0.count == 2 && !$0[0].isEmpty }.map { (name: $0[0], value: $0[1]) }
        for (name, value) in [("PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"), ("HOME", home)]
        where !environment.contains(where: { $0.name == name }) {
            environment.append((name, value))
        }
        self.environment = environment
    }

    private static let range = "numbers go from 0 to \(UInt32.max - 1)"

    /// A list of people is not larger: `enter` reads as much.
    static let limit = 4 << 20

    static func lines(_ path: Path, in files: ImageFiles) throws(Failure) -> [[String]] {
        colonFields(try files.contents(of: path, limit: limit) ?? [])
    }

    /// What a shell has of its own, whichever it is, or finds `env` by: none of them holds a secret.
    private static let ownOfShells: Set<String> = [
        "_", "COLUMNS", "DIRSTACK", "EGID", "EPOCHREALTIME", "EPOCHSECONDS", "EUID", "FUNCNAME", "GID", "GROUPS", "HISTCMD", "HISTSIZE",
        "IFS",
        "LINENO", "LINES", "OLDPWD", "OPTARG", "OPTERR", "OPTIND", "PATH", "PGRP", "PIPESTATUS", "PPID", "PS0", "PS1", "PS2", "PS3", "PS4",
        "PWD", "RANDOM", "SAVEHIST", "SECONDS", "SHELLOPTS", "SHLVL", "SRANDOM", "TMOUT", "UID", "USERNAME", "USER_ID",
    ]

    /// Whether a shell hands a variable on as it is.
    private static func isExported(_ name: String) -> Bool {
        let isOwn = ownOfShells.contains(name) || ["BASH", "KSH_", "LC_", "LD_"].contains { name.hasPrefix($0) }
        let isName = name.utf8.allSatisfy { $0 == UInt8(ascii: "_") || isAlphanumeric($0) }
        return isName && !isOwn && name.utf8.first.map { !isDigit($0) } == true
    }

    /// A script that becomes the program, in its environment. `shell` runs it, and is an absolute path with the words that belong to it.
    /// `busybox` stands before each command, where the image has none of its own. With `isAlone` the script begins once more without the
    /// variables that the init has: its own, and what the kernel was told.
    func script(for shell: String, busybox: String = "", isAlone: Bool = false) -> String {
        // env(1) takes a program with '=' in its name for a variable.
        let isLikeVariable = command.first?.has("=") == true
        let starting = isLikeVariable ? shell.parts(at: " ") + ["-c", #"exec "$0" "$@""#] : []
        // Everybody can read the words of a command, so the shell exports the variables. Those that it does not know as names, or has
        // itself, such as UID, are words of `env`.
        let exported = environment.filter { Self.isExported($0.name) }
        let others = environment.filter { !Self.isExported($0.name) }
        let words = others.map { "\($0.name)=\($0.value)" } + starting + command
        let again = isAlone ? "[ \"$1\" ] || exec \(busybox)env -i PATH=\"$PATH\" \(shell) \"$0\" alone\n" : ""
        // What an inittab starts would read the console, where a shell is root's without a password: so it reads nothing. And /dev/stdout,
        // which programs open for their log, would be the journal's socket, which nothing opens, or the console, which only root opens: it
        // is a pipe then, as in a container. What reads the pipe outlives the program's stop and is no child of it.
        return """
            #!\(shell)
            # Written by docker-btrfs: the image's ENV, WORKDIR, ENTRYPOINT and CMD.
            \(again)\
            cd \(shellWord(folder)) || exit
            pipe=/dev/shm/application.$$
            if ! (: >> /proc/self/fd/1) 2> /dev/null && \(busybox)mkfifo -m 600 "$pipe"; then
                (trap '' TERM; \(busybox)cat < "$pipe" &)
                exec > "$pipe" 2>&1
                \(busybox)rm "$pipe"
            fi
            \(exported.map { "export \($0.name)=\(shellWord($0.value))\n" }.joined())\
            exec \(busybox)env -- \(words.map(shellWord).joined(separator: " ")) < /dev/null

            """
    }
}
