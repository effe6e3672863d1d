internal import Basics
internal import Boot
internal import CHooks
internal import Deployments
internal import Files
internal import Images
internal import Initramfs

extension DiskPlan {
    /// Becomes what a container of the image runs.
    static let service: Path = "usr/lib/docker-btrfs/service"

    /// What the top layer has for the image's init, in the disk's own words: what the image would run in a container, what marks a boot as
    /// good and gives a root its users, a login where the console is.
    mutating func addService(_ check: DiskCheck, _ kernel: String, _ layout: DiskLayout) throws(Failure) {
        if let source = check.kernelSource { steps.append(.copyKernel(kernel, from: source)) }
        var jobs: [BootJob] = []
        let shell = check.hasShell ? "/bin/sh" : "\(InitSystem.busybox) sh"
        let name = source.image.reference.description
        let process = try choices.isService ? ImageProcess(source.configuration, of: name, in: source.files) : nil
        if let process, choices.plain == nil, choices.options?.contains("docker_mode=persist") != true {
            notes += process.volumes.map {
                "'\(display($0.utf8))' is a VOLUME of '\(name)': what is written there is gone with the next boot, unless etc/fstab mounts something there"
            }
        }
        // As engines have it in a container.
        if process?.user != nil { fixedOptions.append("sysctl.net.ipv4.ip_unprivileged_port_start=0") }
        try addHostKeys(check, &jobs)
        let hasPeople = try addPeople(process?.user, check)
        if check.initSystem != .systemd && choices.plain == nil {
            // With systemd, `setup` brings units.
            if hasPeople || choices.passwordFile != nil && check.initSystem != .none {
                jobs.append(
                    BootJob(
                        name: "docker-btrfs-users", about: "this machine's users", kind: .first,
                        command: "\(shell) /usr/lib/docker-btrfs/users"))
            }
            jobs.append(
                BootJob(
                    name: "docker-btrfs-good", about: "marks the boot as good", kind: .once,
                    command: goodMarkCommand))
        }
        // With systemd it has a unit. The companion is no static program, and not on a small disk.
        let startsCompanion = choices.plain == nil && !layout.isSmall && ![.systemd, .other, .none].contains(check.initSystem)
        if startsCompanion, try source.files.hasGlibc() {
            jobs.append(
                BootJob(
                    name: "docker-btrfs-grow", about: "the btrfs grows with its disk", kind: .once,
                    command: "/usr/bin/docker-btrfs grow"))
        }
        if let process { try addProcess(process, check, shell, &jobs) }
        for job in jobs { steps += try check.initSystem.steps(for: job, in: source.files) }
        if check.initSystem == .none { return try addInit(check.initSystem.lines(for: jobs)) }
        steps += check.fixes.flatMap(\.steps)
        try addInittab(jobs, check)
    }

    /// What a container of the image runs, and the directories that an engine makes for it.
    private mutating func addProcess(
        _ process: ImageProcess, _ check: DiskCheck, _ shell: String, _ jobs: inout [BootJob]
    ) throws(Failure) {
        let name = source.image.reference.description
        let busybox = check.initSystem == .none ? "\(InitSystem.busybox) " : ""
        // ENV may hold secrets.
        add(
            Self.service, process.script(for: shell, busybox: busybox, isAlone: check.initSystem.usesBusybox != nil),
            mode: process.user == nil ? 0o700 : 0o750,
            about: "what a container of the image runs, with its ENV and WORKDIR")
        if let user = process.user { steps.append(.give(Self.service, toGroup: user.group)) }
        let folders = try ServiceFolders(of: process, called: name, in: source.files)
        let preparation = folders.volatile.isEmpty ? nil : addVolatile(folders, check, shell, busybox, &jobs)
        // An engine makes them for a container.
        for (folder, title) in folders.missing {
            if choices.plain == nil && folder.components.first == Layout.machineLayers.name {
                notes.append("'\(folder)', \(title), is not there, and no top layer brings it: 'RUN mkdir -p' does")
                continue
            }
            // A mark for a file that is nowhere: of it the root gets the directory alone, and that of an image's next version stays its own.
            add(folder / ".wh.docker-btrfs", "", about: "\(title), which it does not have")
        }
        jobs.append(
            BootJob(
                name: "application", about: "what \(name) runs", kind: .always, command: "\(Self.service)",
                user: process.user, preparation: preparation))
    }

