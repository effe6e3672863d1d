public import Basics
public import Boot
internal import Linux
public import Planning

/// A boot that was surveyed and planned, and can be performed.
public struct PreparedBoot {
    public let plan: Plan
    let request: Request
    let facts: Facts
    private let filesystems: Filesystems
    private var stopwatch: Stopwatch

    /// Opens the filesystems, looks at them and plans.
    private init(_ request: Request, opening: (Request) throws(Failure) -> Filesystems) throws(Failure) {
        stopwatch = Stopwatch()
        filesystems = try opening(request)
        stopwatch.lap("wait for the devices and mount them")
        facts = try Facts(surveying: filesystems.topLevel, topLayer: filesystems.topLayer, for: request)
        plan = try Plan(for: request, given: facts)
        stopwatch.lap("find the image and plan")
        self.request = request
    }

    /// A boot to look at and not to perform: changes nothing at all on a disk. Directories, where given, are looked at in place
    /// of mounts.
    public init(rehearsing request: Request, topLevel: String?, topLayer: String?) throws(Failure) {
        try self.init(request) { request throws(Failure) in
            guard let topLevel else { return try Filesystems(mounting: request, .untouched) }
            return try Filesystems(topLevel: topLevel, topLayer: topLayer, for: request)
        }
    }

    /// A boot to perform.
    public init(mounting request: Request) throws(Failure) {
        try self.init(request) { request throws(Failure) in try Filesystems(mounting: request, .recovering) }
    }

    /// Performs the plan and returns what is to be told of it. `log` gets a line for each step before it is done, and one for
    /// each failure that does not stop the boot.
    public func perform(log: (String) -> Void) throws(Failure) -> Report {
        if let place = try filesystems.topLevel.directory(at: request.name)?.mountPoint() {
            throw Failure(
                "could not replace '\(request.name)': it is mounted at '\(place)'",
                hint: "the next boot replaces it"
            )
        }
        var machine = try LinuxMachine(topLevel: filesystems.topLevel, topLayer: filesystems.topLayer)
        return try withoutActuallyEscaping(log) { log throws(Failure) in
            var observer = Observer(log: log, stopwatch: stopwatch)
            observer.stopwatch.lap("make the filesystem writable")
            try plan.perform(on: &machine, observer: &observer)
            return Report(boot: self, laps: observer.stopwatch.laps, warnings: observer.warnings)
        }
    }

    private struct Observer: PlanObserver {
        let log: (String) -> Void
        var stopwatch: Stopwatch
        var warnings: [String] = []

        func willPerform(_ step: Step) { log("\(step)") }

        mutating func didPerform(_ step: Step) { stopwatch.lap("\(step)") }

        mutating func didFail(_ failure: Failure) {
            log("\(failure), ignoring")
            warnings.append("\(failure)")
        }
    }
}

/// Where the time goes.
struct Stopwatch {
    struct Lap {
        let name: String
        let microseconds: Int
    }

    private(set) var laps: [Lap] = []
    private var last = microsecondsNow()

    /// Ends a lap that began with the last one's end.
    mutating func lap(_ name: String) {
        let now = microsecondsNow()
        laps.append(Lap(name: name, microseconds: now - last))
        last = now
    }
}
