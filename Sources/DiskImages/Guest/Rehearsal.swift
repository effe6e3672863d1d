public import Basics
internal import Files
internal import Glibc
internal import Linux
internal import Programs
internal import Synchronization

/// The next boot of a machine, in a virtual one before it happens.
public struct Rehearsal: Sendable {
    public enum Verdict: String, Sendable {
        /// The boot was marked as good.
        case good
        /// It came to an end of another kind.
        case bad
        /// Neither was so when the time was over.
        case late
    }

    public struct Outcome: Sendable {
        public let verdict: Verdict
        /// What the machine itself said of it; nil where it said nothing.
        public let reason: String?
        /// The last lines of its console.
        public let console: [String]
        /// From the start of the virtual machine on.
        public let seconds: Int

        init(verdict: Verdict, reason: String?, console: [String], seconds: Int) {
            self.verdict = verdict
            self.reason = reason
            self.console = console
            self.seconds = seconds
        }

        /// Of an image that no virtual machine was started for.
        public init(refusing reason: String) { self.init(verdict: .bad, reason: reason, console: [], seconds: 0) }
    }

    public let plan: DiskPlan
    private let emulator: Emulator

    /// Fails where no disk can be made, but not for what the image lacks: see `plan.findings`.
    public init(_ choices: DiskChoices, isUEFI: Bool, memory: Int) throws(Failure) {
        var emulator = try Emulator(file: choices.output)
        emulator.isUEFI = isUEFI
        emulator.memory = memory
        emulator.keepsWrites = true
        emulator.hasNetwork = false
        try emulator.check()
        try emulator.checkMemory(option: "--rehearsal-memory")
        plan = try DiskPlan(choices)
        emulator.controller = plan.controller
        self.emulator = emulator
    }

    /// Starts the disk, which `plan` made in the folder. `tell` gets each line of its console.
    public func perform(in folder: DiskFolder, seconds: Int, withKVM: Bool, tell: @escaping @Sendable (String) -> Void)
        async throws(Failure) -> Outcome
    {
        guard let start = plan.layout?.root.lowerBound else { throw Failure("could not rehearse: no disk was made") }
        let file = emulator.file
        return try await Outcome(
            of: emulator, in: folder, seconds: seconds, withKVM: withKVM, tell: tell,
            isGood: { () throws(Failure) in
                let disk = try DiskFile(file)
                return try TreeReader(from: start, reading: disk.read)?.hasGoodRoot(madeAfter: 0) == true
            })
    }
}

extension Rehearsal.Outcome {
    /// Runs a virtual machine until `isGood` says so of its disk, it ends, or it says that it comes no further. Fails where QEMU ended of
    /// itself before.
    init(
        of emulator: Emulator, in folder: DiskFolder, seconds: Int, withKVM: Bool, tell: @escaping @Sendable (String) -> Void,
        isGood: @escaping @Sendable () throws(Failure) -> Bool
    ) async throws(Failure) {
        let console = Mutex(GuestConsole())
        let start = microsecondsNow()
        var emulator = emulator
        let (monitor, screen, place) = (folder.monitor, folder.screen, folder.place)
        emulator.monitor = monitor
        let isFull = Atomic(false)
        // Whoever writes to the disk is in the middle of something.
        let isMarked = { @Sendable () -> Bool in do throws(Failure) { return try isGood() } catch { return false } }
        // The machine may be about to end, or have no screen yet.
        let isDone = { @Sendable () -> Bool in
            do throws(Failure) {
                let machine = try MachineMonitor(monitor)
                if try machine.isOutOfRoom() { isFull.store(true, ordering: .relaxed) }
                // QEMU ends where there is none for a picture.
                if try Workshop.hasRoom(in: place) { try machine.writeScreen(to: screen) }
            } catch {}
            return isFull.load(ordering: .relaxed) || isMarked()
        }
        let end = try await watchProgram(emulator.process(withKVM: withKVM), seconds: seconds, isOver: isDone) { piece in
            console.withLock { console in
                for line in console.take(piece) { tell(line) }
                return console.isOver
            }
        }
        let took = (microsecondsNow() - start) / 1_000_000
        let (lines, reason, isOver) = console.withLock { ($0.lines, $0.reason, $0.isOver) }
        let wasGood = isMarked()
        // A disk on NVMe does not stand still then, but tells its guest of an error.
        if isFull.load(ordering: .relaxed) || !wasGood && Workshop.ranOutOfRoom(in: place) {
            throw folder.noRoom(for: "what the virtual machine writes")
        }
        if let end, !wasGood, !isOver {
            if let killing = end.killingOfQEMU {
                throw Failure(
                    "could not rehearse: QEMU ended: \(killing)",
                    hint: "rehearse it again; where memory was short, which this machine's log tells, with a smaller --rehearsal-memory")
            }
            if let fault = end.faultOfQEMU { throw Failure("could not rehearse: QEMU ended: \(fault)") }
        }
        let verdict: Rehearsal.Verdict = if wasGood { .good } else if took >= seconds && !isOver { .late } else { .bad }
        self.init(verdict: verdict, reason: verdict == .good ? nil : reason, console: Array(lines.suffix(12)), seconds: took)
    }
}

extension ProgramOutcome {
    /// What tells that somebody ended QEMU by a signal; nil where nobody did.
    var killingOfQEMU: String? {
        if let signal { return [SIGHUP, SIGINT, SIGKILL, SIGTERM].contains(signal) ? end : nil }
        // It takes those that ask it to end, and ends well then.
        return errorLines.first { $0.contains(": terminating on signal ") }
    }

    /// Why it ended of itself; nil where it ended well. A signal that it got of itself, as of abort(3), follows on the reason.
    var faultOfQEMU: String? {
        if status == nil { return ([end] + errorLines.suffix(1)).joined(separator: ": ") }
        return status == 0 ? nil : complaint
    }
}