    /// The lines of an inittab that start the jobs, behind the image's own.
    private mutating func addInittab(_ jobs: [BootJob], _ check: DiskCheck) throws(Failure) {
        let lines = check.initSystem.lines(for: jobs) + check.fixes.compactMap(\.inittab)
        if lines.isEmpty { return }
        if jobs.contains(where: { $0.user != nil }) { try addBusybox() }
        // A table of our lines alone would be all that busybox's init does.
        let before = try source.files.contents(of: InitSystem.inittab, limit: 1 << 20) ?? Array(InitSystem.usualTable.utf8)
        let table = before.withLines(lines)
        steps.append(
            .write(
                InitSystem.inittab, table, mode: try source.files.target(of: InitSystem.inittab).modeOfSuccessor,
                about: "the image's, with what docker-btrfs starts"))
    }

    /// A user's service could not make them. What it is to begin with is returned, where nothing is done before it.
    private mutating func addVolatile(
        _ folders: ServiceFolders, _ check: DiskCheck, _ shell: String, _ busybox: String, _ jobs: inout [BootJob]
    ) -> String? {
        let about = "what the image has below /run"
        if check.initSystem == .systemd {
            add(ServiceFolders.table, folders.tableText, about: about)
            return nil
        }
        add(ServiceFolders.script, folders.scriptText(for: shell, busybox: busybox), mode: 0o755, about: about)
        let command = "\(shell) \(ServiceFolders.script)"
        if check.initSystem == .runit { return command }
        jobs.append(BootJob(name: "docker-btrfs-run-folders", about: about, kind: .first, command: command))
        return nil
    }

    /// Of the image's own, every machine would have them. With systemd `setup` brings a unit, but for a disk that is plain.
    private mutating func addHostKeys(_ check: DiskCheck, _ jobs: inout [BootJob]) throws(Failure) {
        let (name, about) = ("docker-btrfs-host-keys", "sshd's keys are made where there are none")
        for path in ["usr/sbin/sshd", "usr/bin/ssh-keygen"] as [Path] where try source.files.target(of: path) == nil { return }
        if check.initSystem != .systemd {
            jobs.append(BootJob(name: name, about: about, kind: .first, command: "/usr/bin/ssh-keygen -A"))
        } else if choices.plain != nil {
            let folder: Path = "etc/systemd/system"
            let unit = folder.appending("\(name).service")
            add(unit, hooks_machine_host_keys.text, about: about)
            steps.append(.link(folder / "multi-user.target.wants/docker-btrfs-host-keys.service", to: "../\(name).service"))
        }
    }

    private static let groups: Path = "etc/group"

    /// Who runs the service and is no user of the image; and where nothing gives a root its users, who logs in. Says whether there is
    /// something for `users` to merge.
    private mutating func addPeople(_ user: ImageProcess.User?, _ check: DiskCheck) throws(Failure) -> Bool {
        var lines: [String] = []
        if let user, !user.isKnown, check.initSystem != .systemd {
            lines.append("application:x:\(user.user):\(user.group)::/:/sbin/nologin")
        }
        // OpenRC asks for its name.
        var groups: [String] = []
        if let group = user?.group, check.initSystem != .systemd,
            try !ImageProcess.lines(Self.groups, in: source.files).contains(where: { $0.count > 2 && userID($0[2]) == group })
        {
            groups.append("application:x:\(group):")
        }
        let path: Path = "etc/passwd"
        let known = try source.files.contents(of: path, limit: ImageProcess.limit)
        if known != nil && check.initSystem != .none && choices.plain == nil {
            // The image's next version has other users: no file of it is replaced as a whole.
            for (name, lines) in [("passwd", lines), ("group", groups)] where !lines.isEmpty {
                let file = ("etc/docker-btrfs/users" as Path).appending(name)
                steps.append(.write(file, [UInt8]().withLines(lines), mode: 0o644, about: "who runs the service"))
            }
            return !lines.isEmpty || !groups.isEmpty
        }
        if !groups.isEmpty {
            let known = try source.files.contents(of: Self.groups, limit: ImageProcess.limit) ?? []
            steps.append(.write(Self.groups, known.withLines(groups), mode: 0o644, about: "the image's, with that of who runs the service"))
        }
        var people = known ?? []
        if check.initSystem == .none && choices.passwordFile != nil || known == nil && choices.isService {
            let shell = check.hasShell ? "/bin/sh" : "/usr/lib/docker-btrfs/sh"
            let files = source.files
            people = try RootPassword.passwd(people, shell: shell) { text throws(Failure) in
                guard let path = Path(text) else { return false }
                return try files.target(of: path)?.isExecutableFile == true
            }
        }
        people = people.withLines(lines)
        if people != known ?? [] {
            steps.append(.write(path, people, mode: 0o644, about: "the image's, with who logs in and who runs the service"))
        }
        if check.initSystem == .none && choices.plain == nil, let password {
            let path: Path = "etc/shadow"
            let known = try source.files.contents(of: path, limit: ImageProcess.limit) ?? []
            steps.append(.writePassword(password, path, besides: known))
        }
        return false
    }

