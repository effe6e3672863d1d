public import Basics
public import Boot
internal import Linux
public import Planning

/// One boot: its filesystems are open, and what is on them is known.
public struct BootSession {
    let request: Request
    let facts: Facts
    private let filesystems: Filesystems
    private var stopwatch: Stopwatch

    /// A boot to look at and not to perform: changes nothing at all on a disk. Directories, where given, are looked at in place
    /// of mounts.
    public init(rehearsing request: Request, topLevel: String?, topLayer: String?) throws(Failure) {
        try self.init(request) { request throws(Failure) in
            guard let topLevel else { return try Filesystems(mounting: request, .untouched) }
            return try Filesystems(topLevel: topLevel, topLayer: topLayer, for: request)
        }
    }

    /// A boot to perform. Fails where the root's filesystem cannot be mounted, or must not be.
    public init(mounting request: Request) throws(Failure) {
        try self.init(request) { request throws(Failure) in try Filesystems(mounting: request, .recovering) }
    }

    /// Opens the filesystems and looks at them.
    private init(_ request: Request, opening: (Request) throws(Failure) -> Filesystems) throws(Failure) {
        var stopwatch = Stopwatch()
        let filesystems = try opening(request)
        stopwatch.lap("wait for the devices and mount them")
        try self.init(request, filesystems, stopwatch)
    }

    private init(_ request: Request, _ filesystems: Filesystems, _ stopwatch: Stopwatch) throws(Failure) {
        self.request = request
        self.filesystems = filesystems
        self.stopwatch = stopwatch
        let names = [request.hostname].compactMap { $0 } + hardwareNames() + [request.machineID].compactMap { $0 }
        let host = Facts.Host(kernelRelease: kernelRelease(), time: secondsNow(), names: names)
        var facts = try Facts(surveying: filesystems.topLevel, topLayer: filesystems.topLayer, for: request, on: host)
        facts.space = filesystems.topLevel.isOnBtrfs ? try filesystems.topLevel.space() : nil
        self.facts = facts
        self.stopwatch.lap("look at the disk")
    }

    /// The same boot after something was changed.
    public func again() throws(Failure) -> BootSession {
        try BootSession(request, filesystems, stopwatch)
    }

    public func plan() throws(Failure) -> Plan {
        try Plan(for: request, given: facts)
    }

    public func plan(after failure: Failure) throws(Failure) -> Plan {
        try Plan(after: failure, for: request, given: facts)
    }

    public func planToStop() -> Plan {
        Plan(stopping: request, given: facts)
    }

    /// Performs a plan of this boot.
    public func perform(_ plan: Plan, _ log: some BootLog) throws(Failure) -> MadeRoot {
        if let place = try filesystems.topLevel.directory(at: request.name)?.mountPoint() {
            throw Failure("could not replace '\(request.name)': it is mounted at '\(place)'", hint: "the next boot replaces it")
        }
        for note in plan.notes { log.notice(note) }
        var observer = Observer(log: log, stopwatch: stopwatch)
        var machine = LinuxMachine(topLevel: filesystems.topLevel, topLayer: filesystems.topLayer)
        try plan.perform(on: &machine, observer: &observer)
        let report = Report(
            request, root: try facts.root(at: request.name, on: filesystems.topLevel), observer.stopwatch,
            notes: plan.notes + observer.notes
        )
        return MadeRoot(report: report, filesystem: OpenFilesystem(topLevel: filesystems.topLevel, root: request.name))
    }

    private struct Observer<Log: BootLog>: PlanObserver {
        let log: Log
        var stopwatch: Stopwatch
        var notes: [String] = []

        func willPerform(_ step: Step) { log.info("\(step)") }

        mutating func didPerform(_ step: Step, notes: [String]) {
            stopwatch.lap("\(step)")
            for note in notes { log.notice(note) }
            self.notes += notes
        }

        mutating func didFail(_ failure: Failure) {
            log.notice("\(failure.message), ignoring")
            notes.append(failure.message)
        }
    }
}

/// What a boot leaves.
public struct MadeRoot {
    /// What is to be told of it.
    public var report: Report
    /// nil once it is closed.
    public var filesystem: OpenFilesystem?
}

/// The filesystem of a root that is about to be mounted. That takes no time while this is open, and the close takes none after
/// it; a large filesystem takes seconds for both.
public struct OpenFilesystem {
    let topLevel: Directory
    let root: Path

    /// Leaves it open to a process that closes it when the root is mounted.
    public func leaveOpen() {
        // Where the root is still not mounted, somebody works at it, and may want the disk for himself.
        topLevel.stayMounted(until: root, seconds: 30)
    }
}

/// Where a boot tells what it does.
public protocol BootLog {
    /// A line for each step before it is done.
    func info(_ text: String)
    /// What the person at the machine must see.
    func notice(_ text: String)
}
