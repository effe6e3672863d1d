public import Basics
internal import Boot
internal import BootEntries
internal import CHooks
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
    /// What an earlier setup wrote; nil where there is nothing, or it cannot be read.
    let before: Settings?
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
        before = try? Settings.current(on: topLevel)
        // The entries of the menu, and the programs in what is deployed, are made by what was chosen when that was deployed.
        isDeployed = try !Deployment.all(on: topLevel).deployments.isEmpty
        let build = "\(machine.engine.words.joined(separator: " ")) build -t NAME DIR"
        next = isDeployed ? "docker-btrfs deploy" : "\(build) && docker-btrfs deploy NAME"
        device = machine.filesystem.device
        system = machine.system
        topLayer = machine.settings.topLayer
        given = choices.system == "/" ? try GivenFiles(on: machine.filesystem, topLayer: topLayer) : nil
        let users = try addTopLayer(choices, renewsUsers: renewsUsers)
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
        before = try? Settings.current(on: topLevel)
        self.system = system
        topLayer = settings.topLayer
        given = nil
        _ = try addTopLayer(choices)
        addSettings(settings)
    }

    /// Last: a machine that has them is set up. What cannot be read is written anew.
    private mutating func addSettings(_ settings: Settings) {
        if before != settings {
            changes.append(.write(Layout.settings, Array(settings.text.utf8), mode: 0o600, about: "what was found"))
        }
    }

    /// Returns the people of the system.
    private mutating func addTopLayer(_ choices: SetupChoices, renewsUsers: Bool = false) throws(Failure) -> MachineUsers {
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
        try topLevel.makeWritableHere()
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
    mutating func makeOwnFolder(_ path: Path) throws(Failure) {
        if path.isTop { return }
        try makeOwnFolder(path.parent)
        try makeFolder(topLayer / path, mode: system.target(of: path)?.permissions ?? 0o755)
    }

    /// What is there is the machine's own, and stays.
    mutating func add(_ path: Path, _ bytes: [UInt8], mode: UInt32 = 0o644, about: String) throws(Failure) {
        let place = topLayer / path
        if try topLevel.status(of: place) != nil { return }
        try makeOwnFolder(path.parent)
        changes.append(.write(place, bytes, mode: mode, about: about))
    }

    func isGiven(_ path: Path) throws(Failure) -> Bool { try given?.has(path, of: system) ?? false }

    mutating func addLink(_ path: Path, to target: String, about: String? = nil) throws(Failure) {
        let place = topLayer / path
        if try topLevel.status(of: place) != nil { return }
        try makeOwnFolder(path.parent)
        changes.append(.link(place, to: target, about: about))
    }

    private mutating func addTable(_ table: FilesystemTable) throws(Failure) {
        notes += table.notes
        for place in table.places { try makeFolder(topLayer / place.path, mode: place.mode) }
        guard let text = table.text else { return }
        let place = topLayer / FilesystemTable.path
        try makeFolder(place.parent)
        changes.append(.write(place, Array(text.utf8), mode: table.mode, about: table.added.joined(separator: ", ")))
    }
}
