internal import Basics
internal import CLinux

/// The program's arguments.
struct Options: Equatable {
    enum Action { case boot, dryRun, markGood, help, version }

    var action = Action.boot
    /// Instead of /proc/cmdline. Then it is not this machine's boot, and only stderr is told of it.
    var commandLine: String?
    var configuration: String?
    var report: String?
    var topLevel: String?
    var topLayer: String?

    static let usage = """
        usage: docker-btrfs-init [options]

        Makes the root that the kernel command line asks for from a Docker image on btrfs. Runs in the initramfs, before the
        root is mounted; does nothing without docker_path= or docker_deployed= on the kernel command line.

          --dry-run           print what would be done, one step a line, and change nothing
          --mark-good         in the booted system: count its boot as good, so that it can be fallen back to
          --cmdline TEXT      take TEXT for the kernel command line instead of /proc/cmdline
          --config FILE       take FILE for the configuration instead of /etc/docker-btrfs.json
          --report FILE       write the report of the boot to FILE instead of /run/docker-btrfs/boot.json
                              (with --cmdline, none is written unless asked for)
          --top-level DIR     with --dry-run: look at DIR instead of mounting the top level of root='s filesystem
          --top-layer DIR     with --top-level: look at DIR instead of mounting toplayer='s filesystem
          --help, --version

        Exit status: 0 there is a root to boot, 1 there is none, 64 wrong usage.

        """

    /// The program's own arguments, without its name.
    static var given: [String] {
        (1..<max(1, Int(linux_argument_count()))).map { String(cString: linux_argument(Int32($0))) }
    }

    /// Fails with one sentence on the first argument that is wrong.
    init(_ arguments: [String]) throws(Failure) {
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            switch argument {
            case "--dry-run": try choose(.dryRun)
            case "--mark-good": try choose(.markGood)
            case "--help": action = .help
            case "--version": action = .version
            default: try take(argument, &rest)
            }
        }
        if (topLevel != nil || topLayer != nil) && (action == .boot || action == .markGood) {
            throw Failure("--top-level and --top-layer go with --dry-run: a boot mounts its filesystems itself")
        }
        if topLayer != nil && topLevel == nil { throw Failure("--top-layer goes with --top-level") }
    }

    private mutating func choose(_ other: Action) throws(Failure) {
        if action != other && (action == .dryRun || action == .markGood) { throw Failure("--dry-run does not go with --mark-good") }
        action = other
    }

    /// Takes an option with a value: `--key value` or `--key=value`.
    private mutating func take(_ argument: String, _ rest: inout ArraySlice<String>) throws(Failure) {
        let parts = argument.parts(at: "=", maxSplits: 1, omittingEmpty: false)
        func value() throws(Failure) -> String {
            guard let value = parts.count > 1 ? parts[1] : rest.popFirst() else { throw Failure("\(argument) needs a value") }
            return value
        }
        switch parts[0] {
        case "--cmdline": commandLine = try value()
        case "--config": configuration = try value()
        case "--report": report = try value()
        case "--top-level": topLevel = try value()
        case "--top-layer": topLayer = try value()
        default: throw Failure("there is no option '\(argument)'")
        }
    }
}
