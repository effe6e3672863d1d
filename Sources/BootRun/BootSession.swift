public import Basics
public import Boot
internal import Linux
public import Planning

/// One boot: its filesystems are open, and what is on them is known.
public struct BootSession {
    let request: Request
    let facts: Facts
    let filesystems: Filesystems
    /// From before the survey until the boot is done; nil where nothing is to be changed.
    private let lock: FilesystemLock?
    private var stopwatch: Stopwatch

    /// A boot to look at and not to perform: changes nothing at all on a disk. Directories, where given, are looked at in place
    /// of mounts; `release` is that of a kernel that is not the running one.
    public init(
        rehearsing request: Request, topLevel: String?, topLayer: String?, kernel release: String? = nil
    ) throws(Failure) {
        var stopwatch = Stopwatch()
        let filesystems =
            if let topLevel {
                try Filesystems(topLevel: topLevel, topLayer: topLayer, for: request)
            } else {
                try Filesystems(mounting: request, .untouched)
            }
        stopwatch.lap("wait for the devices and mount them")
        self.init(request, filesystems, lock: nil, stopwatch, kernel: release)
    }

    /// A boot to perform. Fails where the root's filesystem cannot be mounted, or must not be, and where another process is
    /// changing it and does not end soon.
    public init(mounting request: Request, kernel release: String? = nil, _ log: some BootLog) throws(Failure) {
        var stopwatch = Stopwatch()
        let filesystems = try Filesystems(mounting: request, .recovering) { log.notice($0) }
        stopwatch.lap("wait for the devices and mount them")
        let lock = try FilesystemLock(on: filesystems.topLevel, seconds: FilesystemLock.patience) { log.notice($0) }
        self.init(request, filesystems, lock: lock, stopwatch, kernel: release)
    }

    private init(
        _ request: Request, _ filesystems: Filesystems, lock: FilesystemLock?, _ stopwatch: Stopwatch, kernel release: String?,
        kernelObstacle obstacle: String? = nil
    ) {
        self.request = request
        self.filesystems = filesystems
        self.lock = lock
        self.stopwatch = stopwatch
        let host = Facts.Host(
            kernelRelease: release ?? kernelRelease(), time: secondsNow(), names: request.machineNames,
            kernelObstacle: obstacle ?? kernelObstacle())
        facts = Self.survey(request, filesystems, host)
        self.stopwatch.lap("look at the disk")
    }

    private static func survey(_ request: Request, _ filesystems: Filesystems, _ host: Facts.Host) -> Facts {
        let topLevel = filesystems.topLevel
        var facts = Facts(
            surveying: topLevel, store: filesystems.store, topLayer: filesystems.topLayer, for: request, on: host)
        do throws(Failure) {
            if topLevel.isOnBtrfs {
                facts.space = try topLevel.space()
                facts.capacity = try topLevel.capacity()
            }
        } catch {
            facts.faults.append("\(error.message); whether there is room is not known")
        }
        return facts
    }

    /// The same boot after something was changed. With an `obstacle`, no other kernel is started.
    public func again(kernelObstacle obstacle: String? = nil) -> BootSession {
        BootSession(request, filesystems, lock: lock, stopwatch, kernel: facts.host.kernelRelease, kernelObstacle: obstacle)
    }

    /// The mark of the root that is in its place; nil where there is none.
    public var standing: Mark? {
        if case .root(let root) = facts.standing { return root.mark }
        return nil
    }

    /// That of the boot that is asked for. Fails where the image cannot be booted on this machine, and where the root's name is taken by
    /// something that docker-btrfs did not make.
    public func plan() throws(Failure) -> Plan {
        try Plan(for: request, given: facts).telling(notes)
    }

    /// That of a boot after that one was not possible, for `docker_onfail=previous`. Fails where no root is left.
    public func plan(after failure: Failure) throws(Failure) -> Plan {
        try Plan(after: failure, for: request, given: facts).telling(notes)
    }

    /// That of a boot after which not even a copy of an earlier root can be made. Fails where no root stands.
    public func plan(stayingAfter failure: Failure) throws(Failure) -> Plan {
        try Plan(stayingAfter: failure, for: request, given: facts).telling(notes)
    }

    /// What is to be told of any plan of this boot.
    var notes: [String] { request.notes + filesystems.notes }

    func planToStop() -> Plan {
        Plan(stopping: request, given: facts)
    }

    /// Performs a plan of this boot.
    public func perform(_ plan: Plan, _ log: some BootLog) throws(Failure) -> MadeRoot {
        let standing: Directory?
        do throws(Failure) { standing = try filesystems.topLevel.directory(at: request.name) } catch {
            throw error.hinting("say rootflags=subvol=OTHER at the boot menu: a new root gets that name, and what is there stays")
        }
        if let place = try standing?.mountPoint() {
            throw Failure("could not replace '\(request.name)': it is mounted at \(place)", hint: "the next boot replaces it")
        }
        for note in plan.notes { log.notice(note) }
        var observer = Observer(log: log, stopwatch: stopwatch)
        let store = try? filesystems.store.get()?.top
        let nextLine = !plan.startsKernel ? [] : KernelCommandLine.next(after: try fileContents("/proc/cmdline") ?? [])
        var machine = LinuxMachine(
            topLevel: filesystems.topLevel, topLayer: filesystems.topLayer, store: store, nextLine: nextLine
        ) { count in
            log.info("merged \(count.files) files of \(count.bytes >> 20) MiB")
        }
        try plan.perform(on: &machine, observer: &observer)
        let report = Report(request, root: made(&observer), observer.stopwatch, notes: plan.notes + observer.notes)
        return MadeRoot(report: report, filesystem: OpenFilesystem(topLevel: filesystems.topLevel, root: request.name))
    }

    /// The root that is in its place now. That it cannot be read is no reason to take another.
    private func made(_ observer: inout Observer<some BootLog>) -> (mark: Mark, subvolume: Subvolume)? {
        do throws(Failure) {
            return try Facts.markedRoot(at: request.name, on: filesystems.topLevel)
        } catch {
            observer.didFail(error)
            return nil
        }
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
    /// Why the boot is not the one that was asked for.
    func error(_ failure: Failure)
}
