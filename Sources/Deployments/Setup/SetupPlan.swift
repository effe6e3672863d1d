public import Basics
internal import Boot
internal import BootEntries
internal import CHooks
internal import Initramfs
internal import Linux
internal import Planning

/// What `docker-btrfs setup` found and is going to make. Where all is there already, it makes nothing.
public struct SetupPlan {
    /// What was found, each with the option that changes it.
    public let found: [String]
    /// What to type when it is made.
    public let next: String
    public let isDeployed: Bool
    /// What a person should know.
    public internal(set) var notes: [String] = []
    let topLevel: Directory
    /// What that is on in the running system; nil for a disk that is being made.
    let device: String?
    private let lock: FilesystemLock?
    let system: Directory
    let topLayer: Path
    /// nil where that is no root of ours.
    let given: GivenFiles?
    var changes: [SetupChange] = []
    var made: Set<Path> = []

    /// With `isLocked` nobody else changes anything there as long as this lives; fails where somebody does. With `renewsUsers` the people that
    /// the top layer has give way to those of the system.
    public init(_ choices: SetupChoices, renewsUsers: Bool, isLocked: Bool) throws(Failure) {
        var machine = try FoundMachine(choices)
        lock = isLocked ? try FilesystemLock(on: machine.filesystem.topLevel, seconds: 0) { _ in } : nil
        // What another setup wrote until then counts.
        if isLocked { machine = try FoundMachine(choices) }
        found = machine.lines
        notes = machine.notes
        topLevel = machine.filesystem.topLevel
        // The entries of the menu, and the programs in what is deployed, are made by what was chosen when that was deployed.
        isDeployed = try !Deployment.all(on: topLevel).deployments.isEmpty
        let build = "\(machine.engine.words.joined(separator: " ")) build -t NAME DIR"
        next = isDeployed ? "docker-btrfs deploy" : "\(build) && docker-btrfs deploy NAME"
        device = machine.filesystem.device
        system = machine.system
        topLayer = machine.settings.topLayer
        given = choices.system == "/" ? try GivenFiles(on: machine.filesystem, topLayer: topLayer) : nil
        let users = try add(machine.settings, choices, renewsUsers: renewsUsers)
        let table = try FilesystemTable(machine, data: choices.data, in: topLevel.directory(at: topLayer))
        try addTable(table)
        notes += try users.homeNotes(in: system, besides: table.targets, table.filled, on: topLevel)
        try noteUnmountedData(beside: table)
        try noteChanges(beside: table)
        noteFormerRoots(machine.settings)
        addSettings(machine.settings)
    }

    /// The same for a disk that is being made: `system` has what is its machine's own. It gets no fstab.
    package init(onNewDisk topLevel: Directory, from system: Directory, _ settings: Settings, _ choices: SetupChoices) throws(Failure) {
        lock = nil
        found = []
        next = ""
        isDeployed = false
        device = nil
        self.topLevel = topLevel
        self.system = system
        topLayer = settings.topLayer
        given = nil
        _ = try add(settings, choices)
        addSettings(settings)
    }

    /// Last: a machine that has them is set up. What cannot be read is written anew.
    private mutating func addSettings(_ settings: Settings) {
        if (try? Settings.current(on: topLevel)) != settings {
            changes.append(.write(Layout.settings, Array(settings.text.utf8), mode: 0o600, about: "what was found"))
        }
    }

    /// What this system mounts, and what it is called, since it was set up: what the top layer has stays.
    private mutating func noteChanges(beside table: FilesystemTable) throws(Failure) {
        let (id, name): (Path, Path) = ("etc/machine-id", "etc/hostname")
        // Any other system is one to mend this one from.
        guard given == nil, let layer = try topLevel.directory(at: topLayer), let own = try system.contents(of: id), !own.isEmpty,
            try layer.contents(of: id) == own
        else { return }
        let places = try table.missing(of: system).map { "'\(display($0.utf8))'" }
        if !places.isEmpty {
            notes.append(
                "this system's etc/fstab mounts \(places.joined(separator: ", ")), and no root does: its lines can be copied to "
                    + "'\(topLayer / FilesystemTable.path)' of the btrfs")
        }
        if let here = Self.hostname(in: try system.contents(of: name)), let there = Self.hostname(in: try layer.contents(of: name)),
            here != there
        {
            notes.append("this system is called '\(here)', and each root '\(there)': '\(topLayer / name)' of the btrfs says that")
        }
    }

