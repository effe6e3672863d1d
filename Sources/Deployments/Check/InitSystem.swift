package import Basics
package import Boot
internal import Initramfs

/// What starts the programs of an image.
package enum InitSystem: Equatable, Sendable {
    case systemd, openrc, runit
    /// Busybox's, or that of sysvinit.
    case inittab(isBusybox: Bool)
    /// One that is not known here.
    case other
    case none

    /// `asked` is what `init=` names.
    package init(of files: ImageFiles, _ asked: Path? = nil) throws(Failure) {
        func target(_ paths: [Path]) throws(Failure) -> Status? { try files.firstProgram(of: paths)?.status }
        guard let program = try files.initProgram(asked)?.status else {
            self = .none
            return
        }
        if try target(systemdPrograms)?.isSameFile(as: program) == true {
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

    /// Whether init(8) is busybox, as it is below some OpenRC.
    package static func isBusybox(in files: ImageFiles) throws(Failure) -> Bool {
        guard let busybox = try files.firstProgram(of: ["bin/busybox", "usr/bin/busybox"])?.status else { return false }
        return try files.initProgram()?.status.isSameFile(as: busybox) == true
    }

    /// What busybox's init is to start first, of which nothing is there: Alpine's base image names OpenRC and does not have it. nil where
    /// something is, or nothing is named.
    package static func missingStart(in files: ImageFiles) throws(Failure) -> Path? {
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
    package static func runitFolder(in files: ImageFiles) throws(Failure) -> Path {
        try files.status(of: "etc/service") != nil ? "etc/service" : "etc/runit/runsvdir/default"
    }

    private static let runitInits: [Path] = ["lib/runit/runit-init", "sbin/runit-init", "usr/sbin/runit-init", "usr/bin/runit-init"]
    package static let inittab: Path = "etc/inittab"
    /// What busybox's init does where there is no inittab.
    package static let usualTable = """
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
}

extension ImageFiles {
    /// The program that the kernel starts: what `init=` names, which is `asked`, or the first of the usual ones. nil where there is none.
    package func initProgram(_ asked: Path? = nil) throws(Failure) -> (path: Path, status: Status)? {
        try firstProgram(of: asked.map { [$0] } ?? usualInits)
    }

    fileprivate func firstProgram(of paths: [Path]) throws(Failure) -> (path: Path, status: Status)? {
        for path in paths {
            if let found = try target(of: path), found.isExecutableFile { return (path, found) }
        }
        return nil
    }
}