    @discardableResult
    private mutating func addBusybox() throws(Failure) -> [UInt8] {
        let file = choices.busybox ?? "/bin/busybox"
        let busybox = try staticBusybox(fileContents(file), called: file)
        steps.append(.write(InitSystem.busybox, busybox, mode: 0o755, about: "'\(file)' of this machine"))
        return busybox
    }

    /// Where a machine has no such button, it ends at once and is started again a second later.
    private static let powerButton = "::respawn:\(InitSystem.busybox) acpid -f -c /usr/lib/docker-btrfs/acpi -l /dev/null"

    /// A whole system of one program, which loads drivers, asks for an address and starts what it is told.
    private mutating func addInit(_ jobs: [String]) throws(Failure) {
        let hasPowerButton = try addBusybox().contains(Array("\0acpid\0".utf8))
        steps.append(.link("sbin/init", to: "\(InitSystem.busybox)"))
        let program = "\(InitSystem.busybox)"
        let login = choices.passwordFile == nil ? [] : ["::respawn:\(program) getty -n -l /usr/lib/docker-btrfs/login 115200 console"]
        let lines =
            ["::sysinit:\(program) sh /usr/lib/docker-btrfs/boot"] + jobs + login + (hasPowerButton ? [Self.powerButton] : []) + [
                "::ctrlaltdel:\(program) reboot", "::shutdown:\(program) umount -a -r",
            ]
        add(InitSystem.inittab, lines.map { $0 + "\n" }.joined(), about: "what busybox starts")
        add("usr/lib/docker-btrfs/boot", hooks_busybox_boot.text, about: "drivers and network")
        if hasPowerButton {
            add(
                "usr/lib/docker-btrfs/acpi/PWRF/00000080", "#!\(program) sh\nexec \(program) poweroff\n", mode: 0o755,
                about: "what the power button does")
        }
        add("usr/lib/docker-btrfs/dhcp", hooks_busybox_dhcp.text, mode: 0o755, about: "takes an address")
        if choices.passwordFile != nil {
            for path in ["usr/lib/docker-btrfs/login", "usr/lib/docker-btrfs/sh"] as [Path] { steps.append(.link(path, to: "busybox")) }
        }
        let (own, system) = try (source.files.target(of: "etc/os-release"), source.files.target(of: "usr/lib/os-release"))
        if own?.kind != .file && system?.kind != .file {
            add("etc/os-release", "ID=linux\nPRETTY_NAME=\"\(source.image.reference)\"\n", about: "what every system has")
        }
    }
}

extension hooks_file {
    var text: String { String(decoding: UnsafeBufferPointer(start: bytes, count: Int(count)), as: UTF8.self) }
}

extension ImageFiles {
    /// Whether programs of this machine can run there: by the GNU C library, and not by musl under its names, as Alpine has them.
    func hasGlibc() throws(Failure) -> Bool {
        guard try target(of: "lib64/ld-linux-x86-64.so.2") != nil else { return false }
        let musl = try target(of: "lib/ld-musl-x86_64.so.1")
        guard let place = try sharedLibrary("libc.so.6"), let library = try target(of: place) else { return false }
        return musl.map { !library.isSameFile(as: $0) } ?? true
    }
}

extension [UInt8] {
    /// A text with more lines, also where its last one has no end.
    func withLines(_ lines: [String]) -> [UInt8] {
        let end = isEmpty || last == UInt8(ascii: "\n") || lines.isEmpty ? "" : "\n"
        return self + Array((end + lines.map { $0 + "\n" }.joined()).utf8)
    }
}
