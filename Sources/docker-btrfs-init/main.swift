internal import Basics
internal import Boot
internal import BootRun
internal import CLinux
internal import InitProcess
internal import Planning

linux_hold_standard_streams()
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
    if options.action == .markGood { return log.info(try markBootAsGood { log.notice($0) }) }
    guard let request = try Request(commandLine: options.commandLine, configurationFile: options.configuration) else {
        for note in try KernelCommandLine.asked(by: options.commandLine).strayKeys { log.notice(note) }
        return log.info("nothing to do: there is no \(Request.optIns) on the kernel command line")
    }
    if options.action == .dryRun { return try rehearse(request, options, log) }
    // With --cmdline this is not the machine's own boot: nothing goes on after it, and nothing is to be stopped.
    try RootMaking(request, isOwnBoot: options.commandLine == nil, mayEndMachine: isInInitramfs(), log).run(report: options.report)?
        .leaveOpen()
}

func rehearse(_ request: Request, _ options: Options, _ log: Log) throws(Failure) {
    let session = try BootSession(rehearsing: request, topLevel: options.topLevel, topLayer: options.topLayer)
    let plan = try session.plan()
    show(plan.description)
    for note in plan.notes { log.notice(note) }
}
