package import Basics
internal import CEntering
internal import CLinux
internal import Files
internal import Linux

/// How a root is entered.
package struct Entrance {
    package enum Network: String, CaseIterable { case none, host }

    package var network = Network.none
    package var binds: [SharedPath] = []
    package var isReadOnly = false
    package var account: Account
    /// Its arguments; the user's shell where there are none.
    package var command: [String] = []
    private let hostname: String

    package init(as account: Account, in root: Directory) throws(Failure) {
        self.account = account
        hostname = try Self.hostname(in: root) ?? "enter"
    }

    /// What the root's own file says; nil where that is no name.
    static func hostname(in root: Directory) throws(Failure) -> String? {
        guard try root.target(of: "etc/hostname")?.kind == .file else { return nil }
        guard let name = Files.hostname(in: try root.contents(of: "etc/hostname", limit: 4096)) else { return nil }
        let isName = name.utf8.allSatisfy { isAlphanumeric($0) || "-.".utf8.contains($0) }
        return isName && name.utf8.count <= 64 ? name : nil
    }

    /// Starts this program again as one whose file nobody can change who gets hold of its process. Returns where that is done, and nobody can
    /// change the file that it reads either, or a device.
    package static func protectProgram() throws(Failure) {
        if entering_restart(CommandLine.unsafeArgv) != 0 { throw .system("start this program from a read-only mount of it") }
        for (number, name) in [(STDIN_FILENO, "input"), (STDOUT_FILENO, "output"), (STDERR_FILENO, "error")] {
            if entering_shield(number) == 0 { continue }
            let line = number == STDIN_FILENO ? "cat FILE | docker-btrfs enter …" : "docker-btrfs enter … |& cat > FILE"
            throw Failure.system("hand on the standard \(name)").hinting("hand it on by a pipe: \(line)")
        }
    }

    /// How a command ended.
    package struct Ending {
        /// As a shell tells it.
        package let status: Int32
        /// Why it did not run, or what of it is lost.
        package let failure: Failure?
        /// Whether it ran.
        package let isStarted: Bool
    }

    /// Runs the command in a root. `device` has the filesystem, `explain` gets each step before it is done.
    ///
    /// Fails with the step that was not possible.
    package func run(in root: Directory, on device: String, explain: (String, String) -> Void) throws(Failure) -> Ending {
        guard let subvolume = try root.subvolume() else { throw Failure("could not enter '\(root.show(.top))': it is not a subvolume") }
        var places: [EntryStep] = []
        var binds: [SharedPath] = []
        for bind in self.binds { binds.append(try bind.resolved(in: root)) }
        for bind in binds { places += try bind.makePlace(in: root) }
        let tree = try Self.mounted(subvolume, on: device, UInt32(MOUNT_ATTR_NODEV | (isReadOnly ? MOUNT_ATTR_RDONLY : 0)))
        let terminals = try FilesystemTree(type: "devpts", options: [("mode", "0620"), ("gid", "5"), ("ptmxmode", "0666")])
        let terminal = try Terminal.isUsed ? Terminal(in: terminals, of: account.user) : nil
        let trees = try Self.opened(binds)
        let steps = rootSteps(of: root, subvolume, tree, terminals, places, trees) + ending(hasTerminal: terminal != nil)
        defer { withExtendedLifetime((tree, terminals, trees)) {} }
        return try start(steps, terminal, explain)
    }

    /// A subvolume as it is mounted, at no place yet.
    private static func mounted(_ subvolume: Subvolume, on device: String, _ attributes: UInt32) throws(Failure) -> OpenFile {
        let request = MountRequest(device: device, filesystemType: "btrfs", options: ["subvolid=\(subvolume.id)"])
        return OpenFile(try request.mount(.readWrite, attributes))
    }

    /// What each of them shows of the machine, at no place yet.
    private static func opened(_ binds: [SharedPath]) throws(Failure) -> [(SharedPath, OpenFile)] {
        var trees: [(SharedPath, OpenFile)] = []
        for bind in binds {
            let opened = entering_open_tree(bind.source, UInt64(MOUNT_ATTR_NODEV))
            if opened < 0 { throw .system("bind '\(bind.source)'") }
            trees.append((bind, OpenFile(opened)))
        }
        return trees
    }

    /// The steps up to the command: what it sees. `places` makes the places of `trees`, which are shown in the root.
    private func rootSteps(
        of root: Directory, _ subvolume: Subvolume, _ tree: OpenFile, _ terminals: FilesystemTree, _ places: [EntryStep],
        _ trees: [(SharedPath, OpenFile)]
    ) -> [EntryStep] {
        let attached = "move_mount(fd, \"%\"), nodev"
        var steps = [
            EntryStep(
                description: "see no mounts but its own", call: "mount(\"/\", MS_REC | MS_PRIVATE)", action: ENTERING_PRIVATE),
            EntryStep(
                description: "make '\(root.show(.top))' its '/'\(isReadOnly ? ", read-only" : ""), where no file is a device",
                call: "fsmount(\"btrfs\", \"subvolid=\(subvolume.id)\", NODEV), pivot_root(\".\", \".\"), umount2(\".\", MNT_DETACH)",
                action: ENTERING_PIVOT, path: Isolation.doorstep, tree: tree.descriptor),
        ]
        steps += Isolation.kernelFilesystems
        steps.append(
            .attach(
                terminals.descriptor, at: "/dev/pts", "mount a fresh devpts at '/dev/pts'", "fsopen(\"devpts\"), move_mount(\"/dev/pts\")"))
        steps += Isolation.closed + Isolation.fresh
        steps += places
        steps += trees.map { bind, tree in
            .attach(
                tree.descriptor, at: bind.target, "show '\(bind.source)' of the machine at '\(bind.target)'",
                "open_tree(\"\(bind.source)\", OPEN_TREE_CLONE), " + attached.replacing("%", with: bind.target))
        }
        steps.append(
            EntryStep(
                description: "be called '\(hostname)'", call: "sethostname(\"\(hostname)\")", action: ENTERING_HOSTNAME, source: hostname))
        if network == .none {
            steps.append(
                EntryStep(
                    description: "have a loopback, and no other network", call: "ioctl(SIOCSIFFLAGS, \"lo\", IFF_UP)",
                    action: ENTERING_LOOPBACK))
        }
        return steps
    }

    /// Boots the root's init, by systemd-nspawn of the machine, which gives it what an init needs. Nobody else sees where the root is
    /// mounted for that.
    package func boot(in root: Directory, on device: String, explain: (String, String) -> Void) throws(Failure) -> Ending {
        guard let subvolume = try root.subvolume() else { throw Failure("could not enter '\(root.show(.top))': it is not a subvolume") }
        let place = try doorstep()
        let tree = try Self.mounted(subvolume, on: device, UInt32(MOUNT_ATTR_NODEV))
        defer { withExtendedLifetime(tree) {} }
        // It locks the path that the root is mounted at, by a file beside it: each has another root there, which is locked by its folder.
        setenv("SYSTEMD_NSPAWN_LOCK", "0", 1)
        var nspawn = self
        nspawn.command = nspawnCommand(at: place)
        let steps = [
            EntryStep(description: "have mounts of its own", call: "mount(\"/\", MS_REC | MS_PRIVATE)", action: ENTERING_PRIVATE),
            Isolation.processes,
            .attach(
                tree.descriptor, at: place, "mount '\(root.show(.top))' at '\(place)'",
                "fsmount(\"btrfs\", NODEV), move_mount(\"\(place)\")"),
            Self.child, Self.session(hasTerminal: false),
            EntryStep(
                description: "have refused: ioctl of a whole filesystem, and of others' terminals",
                call: "seccomp(SECCOMP_SET_MODE_FILTER)",
                action: ENTERING_BOOT_FILTER),
            EntryStep(
                description: "become '\(nspawn.command.joined(separator: " "))'", call: "execve(\"systemd-nspawn\")",
                action: ENTERING_EXEC),
        ]
        let ending = try nspawn.start(
            steps, nil, explain, inNamespaces: [(CLONE_NEWNS, "CLONE_NEWNS"), (CLONE_NEWPID, "CLONE_NEWPID")], withoutInit: true)
        guard let failure = ending.failure, !ending.isStarted else { return ending }
        throw Failure(failure.message, hint: "--boot needs it: apt-get install systemd-container")
    }

    /// The directory that the root is mounted at for systemd-nspawn.
    private func doorstep() throws(Failure) -> String {
        // systemd-nspawn looks for what it binds when the root is mounted there.
        let places = ["/mnt", "/media", "/srv", "/opt"]
        let shown = binds.map { $0.source + "/" }
        guard let place = places.first(where: { place in Self.isDirectory(place) && !shown.contains { $0.hasPrefix(place + "/") } }) else {
            throw Failure(
                "could not boot the root: no directory is there to mount it at",
                hint: "it is one of \(places.joined(separator: ", ")), with nothing in it that --bind shows")
        }
        return place
    }

    private func nspawnCommand(at place: String) -> [String] {
        var command = [
            // A file of the machine's own for that name, which is the root's to choose, is for another container.
            "systemd-nspawn", "--quiet", "--boot", "--directory=\(place)", "--machine=docker-btrfs-\(getpid())",
            "--hostname=\(hostnameOfNspawn)", "--settings=no", "--register=no", "--keep-unit",
        ]
        if network == .none { command.append("--private-network") }
        if isReadOnly { command.append("--read-only") }
        command += binds.map(\.optionOfNspawn)
        return command
    }

    /// It takes none whose parts are empty, or have a hyphen at an end.
    private var hostnameOfNspawn: String {
        let parts = hostname.split(separator: ".", omittingEmptySubsequences: false)
        return parts.allSatisfy { !$0.isEmpty && !$0.hasPrefix("-") && !$0.hasSuffix("-") } ? hostname : "enter"
    }

    /// Not a link to one.
    private static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && Int32(status.st_mode) & S_IFMT == S_IFDIR
    }

    private static let child = EntryStep(
        description: "start the command, and stay as its process 1, which reaps what others leave",
        call: "close_range(3, ~0), clone(SIGCHLD)",
        action: ENTERING_CHILD)

    private static func session(hasTerminal: Bool) -> EntryStep {
        EntryStep(
            description: "begin a session\(hasTerminal ? " with a terminal of its own" : "")",
            call: "setsid()\(hasTerminal ? ", ioctl(TIOCSCTTY)" : "")", action: ENTERING_SESSION)
    }

    private func ending(hasTerminal: Bool) -> [EntryStep] {
        var refused: [String] = []
        while let name = entering_refused(Int32(refused.count)) { refused.append(String(cString: name)) }
        return [
            Self.child, Self.session(hasTerminal: hasTerminal),
            EntryStep(
                description: "have refused: \(refused.joined(separator: ", "))", call: "seccomp(SECCOMP_SET_MODE_FILTER)",
                action: ENTERING_FILTER),
            EntryStep(
                description: "be '\(account.name)', and keep of root's capabilities \(Isolation.kept.count)",
                call: "prctl(PR_CAPBSET_DROP), setgroups(), setresgid(\(account.group)), setresuid(\(account.user)), capset()",
                action: ENTERING_LIMITS),
            EntryStep(
                description: "run '\(arguments[0])'", call: "execve(\"\(arguments[0])\")",
                action: ENTERING_EXEC),
        ]
    }

    private var arguments: [String] { command.isEmpty ? [account.shell] : command }

    private var environment: [String] {
        let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        let own = [
            "PATH=\(path)", "HOME=\(account.home)", "USER=\(account.name)", "LOGNAME=\(account.name)", "SHELL=\(account.shell)",
            // As other programs that enter a root say it (systemd's container interface).
            "container=docker-btrfs",
        ]
        return own + ["TERM", "LANG", "COLORTERM"].compactMap { (name: String) in getenv(name).map { "\(name)=\(String(cString: $0))" } }
    }

    private func start(
        _ steps: [EntryStep], _ terminal: Terminal?, _ explain: (String, String) -> Void,
        inNamespaces namespaces: [(flag: Int32, name: String)] = Isolation.namespaces, withoutInit: Bool = false
    ) throws(Failure) -> Ending {
        let flags = namespaces.filter { network == .none || $0.flag != CLONE_NEWNET }
        explain(
            "make a process in namespaces of its own", "clone(\(flags.map(\.name).joined(separator: " | ")))")
        let strings = CStrings()
        let lowered = steps.map { $0.lowered(strings) }
        let own = strings.list(arguments)
        let surroundings = strings.list(environment)
        var reports: Int32 = -1
        let outputs = try OutputPipe.needed(for: account.user)
        terminal?.begin()
        let process = lowered.withUnsafeBufferPointer { lowered in
            account.groups.withUnsafeBufferPointer { groups in
                var command = entering_command()
                command.steps = lowered.baseAddress
                command.count = Int32(lowered.count)
                command.namespaces = flags.reduce(UInt64(0)) { $0 | UInt64(UInt32(bitPattern: $1.flag)) }
                command.arguments = UnsafePointer(own)
                command.environment = withoutInit ? nil : UnsafePointer(surroundings)
                command.without_init = withoutInit
                command.folder = strings.pointer(withoutInit ? "/" : account.home)
                command.capabilities = Isolation.keptMask
                command.user = account.user
                command.group = account.group
                command.groups = groups.baseAddress
                command.group_count = Int32(groups.count)
                let ends = [STDOUT_FILENO, STDERR_FILENO].map { number in outputs.first { $0.numbers.contains(number) }?.writing ?? -1 }
                command.outputs = (ends[0], ends[1])
                command.terminal = terminal?.peer ?? -1
                return entering_start(&command, &reports)
            }
        }
        if process < 0 {
            let failure = Failure.system("make a process in namespaces of its own")
            terminal?.end()
            throw failure
        }
        terminal?.closePeer()
        for output in outputs { output.closeWriting() }
        let (last, failure) = follow(reports, steps, explain)
        close(reports)
        let status = try RunningCommand(process, terminal, outputs).wait()
        if let failure, last != ENTERING_EXEC { throw failure }
        let lost = outputs.compactMap(\.failure).first
        return Ending(status: status == 0 && lost != nil ? 1 : status, failure: failure ?? lost, isStarted: failure == nil)
    }

    /// Reads what the new process does, until the command runs.
    private func follow(_ reports: Int32, _ steps: [EntryStep], _ explain: (String, String) -> Void) -> (entering_action, Failure?) {
        var report = entering_report()
        while true {
            let count = read(reports, &report, MemoryLayout<entering_report>.size)
            if count < 0 && linux_errno() == EINTR { continue }
            guard count == MemoryLayout<entering_report>.size, steps.indices.contains(Int(report.step)) else {
                return (ENTERING_EXEC, nil)
            }
            let step = steps[Int(report.step)]
            if report.error == 0 {
                explain(step.description, step.call)
                continue
            }
            let reason = report.error == ELOOP ? "what the image has there is a symlink" : String(cString: strerror(report.error))
            if step.action != ENTERING_EXEC { return (step.action, Failure("could not \(step.description): \(reason)")) }
            return (step.action, Failure("could not run '\(arguments[0])' in the root: \(reason)"))
        }
    }
}