    /// As hostname(5) has it: empty lines and comments may come first.
    static func hostname(in file: [UInt8]?) -> String? {
        let lines = (file ?? []).split(separator: UInt8(ascii: "\n")).map { line in
            String(decoding: line, as: UTF8.self).split(whereSeparator: \.isWhitespace).joined(separator: " ")
        }
        return lines.first { !$0.isEmpty && !$0.hasPrefix("#") }.map { display($0.utf8) }
    }

    /// A line of it may be lost, and what is written at its place is in a root then, which goes.
    private mutating func noteUnmountedData(beside table: FilesystemTable) throws(Failure) {
        // Of several machines each may have a table of its own.
        guard let origins = table.origins, try !topLevel.hasLayersByMachine(at: topLayer) else { return }
        for name in try topLevel.directory(at: FilesystemTable.dataFolder)?.names() ?? [] {
            let path = FilesystemTable.dataFolder.appending(name: name)
            guard try topLevel.status(of: path)?.kind == .directory, try topLevel.directory(at: path)?.subvolume() != nil,
                !origins.contains(where: { path.isWithin($0) })
            else { continue }
            notes.append(
                "no line of the top layer's etc/fstab mounts '\(path)', and no root has what is in it: --data of its directory mounts it again"
            )
        }
    }

    /// Under another name, no command lists or deletes them.
    private mutating func noteFormerRoots(_ settings: Settings) {
        guard let former = (try? Settings.current(on: topLevel))?.root, former != settings.root else { return }
        let count = Facts.roots(of: former, on: topLevel).roots.count
        if count == 0 { return }
        let (stay, them) =
            count == 1 ? ("1 root of '\(former)' stays, and takes", "it") : ("\(count) roots of '\(former)' stay, and take", "them")
        notes.append("\(stay) room: 'docker-btrfs setup --name \(display(former.bytes))' brings \(them) back into 'docker-btrfs root ls'")
    }

    /// Returns the people of the system.
    private mutating func add(_ settings: Settings, _ choices: SetupChoices, renewsUsers: Bool = false) throws(Failure) -> MachineUsers {
        try makeFolder(Layout.home, mode: 0o700)
        try makeFolder(topLayer)
        if try topLevel.hasLayersByMachine(at: topLayer) {
            notes.append(
                """
                '\(topLayer)' has the layers of several machines, and setup writes into it as into one: move what it made to \
                '\(topLayer)/common' or '\(topLayer)/machine/NAME', for else no root gets it
                """)
        }
        // What a run that was killed left. '/srv.new' may be data, too.
        if try topLevel.status(of: Layout.newData) != nil { changes.append(.step(.deleteSubvolume(Place(Layout.newData)))) }
        for path in choices.data { try addData(path) }
        try addManifest()
        try addOwnFiles()
        try noteDataRoot()
        try addKeys()
        let users = try addUsers(renews: renewsUsers)
        try addUnit(
            "docker-btrfs-host-keys.service", hooks_machine_host_keys, wantedBy: "multi-user.target", about: "makes sshd's keys, once")
        try addPrograms(choices.program, choices.companion)
        if choices.companion != nil { try addUpdate(isEnabled: choices.update) }
        return users
    }

    public var lines: [String] { changes.map(\.description) }

    public func perform(say: (String) -> Void) throws(Failure) {
        do throws(Failure) { try carryOut(say) } catch {
            // A disk that is being made has no roots. Without settings no command lists those that are there.
            throw device == nil ? error : error.hintingAtRoom(isOnBtrfs: (try? Settings.current(on: topLevel)) != nil)
        }
    }

