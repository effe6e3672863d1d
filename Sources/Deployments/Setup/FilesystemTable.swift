package import Basics
internal import Boot
internal import BootEntries
internal import CLinux
internal import CMount
internal import Initramfs
internal import Linux

/// The top layer's fstab, read and written by libmount: what is there stays, and what is missing is added.
package struct FilesystemTable {
    package static let path: Path = "etc/fstab"

    /// nil where nothing is missing.
    let text: String?
    /// What was added, for a person.
    let added: [String]
    /// What a person should know.
    let notes: [String]
    /// Where our own lines mount, each after those above it, with its mode. Not each init makes the place of a mount.
    let places: [(path: Path, mode: UInt32)]

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
        let device = "UUID=\(machine.filesystem.volume.uuid)"
        let existing = try topLayer?.contents(of: Self.path)
        let base = if let existing { existing } else { try machine.system.contents(of: Self.path) ?? [] }
        let table = try Table(parsing: base)
        let (store, boot) = (Self.store(machine, device, table), Self.boot(machine))
        var lines = store + boot
        let inside = lines.compactMap { Path($0.target) }.filter { $0.isBelow(Self.closed) }
        var places: [(path: Path, mode: UInt32)] = []
        if !inside.isEmpty { places.append((Self.closed, 0o700)) }
        for path in inside + boot.compactMap({ Path($0.target) }) { places.append((path, 0o755)) }
        self.places = places
        let topLevel = machine.filesystem.topLevel
        let wanted = lines.compactMap { Path($0.target) }
        let others = table.lines.filter { line in !wanted.contains { $0 == Path(line.target) } }
        var told: [String] = []
        for line in others where Self.isOfNoEngine(line, machine, device) {
            table.remove(target: line.target)
            told.append("mounts '\(display(line.target.utf8))' no more")
        }
        var changes = try table.renew { line throws(Failure) in
            if !others.contains(line) { return nil }
            return try Self.renewed(line, machine, device) { subvolume throws(Failure) in try topLevel.status(of: subvolume) != nil }
        }
        var notes: [String] = []
        if existing == nil {
            table.remove(target: "/")
            for place in Self.ofImages where !data.contains(place) && table.remove(target: place) {
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
        for path in data {
            let (place, subvolume) = try Self.data(path)
            let line = Line(
                source: device, target: place.description, type: "btrfs", options: "subvol=\(display(subvolume.bytes)),noatime")
            // '/srv/data' and '/srv-data' are called the same.
            let others = lines.map(\.target) + table.targets(ofOptions: line.options)
            if let other = others.first(where: { Path($0) != place && (try? Self.data($0))?.subvolume == subvolume }) {
                throw Failure(
                    "could not keep '\(line.target)' as data: its subvolume '\(subvolume)' is that of '\(other)'",
                    hint: "mount a subvolume of your own there, in the top layer's etc/fstab")
            }
            if let source = table.source(at: line.target, besides: "subvol", display(subvolume.bytes)) {
                if existing != nil {
                    throw Failure(
                        "could not keep '\(line.target)' as data: the top layer's etc/fstab mounts '\(source)' there",
                        hint: "take that line out of '\(machine.settings.topLayer / Self.path)' first; what is there now is copied")
                }
                notes.append(
                    "'\(line.target)' of this system is mounted from '\(source)': each root has the copy of it instead; without --data it stays mounted"
                )
            }
            lines.append(line)
        }
        var added: [String] = []
        for line in store {
            let standing = table.line(at: line.target)
            if let standing, Self.isOurs(standing) {
                guard let new = Self.renewed(standing, as: line) else { continue }
                try table.replace(standing, with: new)
                changes.append((standing, new))
                continue
            }
            let isOther = standing.flatMap { table.origin(of: $0) }.map { $0 != table.origin(of: line) } ?? false
            if let standing, isOther, existing != nil {
                throw Failure(
                    "could not mount the images' store at '\(line.target)': the top layer's etc/fstab mounts '\(standing.source)' there",
                    hint: "take that line out of '\(machine.settings.topLayer / Self.path)' first")
            }
            if try table.add(line, isReplacing: existing == nil && (isOther || !line.isTheirs)) { added.append("'\(line.target)'") }
        }
        for line in lines.dropFirst(store.count) where try table.add(line, isReplacing: existing == nil) {
            added.append("'\(line.target)'")
        }
        if table.removeUnused(Self.top, besides: wanted) { told.append("mounts '\(Self.top)' no more") }
        // The layer came from another disk.
        let isMoved = changes.contains { $0.old.source.hasPrefix("UUID=") && $0.old.source != device && $0.new.source == device }
        if existing != nil, let (old, new) = Self.renewedBoot(machine, table, isMoved: isMoved) {
            try table.replace(old, with: new)
            changes.append((old, new))
        }
        told += changes.map(Self.told)
        for line in table.lines where try line.isWaitedForInVain {
            notes.append(
                "'\(display(line.target.utf8))' of the top layer's etc/fstab is on \(display(line.source.utf8)), which is not here: "
                    + "the boot stops there; add 'nofail' to that line, or take it out")
        }
        self.notes = notes
        text = existing != nil && added.isEmpty && told.isEmpty ? nil : try table.text()
        let mounts = existing == nil && added.isEmpty ? ["what this system does"] : added
        self.added = (mounts.isEmpty ? [] : ["mounts " + mounts.joined(separator: ", ")]) + told
    }

    struct Line: Equatable {
        var source: String
        let target: String
        let type: String
        var options: String
        /// Whether a person's own line for that place stays.
        var isTheirs = false

        var subvolume: Path? {
            let key = "subvol="
            return options.split(separator: ",").first { $0.hasPrefix(key) }.flatMap { Path($0.dropFirst(key.count).utf8) }
        }
    }

    /// A directory of a filesystem.
    struct Origin: Equatable {
        let volume: String
        let path: Path
    }

    /// Where a directory that was asked for is, and its subvolume from the top level.
    static func data(_ text: String) throws(Failure) -> (place: Path, subvolume: Path) {
        guard text.hasPrefix("/"), let place = Path(text), !place.isTop else {
            throw Failure("could not keep '\(text)' as data: it has to be a path that begins with '/'", hint: "for example --data /home")
        }
        if place.bytes.contains(UInt8(ascii: ",")) {
            throw Failure("could not keep '\(text)' as data: mount options cannot name what has a comma", hint: "give it another name")
        }
        let name = display(place.bytes).replacing("/", with: "-")
        return (place, ("docker_data" as Path).appending(name: Array(name.utf8)))
    }

    /// A machine boots without its store too, but no engine starts: it would begin an empty one in the root. What is required by a service is
    /// mounted for that alone, unless something else wants it, and Podman has no service.
    package static let storeOptions =
        formerStoreOptions + """
            ,x-systemd.required-by=docker.service,x-systemd.required-by=containerd.service,x-systemd.wanted-by=local-fs.target
            """
    /// As setup wrote them before.
    private static let formerStoreOptions = "noatime,nofail,x-systemd.before=docker.service,x-systemd.before=containerd.service"

    private static func store(_ machine: FoundMachine, _ device: String, _ table: Table) -> [Line] {
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
        if line.type == "btrfs", let data = try? Self.data(line.target).subvolume, line.subvolume == data {
            if isByUUID, try isThere(data) { new.source = device }
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
    private static func boot(_ machine: FoundMachine) -> [Line] {
        guard let folder = machine.ownBoot, let uuid = try? folder.volume().uuid else { return [] }
        let (top, options) = ((closed / "boot").description, "noatime,nofail")
        return [filesystem(of: folder, on: "UUID=\(uuid)", at: top, options), bind(folder, from: top, at: folder.place, options)]
    }

    /// The line that mounts the boot loader's partition, where that is another one than it was: made anew, or in a layer that was copied from
    /// another disk, with that partition mounted by hand.
    private static func renewedBoot(_ machine: FoundMachine, _ table: Table, isMoved: Bool) -> (old: Line, new: Line)? {
        guard let folder = machine.loaderFolder, let uuid = machine.bootVolume, folder.mountPoint != "/", folder.type != "btrfs" else {
            return nil
        }
        let usual = ["/boot/efi", "/efi", "/boot"].compactMap { table.line(at: $0) }.filter { $0.type == folder.type }
        let line = table.line(at: folder.mountPoint) ?? (isMoved && usual.count == 1 ? usual[0] : nil)
        guard let line, !line.isBind, Table.volume(line.source) != uuid.lowercased() else { return nil }
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
        let table = try Table(parsing: image)
        for place in places { table.remove(target: place) }
        let notes = table.removeThoseOnDevices().map { device, use in
            "\(use) of the image's etc/fstab is left out: the disk has no \(device); with 'nofail' the line stays"
        }
        return (table.isEmpty ? "" : try table.text(), notes)
    }
}

extension FilesystemTable.Line {
    fileprivate var isBind: Bool { ["bind", "rbind"].contains { options.split(separator: ",").contains($0[...]) } }

    /// Whether its device is not there, and a boot ends at that.
    fileprivate var isWaitedForInVain: Bool {
        get throws(Failure) {
            guard target.hasPrefix("/"), target != "/", let device = DeviceName(source) else { return false }
            if ["nofail", "noauto"].contains(where: { options.split(separator: ",").contains($0[...]) }) { return false }
            return try !BlockDevices.has(device)
        }
    }

    fileprivate init?(_ entry: OpaquePointer) {
        guard let source = mnt_fs_get_source(entry), let target = mnt_fs_get_target(entry), let type = mnt_fs_get_fstype(entry),
            let options = mnt_fs_get_options(entry)
        else { return nil }
        self.init(
            source: String(cString: source), target: String(cString: target), type: String(cString: type),
            options: String(cString: options))
    }
}

/// A table of libmount.
private final class Table {
    private let table: OpaquePointer

    init(parsing bytes: [UInt8]) throws(Failure) {
        guard let table = mnt_new_table() else { throw Failure("could not read fstab: there is no memory") }
        self.table = table
        mnt_table_enable_comments(table, 1)
        if bytes.isEmpty { return }
        var copy = bytes
        let isRead = copy.withUnsafeMutableBytes { buffer in
            guard let file = fmemopen(buffer.baseAddress, buffer.count, "r") else { return false }
            defer { fclose(file) }
            return mnt_table_parse_stream(table, file, "fstab") == 0
        }
        if !isRead { throw Failure("could not read '/etc/fstab'") }
    }

    deinit { mnt_unref_table(table) }

    /// Whether it was there.
    @discardableResult
    func remove(target: String) -> Bool {
        var isFound = false
        while let entry = mnt_table_find_target(table, target, Int32(MNT_ITER_FORWARD)) {
            mnt_table_remove_fs(table, entry)
            isFound = true
        }
        return isFound
    }

    private var entries: [OpaquePointer] {
        guard let walk = mnt_new_iter(Int32(MNT_ITER_FORWARD)) else { return [] }
        defer { mnt_free_iter(walk) }
        var entries: [OpaquePointer] = []
        var entry: OpaquePointer?
        while mnt_table_next_fs(table, walk, &entry) == 0 { entries += [entry].compactMap { $0 } }
        return entries
    }

    var lines: [FilesystemTable.Line] { entries.compactMap { FilesystemTable.Line($0) } }

    /// The first for a place.
    func line(at target: String) -> FilesystemTable.Line? {
        mnt_table_find_target(table, target, Int32(MNT_ITER_FORWARD)).flatMap { FilesystemTable.Line($0) }
    }

    /// What a line mounts: of which filesystem, by its UUID if that can be told, and what of that from its top. nil where this table does not
    /// tell.
    func origin(of line: FilesystemTable.Line) -> FilesystemTable.Origin? {
        var (line, below) = (line, Path.top)
        // As deep as binds are in one another.
        for _ in 0..<8 {
            let options = line.options.split(separator: ",")
            if !line.isBind {
                let isOfSubvolumes = ["btrfs", "auto"].contains(line.type)
                let whole: Path? = !isOfSubvolumes || options.contains("subvolid=5") ? .top : nil
                return (line.subvolume ?? whole).map { FilesystemTable.Origin(volume: Self.volume(line.source), path: $0 / below) }
            }
            guard let source = Path(line.source) else { return nil }
            let above = lines.filter { other in
                Path(other.target).map { !$0.isTop && other != line && (source == $0 || source.isBelow($0)) } ?? false
            }.max { $0.target.utf8.count < $1.target.utf8.count }
            guard let above, let place = Path(above.target), let rest = Path(source.bytes.dropFirst(place.bytes.count)) else { return nil }
            (line, below) = (above, rest / below)
        }
        return nil
    }

    static func volume(_ source: String) -> String {
        if case .uuid(let uuid) = DeviceName(source) { return uuid.lowercased() }
        guard let path = mnt_resolve_spec(source, nil) else { return source }
        defer { free(path) }
        return (try? BootVolume(onDevice: String(cString: path)).uuid.lowercased()) ?? source
    }

    /// One of another kind comes after what it is mounted from.
    func replace(_ line: FilesystemTable.Line, with new: FilesystemTable.Line) throws(Failure) {
        if line.type == new.type {
            if let entry = mnt_table_find_target(table, line.target, Int32(MNT_ITER_FORWARD)) { set(entry, to: new) }
        } else {
            _ = try add(new, isReplacing: true)
        }
    }

    /// Removes the line for a place that none is mounted from. Returns whether there was one.
    func removeUnused(_ place: Path, besides wanted: [Path]) -> Bool {
        if wanted.contains(place) || lines.contains(where: { Path($0.source)?.isBelow(place) == true }) { return false }
        return remove(target: place.description)
    }

    var isEmpty: Bool { mnt_table_is_empty(table) != 0 }

    /// Makes other lines of some, in their place: those that `renewed` has something for. Returns what was, and what is now.
    func renew(
        _ renewed: (FilesystemTable.Line) throws(Failure) -> FilesystemTable.Line?
    ) throws(Failure) -> [(old: FilesystemTable.Line, new: FilesystemTable.Line)] {
        var changes: [(FilesystemTable.Line, FilesystemTable.Line)] = []
        for entry in entries {
            guard let line = FilesystemTable.Line(entry), let new = try renewed(line) else { continue }
            set(entry, to: new)
            changes.append((line, new))
        }
        return changes
    }

    private func set(_ entry: OpaquePointer, to line: FilesystemTable.Line) {
        mnt_fs_set_source(entry, line.source)
        mnt_fs_set_target(entry, line.target)
        mnt_fs_set_fstype(entry, line.type)
        mnt_fs_set_options(entry, line.options)
    }

    /// Removes the entries whose device has to be there at boot. Returns the devices, and what for.
    func removeThoseOnDevices() -> [(device: DeviceName, use: String)] {
        var removed: [(DeviceName, String)] = []
        for entry in entries {
            guard let device = mnt_fs_get_source(entry).flatMap({ DeviceName(String(cString: $0)) }) else { continue }
            if ["nofail", "noauto"].contains(where: { (option: String) in mnt_fs_get_option(entry, option, nil, nil) == 0 }) { continue }
            let target = mnt_fs_get_target(entry).map { String(cString: $0) } ?? ""
            removed.append((device, mnt_fs_is_swaparea(entry) != 0 ? "the swap" : "'\(display(target.utf8))'"))
            mnt_table_remove_fs(table, entry)
        }
        return removed
    }

    func targets(ofOptions options: String) -> [String] {
        entries.filter { mnt_fs_get_options($0).map { String(cString: $0) } == options }
            .compactMap { mnt_fs_get_target($0).map { String(cString: $0) } }
    }

    /// Removes the entries of directories and files that neither another entry nor `data` brings along: they are in the root, and would be
    /// missing in the next one, whose boot would end at that. Returns what they were made of, and what for.
    func removeThoseInRoot(besides data: [String]) -> [(source: Path, use: String)] {
        var removed: [(Path, String)] = []
        // One may have been what another one is in.
        while let (entry, source) = firstInRoot(besides: data) {
            let target = mnt_fs_get_target(entry).map { String(cString: $0) } ?? ""
            let isSwap = mnt_fs_is_swaparea(entry) != 0
            removed.append((source, isSwap ? "this system's swap file is" : "'\(target)' of this system is mounted"))
            mnt_table_remove_fs(table, entry)
        }
        return removed
    }

    private func firstInRoot(besides data: [String]) -> (OpaquePointer, Path)? {
        let entries = entries
        for entry in entries {
            let isOfFile = ["bind", "rbind", "loop"].contains { (option: String) in mnt_fs_get_option(entry, option, nil, nil) == 0 }
            guard isOfFile || mnt_fs_is_swaparea(entry) != 0, let text = mnt_fs_get_source(entry).map({ String(cString: $0) }),
                text.hasPrefix("/"), let source = Path(text)
            else { continue }
            let others = entries.filter { $0 != entry }.compactMap { mnt_fs_get_target($0).map { String(cString: $0) } }
            let places = Set((["/dev", "/proc", "/run", "/sys"] + data + others).compactMap { Path($0) }.filter { !$0.isTop })
            let above = sequence(first: source) { $0.isTop ? nil : $0.parent }
            if !above.contains(where: places.contains) { return (entry, source) }
        }
        return nil
    }

    /// What the first entry for a place mounts there; nil where that has this option, or there is none.
    func source(at target: String, besides option: String, _ value: String) -> String? {
        guard let entry = mnt_table_find_target(table, target, Int32(MNT_ITER_FORWARD)) else { return nil }
        var found: (text: UnsafeMutablePointer<CChar>?, size: Int) = (nil, 0)
        if mnt_fs_get_option(entry, option, &found.text, &found.size) == 0, let text = found.text {
            let bytes = UnsafeRawBufferPointer(start: text, count: found.size)
            if Path(display(bytes)) == Path(value) { return nil }
        }
        return mnt_fs_get_source(entry).map { String(cString: $0) }
    }

    /// Whether it was not there.
    func add(_ line: FilesystemTable.Line, isReplacing: Bool) throws(Failure) -> Bool {
        if isReplacing { remove(target: line.target) }
        if mnt_table_find_target(table, line.target, Int32(MNT_ITER_FORWARD)) != nil { return false }
        guard let entry = mnt_new_fs() else { throw Failure("could not add a line to fstab: there is no memory") }
        defer { mnt_unref_fs(entry) }
        set(entry, to: line)
        return mnt_table_add_fs(table, entry) == 0
    }

    func text() throws(Failure) -> String {
        var buffer: UnsafeMutablePointer<CChar>?
        var size = 0
        guard let stream = open_memstream(&buffer, &size) else { throw .system("write fstab") }
        let result = mnt_table_write_file(table, stream)
        fclose(stream)
        defer { free(buffer) }
        guard result == 0, let buffer else { throw Failure("could not write fstab") }
        return String(cString: buffer)
    }
}
