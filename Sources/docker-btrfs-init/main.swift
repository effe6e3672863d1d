internal import Basics
internal import Boot
internal import BootRun
internal import CLinux
internal import Planning

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
        case .boot, .dryRun: try boot(options, log)
        }
        return 0
    } catch {
        log.error(error)
        return 1
    }
}

func boot(_ options: Options, _ log: Log) throws(Failure) {
    guard let request = try Request(commandLine: options.commandLine, configurationFile: options.configuration) else {
        return log.info("nothing to do: there is no '\(Request.optIn)=' on the kernel command line")
    }
    if options.action == .dryRun {
        let boot = try PreparedBoot(rehearsing: request, topLevel: options.topLevel, topLayer: options.topLayer)
        return show(boot.plan.description)
    }
    let boot = try PreparedBoot(mounting: request)
    let report = try boot.perform { log.info($0) }
    log.info("'\(request.name)' is ready after \(report.totalMicroseconds / 1000) ms")
    guard let path = options.report ?? (options.commandLine == nil ? Report.path : nil) else { return }
    do throws(Failure) {
        try report.write(to: path)
    } catch {
        log.info("\(error), ignoring")
    }
}
