internal import Basics
internal import Boot
internal import BootRun
internal import CLinux
internal import InitProcess
internal import Linux

/// This program as /init: the first process of a machine, in an initramfs that needs no other program. It becomes the init of
/// the root, or shows why not; it never ends.
func runAsInit() -> Never {
    while true {
        do throws(Failure) {
            try startMachine()
        } catch {
            tell(error)
        }
    }
}

/// Returns only by failing.
private func startMachine() throws(Failure) {
    let hint = "docker-btrfs-init can be /init in the initramfs of a machine only"
    if !isInInitramfs() { throw Failure("could not boot: '/' is not an initramfs", hint: hint) }
    // What an attempt before this one left: no root is replaced that is mounted.
    NewRoot.unmount()
    try mountKernelFilesystems()
    if isInContainer() { throw Failure("could not boot: this is a container", hint: hint) }
    let log = Log(ofBoot: true)
    let line = try KernelCommandLine.running()
    try loadModules(line, log)
    let request = try Request(own: line)
    if request == nil { for note in line.strayKeys { log.notice(note) } }
    let arguments = if let request { request.root } else { try RootArguments(line) }
    let filesystem = RootFilesystem(arguments)
    log.info("waiting for \(arguments.device) (root=)")
    let made = try request.flatMap { request throws(Failure) in
        try RootMaking(request, isOwnBoot: true, mayEndMachine: true, log).run(report: nil)
    }
    // Where a root was made, it was waited for: a member of its filesystem that is still missing is not waited for twice.
    let device = try filesystem.waiting(seconds: request == nil ? arguments.patience.seconds : 0) { log.notice($0) }
    let root = try withExtendedLifetime(made) { () throws(Failure) in
        try NewRoot(mounting: filesystem.mount(of: device), filesystem.access, initProgram: arguments.initProgram)
    }
    log.info("starting '\(root.program)' of \(arguments.device)")
    try root.start { log.notice("\($0.message), ignoring") }
}

/// Mounts as many as it can: what tells of one that is missing needs the others.
private func mountKernelFilesystems() throws(Failure) {
    var first: Failure?
    for filesystem in KernelFilesystem.allCases {
        do throws(Failure) {
            try filesystem.mountIfMissing()
        } catch {
            first = first ?? error
        }
    }
    Console.open()
    if let first { throw first }
}

private func loadModules(_ line: KernelCommandLine, _ log: Log) throws(Failure) {
    try ModuleList.ofInitramfs().with(line).load { log.info("\($0.message), ignoring") }
}

/// Shows what went wrong and does what comes after it; returns to try again.
private func tell(_ failure: Failure) {
    let screen = Screen(failure, commandLine: firstLine(of: "/proc/cmdline"), end: screenEnd())
    Log(ofBoot: true).record(failure)
    show(screen.text)
    switch screen.end {
    case .shell:
        linux_run_on_console("/bin/sh")
    case .restart(let seconds):
        sleep(UInt32(seconds))
        endMachine(poweringOff: false)
        wait()
    case .nothing:
        wait()
    }
}

private func screenEnd() -> Screen.End {
    let panic = firstLine(of: "/proc/sys/kernel/panic").flatMap { Int($0) } ?? 0
    return Screen.End(panic: panic, hasShell: isInInitramfs() && Console.isRead && access("/bin/sh", X_OK) == 0)
}

private func wait() -> Never {
    while true { pause() }
}
