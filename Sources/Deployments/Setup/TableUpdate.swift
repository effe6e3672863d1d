internal import Basics
internal import BootEntries
internal import Linux

/// The top layer's fstab on its way from what it was.
struct TableUpdate {
    typealias Line = MountsFile.Line

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

    /// The lines of the images' store.
    var store: [Line] {
        let folder = machine.dataRoot
        let options = FilesystemTable.storeOptions
        // The whole btrfs, mounted by hand to look at it, is nothing that roots have.
        let isByHand =
            machine.settings.storeDevice == nil && machine.enginePlace != folder.place && table.line(at: folder.mountPoint) == nil
        let device = machine.settings.storeDevice?.specification ?? self.device
        if folder.mounted.isTop && !FilesystemTable.isOfImages(folder.mountPoint) && !isByHand {
            return [Self.filesystem(of: folder, on: device, at: folder.mountPoint, options, isTheirs: true)]
        }
        let top = FilesystemTable.top.description
        let place = folder.mounted.isTop && isByHand ? machine.enginePlace : folder.place
        return [Self.filesystem(of: folder, on: device, at: top, options), Self.bind(folder, from: top, at: place, options)]
            + machine.beside.map { Self.bind($0, from: top, at: $0.place, options) }
    }

    /// The boot menu, where it is a folder of the system that setup ran on: no root has that.
    var boot: [Line] {
        guard let folder = machine.ownBoot, let uuid = try? folder.volume().uuid else { return partition }
        let (top, options) = ((FilesystemTable.closed / "boot").description, "noatime,nofail")
        return [Self.filesystem(of: folder, on: "UUID=\(uuid)", at: top, options), Self.bind(folder, from: top, at: folder.place, options)]
    }

    /// The boot loader's partition, where it is mounted in its usual place and the table has it nowhere: systemd found it, or a person mounted it.
    private var partition: [Line] {
        guard let folder = machine.loaderFolder, let uuid = machine.bootVolume, folder.type != "btrfs",
            InstalledLoader.usualFolders.contains(folder.mountPoint),
            !table.lines.contains(where: { $0.target == folder.mountPoint || MountsFile.volume($0.source) == uuid.lowercased() })
        else { return [] }
        let options = folder.type == "vfat" ? "umask=0077,noatime,nofail" : "noatime,nofail"
        return [Line(source: "UUID=\(uuid)", target: folder.mountPoint, type: folder.type, options: options)]
    }

    /// Lines that setup wrote before, of what is elsewhere now or nowhere, but at the places that are `wanted`.
    mutating func renew(besides wanted: [Path]) throws(Failure) {
        let others = table.lines.filter { line in !wanted.contains { $0 == Path(line.target) } }
        for line in others where isOfNoEngine(line) {
            table.remove(target: line.target)
            told.append("mounts '\(display(line.target.utf8))' no more")
        }
        let update = self
        changes = try table.renew { line throws(Failure) in others.contains(line) ? try update.renewed(line) : nil }
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
            let one = try DataDirectory(path)
            let line = Line(
                source: device, target: one.place.description, type: "btrfs", options: "subvol=\(display(one.subvolume.bytes)),noatime")
            // '/srv/data' and '/srv-data' are called the same.
            let others = (own + lines).map(\.target) + table.targets(ofOptions: line.options)
            if let other = others.first(where: { Path($0) != one.place && (try? DataDirectory($0))?.subvolume == one.subvolume }) {
                throw Failure(
                    "could not keep '\(line.target)' as data: its subvolume '\(one.subvolume)' is that of '\(other)'",
                    hint: "mount a subvolume of your own there, in the top layer's etc/fstab")
            }
            if let source = table.source(at: line.target, besides: "subvol", display(one.subvolume.bytes)) {
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
        if let standing, isOurs(standing) {
            guard let new = renewed(standing, as: line) else { return }
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
        if let (old, new) = renewedBoot(isMoved: isMoved) { try replace(old, with: new) }
        told += changes.map(Self.sentence)
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
        let own = changes.filter { $0.new.source == device && (hadStore || DataDirectory.isMounted(by: $0.old)) }
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

    /// Whether it is as setup writes one for the store: it may take the place of that.
    private func isOurs(_ line: Line) -> Bool {
        if !line.source.hasPrefix("UUID=") && Path(line.source)?.isBelow(FilesystemTable.closed) != true { return false }
        return isAsWritten(line) || Path(line.target)?.isBelow(FilesystemTable.closed) == true
    }

    private func isAsWritten(_ line: Line) -> Bool {
        (Self.forms(of: FilesystemTable.storeOptions) + Self.forms(of: FilesystemTable.formerStoreOptions)).contains(line.options)
    }

    /// What a line of ours is to be now; nil where it is that. Options that a person chose stay.
    private func renewed(_ line: Line, as wanted: Line) -> Line? {
        var new = wanted
        new.isTheirs = false
        if !isAsWritten(line) && line.type == new.type { new.options = line.options }
        return new == line ? nil : new
    }

    /// Whether it mounted the whole filesystem of a store that is on another one now, and no engine's root is there.
    private func isOfNoEngine(_ line: Line) -> Bool {
        guard isOurs(line), line.source.hasPrefix("UUID="), let target = Path(line.target), !target.isBelow(FilesystemTable.closed),
            ![device, machine.settings.storeDevice?.specification].contains(line.source)
        else { return false }
        return !machine.enginePlaces.contains { place in Path(place).map { $0 == target || $0.isBelow(target) } ?? false }
    }

    /// What a line that setup wrote is to be now, where the btrfs or the store is on another disk than it was, or engines would start
    /// without it; nil for any other line. A subvolume with data of ours is looked for on the btrfs.
    private func renewed(_ line: Line) throws(Failure) -> Line? {
        let store = machine.settings.storeDevice?.specification ?? device
        let isByUUID = line.source.hasPrefix("UUID=")
        var new = line
        if DataDirectory.isMounted(by: line) {
            if isByUUID, let data = line.subvolume, try machine.filesystem.topLevel.status(of: data) != nil { new.source = device }
        } else {
            if let form = Self.forms(of: FilesystemTable.formerStoreOptions).firstIndex(of: line.options) {
                new.options = Self.forms(of: FilesystemTable.storeOptions)[form]
            }
            let isAsWritten = isAsWritten(new)
            if isByUUID, isAsWritten || Path(line.target) == FilesystemTable.top, ![device, store].contains(line.source) {
                new.source = store
                if isAsWritten { new = Self.filesystem(of: machine.dataRoot, on: store, at: line.target, FilesystemTable.storeOptions) }
            }
        }
        return new == line ? nil : new
    }

    /// What lines of a store have: of a btrfs, of another filesystem, of a directory in it.
    private static func forms(of options: String) -> [String] {
        ["subvolid=5,\(options)", options, "bind,\(options),x-systemd.requires-mounts-for=\(FilesystemTable.top)"]
    }

    private static func sentence(_ old: Line, _ new: Line) -> String {
        let place = "'\(display(new.target.utf8))'"
        if old.source == new.source { return "lets no engine start without \(place)" }
        return "mounts \(place) from \(new.source) in place of \(display(old.source.utf8))"
    }

    /// The line that mounts the boot loader's partition, where that is another one than it was: made anew, or in a layer that was copied from
    /// another disk, with that partition mounted by hand.
    private func renewedBoot(isMoved: Bool) -> (old: Line, new: Line)? {
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
