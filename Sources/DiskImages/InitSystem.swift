internal import Basics
internal import Boot
internal import CLinux

/// What starts the programs of an image.
enum InitSystem: Equatable {
    case systemd, openrc, runit
    /// Busybox's, or that of sysvinit.
    case inittab(isBusybox: Bool)
    /// One that is not known here.
    case other
    case none

    /// `asked` is what `init=` names.
    init(of files: ImageFiles, _ asked: Path? = nil) throws(Failure) {
        func target(_ paths: [Path]) throws(Failure) -> Status? { try Self.program(paths, in: files) }
        guard let program = try target(asked.map { [$0] } ?? usualInits) else {
            self = .none
            return
        }
        if try target(["lib/systemd/systemd", "usr/lib/systemd/systemd"])?.isSameFile(as: program) == true {
            self = .systemd
        } else if try target(Self.runitInits)?.isSameFile(as: program) == true {
            self = .runit
        } else if try target(["sbin/openrc", "usr/sbin/openrc"]) != nil {
            self = .openrc
        } else {
            let isBusybox = try Self.isBusybox(in: files)
            let hasTable = try files.status(of: Self.inittab) != nil
            self = isBusybox || hasTable ? .inittab(isBusybox: isBusybox) : .other
        }
    }

    private static func program(_ paths: [Path], in files: ImageFiles) throws(Failure) -> Status? {
        for path in paths {
            if let found = try files.target(of: path), found.isExecutableFile { return found }
        }
        return nil
    }

    /// Whether init(8) is busybox, as it is below some OpenRC.
    static func isBusybox(in files: ImageFiles) throws(Failure) -> Bool {
        guard let busybox = try program(["bin/busybox", "usr/bin/busybox"], in: files) else { return false }
        return try program(usualInits, in: files)?.isSameFile(as: busybox) == true
    }

    /// What busybox's init is to start first, of which nothing is there: Alpine's base image names OpenRC and does not have it. nil where
    /// something is, or nothing is named.
    static func missingStart(in files: ImageFiles) throws(Failure) -> Path? {
        let table = try files.contents(of: inittab, limit: 1 << 20).map { String(decoding: $0, as: UTF8.self) } ?? usualTable
        var programs: [Path] = []
        for line in table.parts(at: "\n") where !line.hasPrefix("#") {
            let fields = line.parts(at: ":", maxSplits: 3, omittingEmpty: false)
            guard fields.count == 4, fields[2] == "sysinit" else { continue }
            let command = fields[3].drop { $0 == "-" || $0 == " " }
            // Others are busybox's own, or a shell's.
            guard command.hasPrefix("/"), let program = Path(String(command.prefix { $0 != " " })) else { return nil }
            if try files.target(of: program)?.isExecutableFile == true { return nil }
            programs.append(program)
        }
        return programs.first
    }

    /// Whose links runit starts.
    static func runitFolder(in files: ImageFiles) throws(Failure) -> Path {
        try files.status(of: "etc/service") != nil ? "etc/service" : "etc/runit/runsvdir/default"
    }

    private static let runitInits: [Path] = ["lib/runit/runit-init", "sbin/runit-init", "usr/sbin/runit-init", "usr/bin/runit-init"]
    static let inittab: Path = "etc/inittab"
    /// What busybox's init does where there is no inittab.
    static let usualTable = """
        ::sysinit:/etc/init.d/rcS
        ::askfirst:-/bin/sh
        tty2::askfirst:-/bin/sh
        tty3::askfirst:-/bin/sh
        tty4::askfirst:-/bin/sh
        ::ctrlaltdel:reboot
        ::shutdown:umount -a -r
        ::shutdown:swapoff -a
        ::restart:init

        """
    /// Ours, where the image has none.
    static let busybox: Path = "usr/lib/docker-btrfs/busybox"
}

/// A program that an init is to start.
struct BootJob {
    enum Kind {
        /// Before anybody logs in, and to its end.
        case first
        /// When the system is up.
        case once
        /// Again whenever it ends.
        case always
    }

    let name: String
    /// What the person reads.
    let about: String
    let kind: Kind
    /// Words without spaces.
    let command: String
    var user: ImageProcess.User?
    /// What root does before each start of what is started always, by runit alone: it waits for no other job.
    var preparation: String?
}

