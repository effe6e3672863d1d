public import Basics
public import Boot
internal import CLinux
internal import Linux
internal import Planning

/// A boot with all that follows from how it ends: the root that is asked for, or else what `docker_onfail=` says.
public struct RootMaking<Log: BootLog> {
    private let request: Request
    /// Whether this machine goes on with the root: then nothing is left that a boot which failed could go on with by accident.
    private let isOwnBoot: Bool
    /// Whether nothing runs yet that would have to be stopped before.
    private let mayEndMachine: Bool
    private let log: Log

    public init(_ request: Request, isOwnBoot: Bool, mayEndMachine: Bool, _ log: Log) {
        self.request = request
        self.isOwnBoot = isOwnBoot
        self.mayEndMachine = mayEndMachine
        self.log = log
    }

    /// Makes the root and writes the report, for this machine's own boot where the booted system looks for it. Returns the root's
    /// filesystem where the root is mounted next.
    ///
    /// Fails where there is no root to boot. With `docker_onfail=reboot` and `poweroff` the machine ends then, and this returns only
    /// where it cannot.
    public func run(report: String?) throws(Failure) -> OpenFilesystem? {
        var made: MadeRoot
        do throws(Failure) {
            made = try make()
        } catch {
            if isOwnBoot && mayEndMachine { end(after: error) }
            throw error
        }
        if !isOwnBoot { made.filesystem = nil }
        made.report.end()
        log.info("'\(request.name)' is ready after \(made.report.totalMicroseconds / 1000) ms")
        do throws(Failure) {
            if let path = report ?? (isOwnBoot ? Report.path : nil) { try made.report.write(to: path) }
        } catch {
            log.notice("\(error.message), ignoring")
        }
        return made.filesystem
    }

    /// The root that is asked for, or with `docker_onfail=previous` one that there was. Fails where there is neither; then the
    /// machine's own boot leaves no root that a mount could find by its name.
    private func make() throws(Failure) -> MadeRoot {
        let session = try BootSession(mounting: request, log)
        do throws(Failure) {
            return try perform(session) { session throws(Failure) in try session.plan() }
        } catch {
            if request.onFailure == .previous { return try goOn(session.again(), after: error) }
            if isOwnBoot { putAway(session) }
            throw error
        }
    }

    /// Performs what is planned. Where another kernel is to make it go on and cannot, it is a root for the running one.
    private func perform(
        _ session: BootSession, _ planning: (BootSession) throws(Failure) -> Plan
    ) throws(Failure) -> MadeRoot {
        let plan = try planning(session)
        if !plan.startsKernel { return try session.perform(plan, log) }
        return try perform(session.again(kernelObstacle: startKernel(by: plan, of: session)), planning)
    }

    /// Returns only where that was not possible, with the reason.
    private func startKernel(by plan: Plan, of session: BootSession) -> String {
        if !isOwnBoot { return "this is not the boot of this machine" }
        do throws(Failure) {
            _ = try session.perform(plan, log)
            return "the image's kernel did not start"
        } catch {
            forgetKernel()
            return error.message
        }
    }

    private func goOn(_ session: BootSession, after failure: Failure) throws(Failure) -> MadeRoot {
        log.error(failure)
        do throws(Failure) {
            return try perform(session) { session throws(Failure) in try session.plan(after: failure) }
        } catch {
            // A copy of an earlier root needs room, and a disk that can be written to.
            if error != failure { log.error(error) }
            let session = session.again()
            do throws(Failure) { return try session.perform(session.plan(stayingAfter: failure), log) } catch {
                tellFaults(of: session)
                throw error
            }
        }
    }

    /// Where no plan tells them: a root that was put aside may be among them.
    private func tellFaults(of session: BootSession) {
        for note in session.facts.faults { log.notice(note) }
    }

    /// What fails here is told beside what failed before.
    private func putAway(_ session: BootSession) {
        do throws(Failure) {
            let session = session.again()
            let plan = session.planToStop()
            if plan.steps.isEmpty { tellFaults(of: session) } else { _ = try session.perform(plan, log) }
        } catch {
            log.error(error)
        }
    }

    /// What `docker_onfail=` wants done with the machine.
    private func end(after failure: Failure) {
        let onFailure = request.onFailure
        if onFailure != .reboot && onFailure != .powerOff { return }
        log.error(failure)
        log.notice("\(onFailure == .reboot ? "restarting" : "switching off") in 10 s (docker_onfail=)")
        sleep(10)
        endMachine(poweringOff: onFailure == .powerOff)
    }
}
