package import Basics
internal import Boot
internal import BootEntries
internal import Files
internal import Initramfs
internal import Linux

/// The top layer's fstab, read and written by libmount: what is there stays, and what is missing is added.
package struct FilesystemTable {
    package static let path: Path = "etc/fstab"

    /// nil where nothing is missing.
    let text: String?
    /// That of the table that it comes from: who keeps passwords of network filesystems there lets nobody else read it.
    let mode: UInt32
    /// What was added, for a person.
    let added: [String]
    /// What a person should know.
    let notes: [String]
    /// Where all lines mount.
    let targets: [Path]
    /// What of a filesystem they mount, from its top, but for all of it; nil where a line does not tell what of this btrfs.
    let origins: [Path]?
    /// Data that is on the btrfs already, and where it is mounted.
    private(set) var filled: [(place: Path, subvolume: Path)] = []
    /// Where our own lines mount, each after those above it, with its mode. Not each init makes the place of a mount.
    private(set) var places: [(path: Path, mode: UInt32)] = []

    /// Whole filesystems are mounted in there. Others than root find old roots on them, with old programs that run as root, and can lock
    /// what roots are changed under.
    private static let closed: Path = "mnt/docker-btrfs"
    /// The whole filesystem of the store.
    private static let top = closed / "top"

    /// What an image has, and a machine does not mount over it: with the package manager's records of another system, or its programs, an
    /// image would not be what it is.
    private static let ofImages = ["/usr", "/usr/local", "/opt", "/var", "/var/lib"]

    /// Whether what this system has mounted there is mounted in no root.
    static func isOfImages(_ mountPoint: String) -> Bool { mountPoint == "/" || ofImages.contains(mountPoint) }

    /// The top layer's, or where it has none the running system's without its root; with the images' store, which builds the next
    /// one, and with the directories that are the same in each root.
    init(_ machine: FoundMachine, data: [String], in topLayer: Directory?) throws(Failure) {
        let existing = try topLayer?.contents(of: Self.path)
        let base = if let existing { existing } else { try machine.system.contents(of: Self.path) ?? [] }
        mode = try (existing == nil ? machine.system : topLayer)?.target(of: Self.path).modeOfSuccessor ?? 0o644
        var work = try Work(machine: machine, table: MountsFile(parsing: base), isNew: existing == nil)
        let (store, boot) = (Self.store(machine, work.device, work.table), Self.boot(machine, work.table))
        let inside = (store + boot).compactMap { Path($0.target) }.filter { $0.isBelow(Self.closed) }
        let folders = inside + boot.compactMap { Path($0.target) }
        if !inside.isEmpty { places.append((Self.closed, 0o700)) }
        places += folders.map { ($0, 0o755) }
        let wanted = (store + boot).compactMap { Path($0.target) }
        try work.renew(besides: wanted)
        if work.isNew { work.leaveOut(besides: data) }
        let kept = try work.lines(ofData: data, besides: store + boot)
        for line in store { try work.add(toStore: line) }
        for line in boot + kept where try work.table.add(line, isReplacing: work.isNew) { work.added.append("'\(line.target)'") }
        try work.end(wanted)
        let isSame = !work.isNew && work.added.isEmpty && work.told.isEmpty
        let mounts = work.isNew && work.added.isEmpty ? ["what this system does"] : work.added
        added = (mounts.isEmpty ? [] : ["mounts " + mounts.joined(separator: ", ")]) + work.told
        notes = work.notes
        targets = work.table.lines.compactMap { Path($0.target) }
        let found = work.table.lines.compactMap { work.table.origin(of: $0) }
        let own = machine.filesystem.volume.uuid.lowercased()
        let isKnown = !found.contains { $0.path == nil && $0.volume == own }
        origins = isKnown ? found.compactMap(\.path).filter { !$0.isTop } : nil
        text = isSame ? nil : try work.table.text()
        for line in work.table.lines where line.source == work.device && Self.isData(line) {
            guard let place = Path(line.target), let subvolume = line.subvolume,
                try machine.filesystem.topLevel.status(of: subvolume) != nil
            else { continue }
            filled.append((place, subvolume))
        }
    }

    /// Where a system's own table mounts something that a root could have too, and no line of this one does.
    func missing(of system: Directory) throws(Failure) -> [String] {
        let own = try MountsFile(parsing: system.contents(of: Self.path) ?? [])
        for place in ["/"] + Self.ofImages { own.remove(target: place) }
        _ = own.removeThoseInRoot(besides: targets.map(\.description))
        return own.lines.filter { $0.type != "swap" }.map(\.target).filter { target in !targets.contains { $0 == Path(target) } }
    }

    /// The table on its way from what it was.
    private struct Work {
        let machine: FoundMachine
        let table: MountsFile
        /// Whether the top layer has none yet.
        let isNew: Bool
        /// Where lines were added.
        var added: [String] = []
        /// What became of lines that were there.
        var told: [String] = []
        var notes: [String] = []
        private var changes: [(old: Line, new: Line)] = []

        init(machine: FoundMachine, table: MountsFile, isNew: Bool) {
            (self.machine, self.table, self.isNew) = (machine, table, isNew)
        }

        /// The btrfs of the roots.
        var device: String { "UUID=\(machine.filesystem.volume.uuid)" }

        /// Lines that setup wrote before, of what is elsewhere now or nowhere, but at the places that are `wanted`.
        mutating func renew(besides wanted: [Path]) throws(Failure) {
            let others = table.lines.filter { line in !wanted.contains { $0 == Path(line.target) } }
            for line in others where FilesystemTable.isOfNoEngine(line, machine, device) {
                table.remove(target: line.target)
                told.append("mounts '\(display(line.target.utf8))' no more")
            }
            let (machine, device) = (machine, device)
            changes = try table.renew { line throws(Failure) in
                if !others.contains(line) { return nil }
                return try FilesystemTable.renewed(line, machine, device) { subvolume throws(Failure) in
                    try machine.filesystem.topLevel.status(of: subvolume) != nil
                }
            }
        }

        /// What this system mounts, and no root does.
        mutating func leaveOut(besides data: [String]) {
            table.remove(target: "/")
            for place in FilesystemTable.ofImages where !data.contains(place) && table.remove(target: place) {
                notes.append(
                    "'\(place)' of this system is mounted in no root, for the image has its own; the top layer's etc/fstab can mount it all the same"
                )
            }
            for (source, use) in table.removeThoseInRoot(besides: data) {
                notes.append(
                    "\(use) in no root, for '\(source)' is in this system's own; where it is on a mount or in a --data directory, it is kept"
                )
            }
        }

        mutating func lines(ofData data: [String], besides own: [Line]) throws(Failure) -> [Line] {
            var lines: [Line] = []
            for path in data {
                let (place, subvolume) = try FilesystemTable.data(path)
                let line = Line(
                    source: device, target: place.description, type: "btrfs", options: "subvol=\(display(subvolume.bytes)),noatime")
                // '/srv/data' and '/srv-data' are called the same.
                let others = (own + lines).map(\.target) + table.targets(ofOptions: line.options)
                if let other = others.first(where: { Path($0) != place && (try? FilesystemTable.data($0))?.subvolume == subvolume }) {
                    throw Failure(
                        "could not keep '\(line.target)' as data: its subvolume '\(subvolume)' is that of '\(other)'",
                        hint: "mount a subvolume of your own there, in the top layer's etc/fstab")
                }
                if let source = table.source(at: line.target, besides: "subvol", display(subvolume.bytes)) {
                    if !isNew {
                        throw Failure(
                            "could not keep '\(line.target)' as data: the top layer's etc/fstab mounts '\(source)' there",
                            hint:
                                "take that line out of '\(machine.settings.topLayer / FilesystemTable.path)' first; what is there now is copied"
                        )
                    }
                    notes.append(
                        "'\(line.target)' of this system is mounted from '\(source)': each root has the copy of it instead; without --data it stays mounted"
                    )
                }
                lines.append(line)
            }
            return lines
        }

        mutating func add(toStore line: Line) throws(Failure) {
            let standing = table.line(at: line.target)
            if let standing, FilesystemTable.isOurs(standing) {
                guard let new = FilesystemTable.renewed(standing, as: line) else { return }
                return try replace(standing, with: new)
            }
            let isOther = standing.flatMap { table.origin(of: $0) }.map { $0.isOther(than: table.origin(of: line)) } ?? false
            if let standing, isOther, !isNew {
                throw Failure(
                    "could not mount the images' store at '\(line.target)': the top layer's etc/fstab mounts '\(standing.source)' there",
                    hint: "take that line out of '\(machine.settings.topLayer / FilesystemTable.path)' first")
            }
            if try table.add(line, isReplacing: isNew && (isOther || !line.isTheirs)) { added.append("'\(line.target)'") }
            if let standing = table.line(at: line.target), standing.letsEnginesStart, let engine = machine.engine.service {
                notes.append(
                    "'\(display(line.target.utf8))' of the top layer's etc/fstab may be absent, and the engine then begins an empty store: "
                        + "add 'x-systemd.required-by=\(engine).service,x-systemd.before=\(engine).service' to that line")
            }
        }

        /// What can be told when all lines are there.
        mutating func end(_ wanted: [Path]) throws(Failure) {
            try renewOthers()
            if table.removeUnused(FilesystemTable.top, besides: wanted) { told.append("mounts '\(FilesystemTable.top)' no more") }
            // The layer came from another disk.
            let isMoved = changes.contains { $0.old.source.hasPrefix("UUID=") && $0.old.source != device && $0.new.source == device }
            if let (old, new) = FilesystemTable.renewedBoot(machine, table, isMoved: isMoved) { try replace(old, with: new) }
            told += changes.map(FilesystemTable.told)
            for line in table.lines where try line.isWaitedForInVain {
                notes.append(
                    "'\(display(line.target.utf8))' of the top layer's etc/fstab is on \(display(line.source.utf8)), "
                        + "\(Line.absence.reason); \(Line.absence.remedy)")
            }
        }

        /// Lines that setup did not write, of a UUID that the btrfs had before: its own lines tell that. What some disk has still is on that one.
        /// In a copy of the files the numbers of subvolumes mean nothing, nor does the default one: such lines stay.
        private mutating func renewOthers() throws(Failure) {
            let before = try? Settings.current(on: machine.filesystem.topLevel)
            let hadStore = before != nil && before?.storeDevice == nil
            let (machine, device) = (machine, device)
            let own = changes.filter { $0.new.source == device && (hadStore || FilesystemTable.isData($0.old)) }
            let former = own.map { $0.old.source }.filter { $0.hasPrefix("UUID=") && $0 != device }
            changes += try table.renew { line throws(Failure) in
                guard line.type == "btrfs", former.contains(line.source), let name = line.device, try !BlockDevices.has(name) else {
                    return nil
                }
                let number = line.subvolumeID
                if number != nil && number != 5 || number == nil && line.subvolume == nil { return nil }
                if let subvolume = line.subvolume, try machine.filesystem.topLevel.status(of: subvolume) == nil { return nil }
                var new = line
                new.source = device
                return new
            }
        }

        private mutating func replace(_ old: Line, with new: Line) throws(Failure) {
            try table.replace(old, with: new)
            changes.append((old, new))
        }
    }

    typealias Line = MountsFile.Line

    /// Fails where an image, or each boot, has a directory of its own. One that is the same in each root already, by an earlier version, stays it.
    static func check(newData place: Path) throws(Failure) {
        let first = place.components.first.map { display($0) } ?? ""
        let isPackages = (["var/lib/dpkg", "var/lib/rpm", "var/lib/pacman"] as [Path]).contains { place.isWithin($0) }
        let isOwn = place.isBelow("usr/local") || place.isWithin("usr/src")
        let isProgram = ["bin", "sbin", "lib", "lib32", "lib64", "libx32"].contains(first) || first == "usr" && !isOwn
        let reason: String
        if isOfImages(place.description) || isProgram || isPackages || place == "etc" {
            reason = "each image has its own"
        } else if ["dev", "proc", "sys", "run", "tmp", "boot"].contains(first) || place.isWithin("var/run") {
            reason = "each boot has its own"
        } else {
            return
        }
        throw Failure(
            "could not keep '\(place)' as data: \(reason)", hint: "name the directories that stay, as --data /home or --data /var/lib/mysql"
        )
    }

    /// On the top level.
    static let dataFolder: Path = "docker_data"

    /// Where a directory that was asked for is, and its subvolume from the top level.
    static func data(_ text: String) throws(Failure) -> (place: Path, subvolume: Path) {
        guard text.hasPrefix("/"), let place = Path(text) else {
            throw Failure(
                "could not keep '\(text)' as data: it has to be a path that begins with '/' and has no '..' in it",
                hint: "for example --data /home")
        }
        if place.isTop {
            throw Failure("could not keep '/' as data: each root has its own", hint: "name the directories that stay: --data /home")
        }
        if place.bytes.contains(UInt8(ascii: ",")) {
            throw Failure("could not keep '\(text)' as data: mount options cannot name what has a comma", hint: "give it another name")
        }
        let name = display(place.bytes).escaping("/", as: "-")
        return (place, dataFolder.appending(name))
    }

    /// Whether it mounts a directory of that kind, as setup writes it.
    static func isData(_ line: Line) -> Bool {
        guard line.type == "btrfs", let subvolume = line.subvolume else { return false }
        return (try? data(line.target))?.subvolume == subvolume
    }

    /// A machine boots without its store too, but no engine starts: it would begin an empty one in the root. What is required by a service is
    /// mounted for that alone, unless something else wants it, and Podman has no service.
    package static let storeOptions =
        formerStoreOptions + """
            ,x-systemd.required-by=docker.service,x-systemd.required-by=containerd.service,x-systemd.wanted-by=local-fs.target
            """
    /// As setup wrote them before.
    private static let formerStoreOptions = "noatime,nofail,x-systemd.before=docker.service,x-systemd.before=containerd.service"

    private static func store(_ machine: FoundMachine, _ device: String, _ table: MountsFile) -> [Line] {
        let folder = machine.dataRoot
        let options = storeOptions
        // The whole btrfs, mounted by hand to look at it, is nothing that roots have.
        let isByHand =
            machine.settings.storeDevice == nil && machine.enginePlace != folder.place && table.line(at: folder.mountPoint) == nil
        let device = machine.settings.storeDevice?.specification ?? device
        if folder.mounted.isTop && !isOfImages(folder.mountPoint) && !isByHand {
            return [filesystem(of: folder, on: device, at: folder.mountPoint, options, isTheirs: true)]
        }
        let top = top.description
        let place = folder.mounted.isTop && isByHand ? machine.enginePlace : folder.place
        return [filesystem(of: folder, on: device, at: top, options), bind(folder, from: top, at: place, options)]
            + machine.beside.map { bind($0, from: top, at: $0.place, options) }
    }

    /// Whether it is as setup writes one for the store: it may take the place of that.
    private static func isOurs(_ line: Line) -> Bool {
        if !line.source.hasPrefix("UUID=") && Path(line.source)?.isBelow(closed) != true { return false }
        return isAsWritten(line) || Path(line.target)?.isBelow(closed) == true
    }

    private static func isAsWritten(_ line: Line) -> Bool {
        (forms(of: storeOptions) + forms(of: formerStoreOptions)).contains(line.options)
    }

    /// What a line of ours is to be now; nil where it is that. Options that a person chose stay.
    private static func renewed(_ line: Line, as wanted: Line) -> Line? {
        var new = wanted
        new.isTheirs = false
        if !isAsWritten(line) && line.type == new.type { new.options = line.options }
        return new == line ? nil : new
    }

    /// Whether it mounted the whole filesystem of a store that is on another one now, and no engine's root is there.
    private static func isOfNoEngine(_ line: Line, _ machine: FoundMachine, _ device: String) -> Bool {
        guard isOurs(line), line.source.hasPrefix("UUID="), let target = Path(line.target), !target.isBelow(closed),
            ![device, machine.settings.storeDevice?.specification].contains(line.source)
        else { return false }
        return !machine.enginePlaces.contains { place in Path(place).map { $0 == target || $0.isBelow(target) } ?? false }
    }

    /// What a line that setup wrote is to be now, where the btrfs or the store is on another disk than it was, or engines would start
    /// without it; nil for any other line. A subvolume with data of ours is looked for on the btrfs.
    private static func renewed(
        _ line: Line, _ machine: FoundMachine, _ device: String, _ isThere: (Path) throws(Failure) -> Bool
    ) throws(Failure) -> Line? {
        let store = machine.settings.storeDevice?.specification ?? device
        let isByUUID = line.source.hasPrefix("UUID=")
        var new = line
        if isData(line) {
            if isByUUID, let data = line.subvolume, try isThere(data) { new.source = device }
        } else {
            if let form = forms(of: formerStoreOptions).firstIndex(of: line.options) { new.options = forms(of: storeOptions)[form] }
            let isAsWritten = isAsWritten(new)
            if isByUUID, isAsWritten || Path(line.target) == top, ![device, store].contains(line.source) {
                new.source = store
                if isAsWritten { new = filesystem(of: machine.dataRoot, on: store, at: line.target, storeOptions) }
            }
        }
        return new == line ? nil : new
    }

    /// What lines of a store have: of a btrfs, of another filesystem, of a directory in it.
    private static func forms(of options: String) -> [String] {
        ["subvolid=5,\(options)", options, "bind,\(options),x-systemd.requires-mounts-for=\(top)"]
    }

    private static func told(_ old: Line, _ new: Line) -> String {
        let place = "'\(display(new.target.utf8))'"
        if old.source == new.source { return "lets no engine start without \(place)" }
        return "mounts \(place) from \(new.source) in place of \(display(old.source.utf8))"
    }

    /// The boot menu, where it is a folder of the system that setup ran on: no root has that.
    private static func boot(_ machine: FoundMachine, _ table: MountsFile) -> [Line] {
        guard let folder = machine.ownBoot, let uuid = try? folder.volume().uuid else { return partition(machine, table) }
        let (top, options) = ((closed / "boot").description, "noatime,nofail")
        return [filesystem(of: folder, on: "UUID=\(uuid)", at: top, options), bind(folder, from: top, at: folder.place, options)]
    }

    /// The boot loader's partition, where it is mounted in its usual place and the table has it nowhere: systemd found it, or a person mounted it.
    private static func partition(_ machine: FoundMachine, _ table: MountsFile) -> [Line] {
        guard let folder = machine.loaderFolder, let uuid = machine.bootVolume, folder.type != "btrfs",
            InstalledLoader.usualFolders.contains(folder.mountPoint),
            !table.lines.contains(where: { $0.target == folder.mountPoint || MountsFile.volume($0.source) == uuid.lowercased() })
        else { return [] }
        let options = folder.type == "vfat" ? "umask=0077,noatime,nofail" : "noatime,nofail"
        return [Line(source: "UUID=\(uuid)", target: folder.mountPoint, type: folder.type, options: options)]
    }

    /// The line that mounts the boot loader's partition, where that is another one than it was: made anew, or in a layer that was copied from
    /// another disk, with that partition mounted by hand.
    private static func renewedBoot(_ machine: FoundMachine, _ table: MountsFile, isMoved: Bool) -> (old: Line, new: Line)? {
        guard let folder = machine.loaderFolder, let uuid = machine.bootVolume, folder.mountPoint != "/", folder.type != "btrfs" else {
            return nil
        }
        let usual = InstalledLoader.usualFolders.compactMap { table.line(at: $0) }.filter { $0.type == folder.type }
        let line = table.line(at: folder.mountPoint) ?? (isMoved && usual.count == 1 ? usual[0] : nil)
        // What is mounted there may be something else by hand.
        guard let line, !line.isBind, [folder.type, "auto"].contains(line.type), MountsFile.volume(line.source) != uuid.lowercased() else {
            return nil
        }
        var new = line
        new.source = "UUID=\(uuid)"
        return (line, new)
    }

    /// All of it: of a btrfs the top level.
    private static func filesystem(
        of folder: MountedFolder, on device: String, at place: String, _ options: String, isTheirs: Bool = false
    ) -> Line {
        Line(
            source: device, target: place, type: folder.type, options: folder.type == "btrfs" ? "subvolid=5,\(options)" : options,
            isTheirs: isTheirs)
    }

    private static func bind(_ folder: MountedFolder, from top: String, at place: String, _ options: String) -> Line {
        Line(
            source: top + folder.path.description, target: place, type: "none",
            options: "bind,\(options),x-systemd.requires-mounts-for=\(top)")
    }
}