extension InitSystem {
    /// The files that have an init start a program. What has an inittab gets a line of it instead.
    func steps(for job: BootJob, in files: ImageFiles) throws(Failure) -> [DiskStep] {
        func write(_ text: String, _ content: String, _ mode: UInt32) throws(Failure) -> DiskStep {
            .write(try path(text), Array(content.utf8), mode: mode, about: job.about)
        }
        func link(_ text: String, _ target: String) throws(Failure) -> DiskStep { .link(try path(text), to: target) }
        switch self {
        case .systemd:
            if let user = job.user, user.user == 65535 || user.group == 65535 {
                throw Failure(
                    "could not make a service of user \(user.user) and group \(user.group): systemd takes 65535 for no number of either",
                    hint: "USER 65534 in the Dockerfile")
            }
            let user = job.user.map { "User=\($0.user)\nGroup=\($0.group)\n" } ?? ""
            let restart = job.kind == .always ? "Restart=always\nRestartSec=1\n" : "Type=oneshot\nRemainAfterExit=yes\n"
            // Else what ends at once is given up after some starts.
            let limit = job.kind == .always ? "StartLimitIntervalSec=0\n" : ""
            let unit = """
                [Unit]
                Description=\(job.about)
                Wants=network-online.target
                After=network-online.target
                \(limit)
                [Service]
                ExecStart=\(job.command)
                \(user)\(restart)
                """
            let folder = "etc/systemd/system"
            return [
                try write("\(folder)/\(job.name).service", unit, 0o644),
                try link("\(folder)/multi-user.target.wants/\(job.name).service", "../\(job.name).service"),
            ]
        case .openrc:
            let words = job.command.split(separator: " ", maxSplits: 1)
            let arguments = words.count > 1 ? "command_args=\"\(words[1])\"\n" : ""
            let user = job.user.map { "command_user=\"\($0.user):\($0.group)\"\n" } ?? ""
            let always = "supervisor=supervise-daemon\nrespawn_delay=1\nrespawn_max=0\n"
            let start = job.kind == .always ? always : "start() { \(job.command); }\n"
            let depend = job.kind == .first ? "after root localmount mountall" : "after net bootmisc"
            // Debian's inittab starts sysinit and default alone.
            let script = """
                #!/sbin/openrc-run
                description="\(job.about)"
                command="\(words[0])"
                \(arguments)\(user)\(start)depend() { \(depend); }

                """
            return [
                try write("etc/init.d/\(job.name)", script, 0o755),
                try link("etc/runlevels/\(job.kind == .first ? "sysinit" : "default")/\(job.name)", "/etc/init.d/\(job.name)"),
            ]
        case .runit:
            let user = job.user.map { user in
                let groups = [user.group] + user.others
                return "chpst -u :\(user.user):\(groups.map { "\($0)" }.joined(separator: ":")) "
            }
            let start = (job.preparation.map { "\($0)\n" } ?? "") + "exec \(user ?? "")\(job.command)"
            let end = job.kind == .always ? start : "\(job.command)\nexec sleep 2147483647"
            return [
                try write("etc/sv/\(job.name)/run", "#!/bin/sh\nexec 2>&1\n\(end)\n", 0o755),
                .link(try Self.runitFolder(in: files).appending(name: Array(job.name.utf8)), to: "/etc/sv/\(job.name)"),
            ]
        case .inittab, .other, .none: return []
        }
    }

    /// A line for each job; nothing where the init reads no inittab.
    func lines(for jobs: [BootJob]) -> [String] {
        guard let isBusybox = usesBusybox else { return [] }
        return jobs.enumerated().map { number, job in
            // start-stop-daemon(8) becomes the program, as that user. By a file that is never there nothing is running already. A sysvinit
            // leaves a line out whose process has more than 127 bytes, which two long numbers and more than this would be.
            let user = job.user.map { "\(Self.busybox) start-stop-daemon -S -p /run/none -c \($0.user):\($0.group) -a " }
            let action =
                switch job.kind {
                // A sysvinit has started sshd before it comes to a line of the runlevel that is behind its own.
                case .first: isBusybox ? "wait" : "bootwait"
                case .once: "once"
                case .always: "respawn"
                }
            let words = job.command.split(separator: " ", maxSplits: 1).joined(separator: user == nil ? " " : " -- ")
            return isBusybox ? "::\(action):\(user ?? "")\(words)" : "d\(number):2345:\(action):\(user ?? "")\(words)"
        }
    }

    /// nil where there is no inittab.
    var usesBusybox: Bool? {
        switch self {
        case .inittab(let isBusybox): isBusybox
        case .none: true
        default: nil
        }
    }
}

private func path(_ text: String) throws(Failure) -> Path {
    guard let path = Path(text) else { throw Failure("could not use '\(text)' as a path") }
    return path
}