    private func carryOut(_ say: (String) -> Void) throws(Failure) {
        try topLevel.makeWritable()
        var machine = LinuxMachine(topLevel: topLevel, topLayer: .success(system))
        for change in changes {
            if change.isTold { say(change.description) }
            do throws(Failure) { try change.perform(on: topLevel, from: system, &machine) } catch {
                // The room is somebody else's.
                if case .copyDirectory(_, let path) = change { _ = try? machine.perform(.deleteSubvolume(Place(path))) }
                throw error
            }
        }
        try topLevel.sync()
    }

    mutating func makeFolder(_ path: Path, mode: UInt32 = 0o755) throws(Failure) {
        if path.isTop || made.contains(path) { return }
        if try topLevel.directory(at: path) != nil { return }
        try makeFolder(path.parent)
        changes.append(.makeDirectory(path, mode: mode))
        made.insert(path)
    }

    /// A folder of the top layer, as closed as it is here.
    private mutating func makeOwnFolder(_ path: Path) throws(Failure) {
        if path.isTop { return }
        try makeOwnFolder(path.parent)
        try makeFolder(topLayer / path, mode: system.target(of: path)?.permissions ?? 0o755)
    }

    /// What is there is the machine's own, and stays.
    private mutating func add(_ path: Path, _ bytes: [UInt8], mode: UInt32 = 0o644, about: String) throws(Failure) {
        let place = topLayer / path
        if try topLevel.status(of: place) != nil { return }
        try makeOwnFolder(path.parent)
        changes.append(.write(place, bytes, mode: mode, about: about))
    }

    private func isGiven(_ path: Path) throws(Failure) -> Bool { try given?.has(path, of: system) ?? false }

    private mutating func addLink(_ path: Path, to target: String, about: String? = nil) throws(Failure) {
        let place = topLayer / path
        if try topLevel.status(of: place) != nil { return }
        try makeOwnFolder(path.parent)
        changes.append(.link(place, to: target, about: about))
    }

    /// What a top layer says of an identity.
    package static let manifest = """
        {
          "create_only": ["/etc/machine-id", "/etc/ssh/ssh_host_*", "/var/lib/systemd/credential.secret"],
          "image_identity": "remove"
        }

        """

    private mutating func addManifest() throws(Failure) {
        // With one that cannot be read, each boot would be refused.
        if let layer = try topLevel.directory(at: topLayer) { _ = try LayerManifest(of: layer) }
        try add(
            LayerRules.manifest, Array(Self.manifest.utf8),
            about: "machine-id and the keys of sshd and systemd are kept once there are any")
    }

    /// What makes this system this machine, and not the image that it was made of.
    private mutating func addOwnFiles() throws(Failure) {
        for (path, about) in Self.ownFiles {
            guard let status = try system.status(of: path), try !isGiven(path) else { continue }
            if path == Self.resolver {
                guard status.kind == .file, let bytes = try system.contents(of: path),
                    try Self.isWritten(resolver: bytes, beside: system.contents(of: Self.interfaces) ?? [])
                else { continue }
            }
            if path == RoutineChange.clock {
                guard let bytes = try system.contents(of: path), RoutineChange.isChosen(bytes) else { continue }
            }
            if status.kind == .symlink {
                guard let parent = try system.directory(at: path.parent) else { continue }
                try addLink(path, to: String(decoding: parent.text(ofLink: cString(path.name)), as: UTF8.self))
            } else if status.kind == .file, let bytes = try system.contents(of: path), !bytes.isEmpty {
                try add(path, bytes, mode: status.permissions, about: about)
            }
        }
        for folder in [
            "etc/ssh", "etc/systemd/network", "etc/NetworkManager/system-connections", "etc/network/interfaces.d", "etc/netplan",
        ] as [Path] {
            for name in try system.directory(at: folder)?.names() ?? [] {
                if folder == "etc/ssh" && !name.starts(with: "ssh_host_".utf8) { continue }
                let path = folder.appending(name: name)
                guard let status = try system.status(of: path), status.kind == .file, let bytes = try system.contents(of: path),
                    try !isGiven(path)
                else { continue }
                try add(path, bytes, mode: status.permissions, about: folder == "etc/ssh" ? "this machine's key" : "this machine's network")
            }
        }
    }

