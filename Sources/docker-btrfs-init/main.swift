internal import Basics
internal import Boot
internal import BootRun
internal import CLinux
internal import InitProcess
internal import Linux
internal import Planning

linux_ignore_broken_pipes()
if isInit() { runAsInit() }
exit(run())

/// Returns the exit status.
func run() -> Int32 {
    let options: Options
    do throws(Failure) {
        options = try Options(Options.given)
    } catch {
        Log(ofBoot: false).error(error.hinting("docker-btrfs-init --help shows how it is used"))
        return 64
    }
    let log = Log(ofBoot: options.action == .boot && options.commandLine == nil)
    do throws(Failure) {
        switch options.action {
        case .help: show(Options.usage)
        case .version: show("docker-btrfs-init \(version)\n")
        case .boot, .dryRun, .markGood: try act(options, log)
        }
        return 0
    } catch {
        log.error(error)
        return 1
    }
}

func act(_ options: Options, _ log: Log) throws(Failure) {
    if options.action == .markGood { return log.info(try markBootAsGood()) }
    guard let request = try Request(commandLine: options.commandLine, configurationFile: options.configuration) else {
        return log.info("nothing to do: there is no '\(Request.optIn)=' on the kernel command line")
    }
    if options.action == .dryRun { return try rehearse(request, options, log) }
    try boot(request, options, log)?.leaveOpen()
}

func rehearse(_ request: Request, _ options: Options, _ log: Log) throws(Failure) {
    let session = try BootSession(rehearsing: request, topLevel: options.topLevel, topLayer: options.topLayer)
    let plan = try session.plan()
    show(plan.description)
    for note in plan.notes { log.notice(note) }
}

/// Makes the root. Returns its filesystem where the root is mounted next.
func boot(_ request: Request, _ options: Options, _ log: Log) throws(Failure) -> OpenFilesystem? {
    // With --cmdline this is not the machine's own boot: nothing goes on after it, and nothing is to be stopped.
    let isMachines = options.commandLine == nil
    var made: MadeRoot
    do throws(Failure) {
        made = try makeRoot(request, isMachines: isMachines, log)
    } catch {
        if isMachines { end(request.onFailure, after: error, log) }
        throw error
    }
    if !isMachines { made.filesystem = nil }
    made.report.end()
    log.info("'\(request.name)' is ready after \(made.report.totalMicroseconds / 1000) ms")
    do throws(Failure) {
        if let path = options.report ?? (isMachines ? Report.path : nil) { try made.report.write(to: path) }
    } catch {
        log.notice("\(error.message), ignoring")
    }
    return made.filesystem
}

/// The root that is asked for, or with `docker_onfail=previous` one that there was. Fails where there is neither; then the
/// machine's own boot leaves no root that a mount could find by its name.
func makeRoot(_ request: Request, isMachines: Bool, _ log: Log) throws(Failure) -> MadeRoot {
    let session = try BootSession(mounting: request)
    do throws(Failure) {
        return try session.perform(session.plan(), log)
    } catch {
        let rest = try session.again()
        if request.onFailure == .previous {
            let plan = try rest.plan(after: error)
            log.error(error)
            return try rest.perform(plan, log)
        }
        let plan = rest.planToStop()
        if isMachines && !plan.steps.isEmpty { _ = try rest.perform(plan, log) }
        throw error
    }
}

/// What `docker_onfail=` wants done with the machine.
func end(_ onFailure: Request.OnFailure, after failure: Failure, _ log: Log) {
    if onFailure != .reboot && onFailure != .powerOff { return }
    log.error(failure)
    log.notice("\(onFailure == .reboot ? "restarting" : "switching off") in 10 s (docker_onfail=)")
    sleep(10)
    endMachine(poweringOff: onFailure == .powerOff)
}