/// A descriptor that is open as long as this lives.
final class OpenFile {
    let descriptor: Int32
    init(_ descriptor: Int32) { self.descriptor = descriptor }
    deinit { close(descriptor) }
}

/// Memory for what C reads, as long as this lives.
final class CStrings {
    private var pointers: [UnsafeMutablePointer<CChar>] = []
    private var lists: [UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>] = []

    func pointer(_ text: String) -> UnsafePointer<CChar> {
        let bytes = text.utf8CString
        let pointer = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
        for (index, byte) in bytes.enumerated() { pointer[index] = byte }
        pointers.append(pointer)
        return UnsafePointer(pointer)
    }

    func list(_ texts: [String]) -> UnsafeMutablePointer<UnsafeMutablePointer<CChar>?> {
        let list = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: texts.count + 1)
        for (index, text) in texts.enumerated() { list[index] = UnsafeMutablePointer(mutating: pointer(text)) }
        list[texts.count] = nil
        lists.append(list)
        return list
    }

    deinit {
        for pointer in pointers { pointer.deallocate() }
        for list in lists { list.deallocate() }
    }
}

extension EntryStep {
    func lowered(_ strings: CStrings) -> entering_step {
        var step = entering_step()
        step.action = action
        step.path = strings.pointer(path)
        step.source = strings.pointer(source)
        step.options = strings.pointer(options)
        step.attributes = UInt64(UInt32(bitPattern: attributes))
        step.mode = mode
        step.major = device.major
        step.minor = device.minor
        step.tree = tree
        step.optional = isOptional
        return step
    }
}