    /// What opens the encrypted disks: crypttab(5). A key that is on a disk of its own, such as a stick, stays there.
    private mutating func addKeys() throws(Failure) {
        let root = try system.status(of: .top)?.device
        let lines = try system.contents(of: "etc/crypttab")?.split(separator: UInt8(ascii: "\n")) ?? []
        for line in lines {
            let words = String(decoding: line, as: UTF8.self).split(whereSeparator: \.isWhitespace)
            guard let name = words.first, !name.hasPrefix("#") else { continue }
            let named = words.dropFirst(2).first.flatMap { $0.hasPrefix("/") ? $0 : nil }
            guard let path = Path(named.map { String($0) } ?? "etc/cryptsetup-keys.d/\(name).key"),
                let status = try system.status(of: path), status.kind == .file, status.device == root,
                let bytes = try system.contents(of: path), try !isGiven(path)
            else { continue }
            try add(path, bytes, mode: status.permissions, about: "the key of an encrypted disk")
        }
    }

    /// Where Docker of each root has its data, and where this system's Docker has: they are to be one.
    private mutating func noteDataRoot() throws(Failure) {
        let file: Path = "etc/docker/daemon.json"
        let isHere = try given != nil ? true : system.status(of: file) != nil
        guard isHere, let layer = try topLevel.directory(at: topLayer), try layer.status(of: file) != nil,
            let theirs = try? EngineRoots(in: layer).docker, let own = try? EngineRoots(in: system).docker, Path(theirs) != Path(own)
        else { return }
        let remedy =
            given == nil
            ? "remove the top layer's, and run setup again, which takes this system's" : "'docker-btrfs adopt \(file)' takes this system's"
        notes.append(
            "'\(topLayer / file)' has Docker's data in '\(theirs)' in each root, and this system has it in '\(own)': \(remedy)")
    }

    private static let ownFiles: [(Path, String)] = [
        ("etc/hostname", "this machine's name"), ("etc/hosts", "this machine's name"), ("etc/machine-id", "this machine's id"),
        ("etc/locale.conf", "the language"), ("etc/default/locale", "the language"), ("etc/vconsole.conf", "the keyboard"),
        ("etc/default/keyboard", "the keyboard"), ("etc/localtime", "the time zone"), ("etc/timezone", "the time zone"),
        (RoutineChange.clock, "that the clock shows local time"),
        ("etc/crypttab", "the encrypted disks"), ("etc/docker/daemon.json", "where Docker's data is"),
        (interfaces, "this machine's network"), (resolver, "this machine's network"),
    ]

    private static let (resolver, interfaces): (Path, Path) = ("etc/resolv.conf", "etc/network/interfaces")

    /// Whether a person wrote an etc/resolv.conf: what a program wrote it writes again, and one that answers on this machine need not be in
    /// the image. A client of DHCP writes no name into it.
    static func isWritten(resolver bytes: [UInt8], beside interfaces: [UInt8]) -> Bool {
        let lines = [bytes, interfaces].map { file in
            file.split(separator: UInt8(ascii: "\n")).map { String(decoding: $0, as: UTF8.self).split(whereSeparator: \.isWhitespace) }
        }
        let servers = lines[0].filter { $0.first == "nameserver" }.compactMap { $0.dropFirst().first }
        let isStatic = lines[1].contains { $0.first == "iface" && $0.last == "static" }
        return isStatic && !servers.isEmpty && !servers.contains { $0.hasPrefix("127.") || $0 == "::1" }
            && !String(decoding: bytes, as: UTF8.self).lowercased().contains("generated by")
    }

    private mutating func addUsers(renews: Bool) throws(Failure) -> MachineUsers {
        let folder = topLayer / MachineUsers.folder
        let known = try topLevel.directory(at: folder)
        let users = try MachineUsers(in: system, known: known, image: given?.image)
        if let others = try users.difference(from: known) {
            // An earlier version wrote one file after the other, and may have been killed between them. The settings are written last.
            let isFirst = (try? Settings.current(on: topLevel))?.topLayer != topLayer
            let isPartOfThem = try users.has(allOf: known)
            if renews || known == nil || isFirst && isPartOfThem {
                try makeOwnFolder(MachineUsers.folder.parent)
                changes.append(.writePeople(users, topLayer: topLayer))
            } else {
                notes.append("the people of this system are not those that each root gets from '\(folder)': \(others); --users renews them")
            }
        }
        try replace("usr/lib/docker-btrfs/users", bytes(hooks_machine_users), about: "gives each root these users")
        try addUnit("docker-btrfs-users.service", hooks_machine_users_unit, wantedBy: "sysinit.target")
        return users
    }

