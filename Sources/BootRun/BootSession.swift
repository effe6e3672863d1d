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
        try self.init(request) { request throws(Failure) in
            var devices = try BlockDevices()
            if !request.ignoresHibernation { try devices.checkHibernation() }
            return try Filesystems(mounting: request, .recovering, among: &devices)
        }
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

    /// Performs a plan of this boot and returns what is to be told of it.
    public func perform(_ plan: Plan, _ log: some BootLog) throws(Failure) -> Report {
        if let place = try filesystems.topLevel.directory(at: request.name)?.mountPoint() {
            throw Failure("could not replace '\(request.name)': it is mounted at '\(place)'", hint: "the next boot replaces it")
        }
        for note in plan.notes { log.notice(note) }
        var observer = Observer(log: log, stopwatch: stopwatch)
        var machine = LinuxMachine(topLevel: filesystems.topLevel, topLayer: filesystems.topLayer)
        try plan.perform(on: &machine, observer: &observer)
        return Report(
            request, root: try facts.root(at: request.name, on: filesystems.topLevel), observer.stopwatch,
            notes: plan.notes + observer.notes
        )
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

/// Where a boot tells what it does.
public protocol BootLog {
    /// A line for each step before it is done.
    func info(_ text: String)
    /// What the person at the machine must see.
    func notice(_ text: String)
}