extension FilesystemTable {
    /// What an image's fstab mounts on a disk of its own, but at `places`; and what is said of the lines whose device would be waited for
    /// in vain.
    package static func kept(of image: [UInt8], besides places: [String]) throws(Failure) -> (text: String, notes: [String]) {
        let table = try MountsFile(parsing: image)
        for place in places { table.remove(target: place) }
        let notes = table.removeThoseOnDevices().map { device, use in
            "\(use) of the image's etc/fstab is left out: the disk has no \(device); with 'nofail' the line stays"
        }
        return (table.isEmpty ? "" : try table.text(), notes)
    }

    /// Which of a disk's own lines a person's fstab leaves to it: those for the places of which it says nothing. And what is said of its
    /// lines that are on another disk.
    package static func added(_ own: [String], to content: [UInt8]) throws(Failure) -> (lines: [String], notes: [String]) {
        let table = try MountsFile(parsing: content)
        let lines = own.filter { line in table.line(at: String(line.split(separator: " ")[1])) == nil }
        // A boot does not look for what is mounted at / by this line.
        table.remove(target: "/")
        let notes = table.removeThoseOnDevices().map { device, use in
            "\(use) of the top layer's etc/fstab is on \(device), which this disk does not have: a boot waits for it unless 'nofail' is said"
        }
        return (lines, notes)
    }
}