    /// An image needs nothing of ours inside: what marks a boot as good, and what deploys the next image, come with the top layer.
    private mutating func addPrograms(_ initProgram: String, _ companion: String?) throws(Failure) {
        guard let program = try fileContents(initProgram) else {
            throw Failure("could not open '\(initProgram)': it is not there", hint: "say where docker-btrfs-init is: --init FILE")
        }
        try checkInitProgram(initProgram)
        try replace(programPath, program, about: "marks a boot as good")
        try addUnit("docker-btrfs-good.service", hooks_systemd_booted, wantedBy: "multi-user.target")
        guard let companion else { return }
        guard let program = try fileContents(companion) else { throw Failure("could not open '\(companion)': it is not there") }
        try replace("usr/bin/docker-btrfs", program, about: "deploys the next image")
        try addLink("usr/libexec/docker/cli-plugins/docker-btrfs", to: "../../../bin/docker-btrfs")
    }

    private mutating func addUpdate(isEnabled: Bool) throws(Failure) {
        try add(
            unit: "etc/systemd/system/docker-btrfs-update.service", hooks_machine_update, about: "follows a registry, where it is enabled")
        let folder: Path = "etc/systemd/system"
        try add(unit: folder / "docker-btrfs-update.timer", hooks_machine_update_timer, about: "the same")
        let link = folder / "timers.target.wants/docker-btrfs-update.timer"
        if !isEnabled { return }
        if try topLevel.status(of: topLayer / link) != nil { return }
        try addLink(link, to: "../docker-btrfs-update.timer", about: "each root to come pulls and deploys once a day")
        if let next = try Deployment.all(on: topLevel).deployments.first?.reference, case .name(let name) = next.kind, !name.hasRegistry {
            notes.append(
                """
                --update pulls what is deployed by its name, and '\(next)' names no registry: where it was built here, \
                'docker-btrfs deploy --pull REGISTRY/NAME' begins to follow one
                """)
        }
    }

    /// A program of ours, where it is not there or of another version.
    private mutating func replace(_ path: Path, _ program: [UInt8], about: String) throws(Failure) {
        let place = topLayer / path
        if try topLevel.contents(of: place)?.elementsEqual(program) == true { return }
        try makeFolder(place.parent)
        changes.append(.write(place, program, mode: 0o755, about: about))
    }

    private mutating func addUnit(_ name: String, _ file: hooks_file, wantedBy target: String, about: String = "the same") throws(Failure) {
        guard let unit = Path("etc/systemd/system/\(name)"), let link = Path("etc/systemd/system/\(target).wants/\(name)") else { return }
        try add(unit: unit, file, about: about)
        try addLink(link, to: "../\(name)")
    }

    /// One that is there may be a person's, or an earlier version's: nobody can tell.
    private mutating func add(unit: Path, _ file: hooks_file, about: String) throws(Failure) {
        try add(unit, bytes(file), about: about)
        let place = topLayer / unit
        if let standing = try topLevel.contents(of: place), standing != bytes(file) {
            notes.append("'\(place)' is not as this version has it, and stays: where nobody changed it, remove it and run setup again")
        }
    }

    private func bytes(_ file: hooks_file) -> [UInt8] { Array(UnsafeBufferPointer(start: file.bytes, count: Int(file.count))) }

    private mutating func addTable(_ table: FilesystemTable) throws(Failure) {
        notes += table.notes
        for place in table.places { try makeFolder(topLayer / place.path, mode: place.mode) }
        guard let text = table.text else { return }
        let place = topLayer / FilesystemTable.path
        try makeFolder(place.parent)
        changes.append(.write(place, Array(text.utf8), mode: table.mode, about: table.added.joined(separator: ", ")))
    }
}
