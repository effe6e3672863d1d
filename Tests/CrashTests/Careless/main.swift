internal import Basics
internal import Boot
internal import BootRun
internal import CLinux
internal import Planning

// docker-btrfs-init as it must not be: what the crash test has to catch. Made for its guest alone, and never installed.
// `careless=delete-first` or `careless=without-sync` on the command line says in which way.

struct Silence: BootLog {
    func info(_ text: String) {}
    func notice(_ text: String) {}
    func error(_ failure: Failure) {}
}

/// The value of `--key`.
func option(_ key: String) -> String? {
    let arguments = (1..<max(1, Int(linux_argument_count()))).map { String(cString: linux_argument(Int32($0))) }
    guard let place = arguments.firstIndex(where: { $0 == key }), place + 1 < arguments.count else { return nil }
    return arguments[place + 1]
}

/// The linker puts this in the place of syncfs(2): no content is on the disk for certain when the root changes.
@_cdecl("__wrap_syncfs")
func leaveUnwritten(_ descriptor: Int32) -> Int32 { 0 }

/// A snapshot writes all before it to the disk, so no template is made, which later boots would be snapshots of.
func withoutTemplate(_ plan: Plan) -> Plan {
    let afterwards = plan.afterwards.filter { step in
        if case .keepTemplate = step { false } else { true }
    }
    return Plan(steps: plan.steps, afterwards: afterwards, notes: plan.notes)
}

/// The old root goes before the new one is there, as it did in the system that this one is modelled on.
func deletingFirst(_ plan: Plan) -> Plan {
    guard case .exchange(let new, let name) = plan.steps.last else { return plan }
    return Plan(steps: [.deleteSubvolume(name)] + plan.steps.dropLast() + [.rename(new, to: name)])
}

func run() throws(Failure) {
    guard let request = try Request(commandLine: option("--cmdline"), configurationFile: option("--config")) else { return }
    let session = try BootSession(mounting: request, Silence())
    let plan = try session.plan()
    let way = option("--cmdline").flatMap { KernelCommandLine($0.utf8).parameters.last { $0.key == "careless" }?.value }
    let careless = way == "delete-first" ? deletingFirst(plan) : withoutTemplate(plan)
    let made = try session.perform(careless, Silence())
    if let path = option("--report") { try made.report.write(to: path) }
}

do throws(Failure) {
    try run()
} catch {
    let text = Array("careless-init: \(error)\n".utf8)
    _ = linux_write_all(STDERR_FILENO, text, text.count)
    exit(1)
}
