internal import Basics
internal import Boot
internal import Deployments
internal import Files

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
    /// Ours, where the image has none.
    static let busybox: Path = "usr/lib/docker-btrfs/busybox"

    /// The files that have an init start a program. What has an inittab gets a line of it instead.
    func steps(for job: BootJob, in files: ImageFiles) throws(Failure) -> [DiskStep] {
        switch self {
        case .systemd: try systemdSteps(for: job)
        case .openrc: try openrcSteps(for: job)
        case .runit: try runitSteps(for: job, in: files)
        case .inittab, .other, .none: []
        }
    }

    private func systemdSteps(for job: BootJob) throws(Failure) -> [DiskStep] {
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
            try job.write("\(folder)/\(job.name).service", unit, 0o644),
            try job.link("\(folder)/multi-user.target.wants/\(job.name).service", "../\(job.name).service"),
        ]
    }

    private func openrcSteps(for job: BootJob) throws(Failure) -> [DiskStep] {
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
            try job.write("etc/init.d/\(job.name)", script, 0o755),
            try job.link("etc/runlevels/\(job.kind == .first ? "sysinit" : "default")/\(job.name)", "/etc/init.d/\(job.name)"),
        ]
    }

    private func runitSteps(for job: BootJob, in files: ImageFiles) throws(Failure) -> [DiskStep] {
        let user = job.user.map { user in
            let groups = [user.group] + user.others
            return "chpst -u :\(user.user):\(groups.map { "\($0)" }.joined(separator: ":")) "
        }
        let start = (job.preparation.map { "\($0)\n" } ?? "") + "exec \(user ?? "")\(job.command)"
        let end = job.kind == .always ? start : "\(job.command)\nexec sleep 2147483647"
        return [
            try job.write("etc/sv/\(job.name)/run", "#!/bin/sh\nexec 2>&1\n\(end)\n", 0o755),
            .link(try Self.runitFolder(in: files).appending(job.name), to: "/etc/sv/\(job.name)"),
        ]
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

extension BootJob {
    fileprivate func write(_ text: String, _ content: String, _ mode: UInt32) throws(Failure) -> DiskStep {
        .write(try path(text), Array(content.utf8), mode: mode, about: about)
    }

    fileprivate func link(_ text: String, _ target: String) throws(Failure) -> DiskStep { .link(try path(text), to: target) }
}

private func path(_ text: String) throws(Failure) -> Path {
    guard let path = Path(text) else { throw Failure("could not use '\(text)' as a path") }
    return path
}
