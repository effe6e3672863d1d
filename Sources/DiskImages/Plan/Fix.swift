internal import Basics
internal import Boot
internal import CHooks
internal import Deployments
internal import Files

/// What an image lacks for a machine of its own, and what a top layer can bring for it.
struct Fix {
    let finding: ImageFinding
    let steps: [DiskStep]
    /// A line more of its inittab.
    var inittab: String?
    /// What the kernel is told more.
    var options: String?
    /// What is still missing with it.
    var lacks: ImageFinding?
}

extension Fix {
    /// `serial`: whether the console is a serial port, as QEMU shows it.
    static func all(for files: ImageFiles, _ initSystem: InitSystem, _ found: [ImageFinding], serial: Bool) throws(Failure) -> [Fix] {
        let fixes = [
            try mark(in: files), serial ? try login(in: files, initSystem) : nil, try network(in: files, initSystem, found),
        ]
        return fixes.compactMap { $0 }
    }

    private static func warning(_ subject: ImageFinding.Subject, _ text: String, _ remedy: String) -> ImageFinding {
        ImageFinding(weight: .warning, subject: subject, text: text, remedy: remedy + "; or --fix")
    }

    private static func text(_ path: Path, in files: ImageFiles) throws(Failure) -> String? {
        try files.contents(of: path, limit: 1 << 20).map { String(decoding: $0, as: UTF8.self) }
    }

    private static func write(_ path: Path, _ text: String, _ about: String) -> DiskStep {
        .write(path, Array(text.utf8), mode: 0o644, about: about)
    }

    /// What makes init scripts take the machine for a container. The marks themselves are taken away at boot.
    private static func mark(in files: ImageFiles) throws(Failure) -> Fix? {
        let path: Path = "etc/rc.conf"
        guard let content = try text(path, in: files) else { return nil }
        func system(_ line: String) -> Substring? {
            let words = (line.split(separator: "#", omittingEmptySubsequences: false).first ?? "").split { " \t=\"'".contains($0) }
            return words.count == 2 && words[0] == "rc_sys" && ["docker", "lxc", "podman"].contains(words[1]) ? words[1] : nil
        }
        let lines = content.parts(at: "\n", omittingEmpty: false)
        guard let name = lines.compactMap(system).first else { return nil }
        let kept = lines.filter { system($0) == nil }.joined(separator: "\n")
        return Fix(
            finding: warning(
                .container, "etc/rc.conf says rc_sys=\"\(name)\": OpenRC leaves out what a machine needs",
                "RUN sed -i '/^rc_sys=/d' /etc/rc.conf"),
            steps: [
                .write(
                    path, Array(kept.utf8), mode: try files.target(of: path).modeOfSuccessor,
                    about: "the image's, without rc_sys=\"\(name)\"")
            ])
    }

    /// systemd has one wherever the kernel's console is.
    private static func login(in files: ImageFiles, _ initSystem: InitSystem) throws(Failure) -> Fix? {
        let what = "there is no login on ttyS0, where QEMU shows the machine"
        if initSystem == .runit {
            let folder = try InitSystem.runitFolder(in: files)
            // As Debian and Void call it.
            let names: [Path] = ["getty-ttyS0", "agetty-ttyS0"]
            for name in names where try files.status(of: folder / name) != nil { return nil }
            var there: Path?
            for name in names where try files.target(of: "etc/sv" / name) != nil { there = name }
            let name = there ?? names[0]
            let getty = try getty(in: files)
            // A service of theirs knows what it starts.
            if there == nil && getty == nil { return noGetty(what) }
            let run = DiskStep.write(
                "etc/sv" / name / "run", Array("#!/bin/sh\nexec \(getty ?? "") -L ttyS0 115200 vt100\n".utf8), mode: 0o755,
                about: "a login on the serial port")
            return Fix(
                finding: warning(.console, what, "RUN ln -s /etc/sv\(name) \(folder)"),
                steps: (there == nil ? [run] : []) + [.link(folder / name, to: "/etc/sv\(name)")])
        }
        // OpenRC has none of its own: init(8) starts it.
        guard let content = try text(InitSystem.inittab, in: files), initSystem != .systemd else { return nil }
        let lines = content.parts(at: "\n").filter { !$0.hasPrefix("#") }
        if lines.contains(where: { $0.contains("ttyS0") || $0.contains("getty") && $0.contains("console") || $0.hasPrefix("console::") }) {
            return nil
        }
        let isBusybox = try InitSystem.isBusybox(in: files)
        guard let program = try getty(in: files) ?? (isBusybox ? "/sbin/getty" : nil) else { return noGetty(what) }
        let getty = "\(program) -L ttyS0 115200 vt100"
        let line = isBusybox ? "ttyS0::respawn:\(getty)" : "T0:2345:respawn:\(getty)"
        return Fix(finding: warning(.console, what, "RUN echo '\(line)' >> /etc/inittab"), steps: [], inittab: line)
    }

    /// What no file can bring.
    private static func noGetty(_ what: String) -> Fix {
        let finding = ImageFinding(
            weight: .warning, subject: .console, text: "\(what), nor a program that gives one",
            remedy: "install agetty, and let the init start it")
        return Fix(finding: finding, steps: [], lacks: finding)
    }

    /// agetty(8), which Debian calls getty too. A line that starts what is not there would be no login.
    private static func getty(in files: ImageFiles) throws(Failure) -> String? {
        for program in ["/sbin/getty", "/sbin/agetty", "/usr/sbin/agetty"] {
            if let path = Path(program), try files.target(of: path) != nil { return program }
        }
        return nil
    }

    private static func network(in files: ImageFiles, _ initSystem: InitSystem, _ found: [ImageFinding]) throws(Failure) -> Fix? {
        guard let finding = found.first(where: { $0.subject == .network }) else { return nil }
        if finding.cause == .idleIfup {
            // ifup leaves it to one of them.
            let clients = ["dhclient", "dhcpcd", "udhcpc"] as [Path]
            let places = ["sbin", "usr/sbin", "usr/bin", "bin"].flatMap { (folder: Path) in clients.map { folder / $0 } }
            if try ![files].have(oneOf: places) { return nil }
            // What runit starts finds its programs only where the kernel gave init a PATH.
            let path = initSystem == .runit ? " PATH=/usr/sbin:/usr/bin:/sbin:/bin" : ""
            let card = "auto lo\niface lo inet loopback\nauto eth0\niface eth0 inet dhcp\n"
            return Fix(
                finding: warning(finding.subject, finding.text, finding.remedy),
                steps: [write("etc/network/interfaces", card, "the first network card asks for an address")],
                options: "net.ifnames=0" + path)
        }
        // What networkd is to set up comes without being asked for.
        guard finding.cause == nil, initSystem == .systemd,
            try files.target(of: "usr/lib/systemd/system/systemd-networkd.service") != nil
        else { return nil }
        let unit = "/usr/lib/systemd/system/systemd-networkd.service"
        return Fix(
            finding: finding,
            steps: [
                .link("etc/systemd/system/multi-user.target.wants/systemd-networkd.service", to: unit),
                .link("etc/systemd/system/dbus-org.freedesktop.network1.service", to: unit),
                write("etc/systemd/network/20-wired.network", hooks_machine_network.text, "systemd-networkd asks for addresses"),
            ],
            lacks: try [files].resolveNames() ? nil : .names)
    }
}
