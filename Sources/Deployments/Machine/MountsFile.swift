package import Basics
internal import Boot
internal import BootEntries
internal import CLinux
internal import CMount
internal import Linux

/// fstab(5), read and written by libmount.
package final class MountsFile {
    private let table: OpaquePointer

    package init(parsing bytes: [UInt8]) throws(Failure) {
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

    var isEmpty: Bool { mnt_table_is_empty(table) != 0 }

    /// Makes other lines of some, in their place: those that `renewed` has something for. Returns what was, and what is now.
    @discardableResult
    package func renew(
        _ renewed: (Line) throws(Failure) -> Line?
    ) throws(Failure) -> [(old: Line, new: Line)] {
        var changes: [(Line, Line)] = []
        for entry in entries {
            guard let line = Line(entry), let new = try renewed(line) else { continue }
            set(entry, to: new)
            changes.append((line, new))
        }
        return changes
    }

    private func set(_ entry: OpaquePointer, to line: Line) {
        mnt_fs_set_source(entry, line.source)
        // One that is not UTF-8 stays as it is.
        if mnt_fs_get_target(entry).map({ String(cString: $0) }) != line.target { mnt_fs_set_target(entry, line.target) }
        mnt_fs_set_fstype(entry, line.type)
        mnt_fs_set_options(entry, line.options)
    }

    /// Removes the entries whose device has to be there at boot. Returns the devices, and what for.
    func removeThoseOnDevices() -> [(device: DeviceName, use: String)] {
        var removed: [(DeviceName, String)] = []
        for entry in entries {
            guard let line = Line(entry), let device = line.device, !line.mayBeAbsent else { continue }
            removed.append((device, line.isSwap ? "the swap" : "'\(display(line.target.utf8))'"))
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
            let line = Line(entry)
            let use = line?.isSwap == true ? "this system's swap file is" : "'\(line?.target ?? "")' of this system is mounted"
            removed.append((source, use))
            mnt_table_remove_fs(table, entry)
        }
        return removed
    }

    private func firstInRoot(besides data: [String]) -> (OpaquePointer, Path)? {
        let entries = entries
        for entry in entries {
            guard let line = Line(entry) else { continue }
            let others = entries.filter { $0 != entry }.compactMap { mnt_fs_get_target($0).map { String(cString: $0) } }
            let places = Set((["/dev", "/proc", "/run", "/sys"] + data + others).compactMap { Path($0) }.filter { !$0.isTop })
            for source in line.origins {
                let above = sequence(first: source) { $0.isTop ? nil : $0.parent }
                if !above.contains(where: places.contains) { return (entry, source) }
            }
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
    func add(_ line: Line, isReplacing: Bool) throws(Failure) -> Bool {
        if isReplacing { remove(target: line.target) }
        if mnt_table_find_target(table, line.target, Int32(MNT_ITER_FORWARD)) != nil { return false }
        guard let entry = mnt_new_fs() else { throw Failure("could not add a line to fstab: there is no memory") }
        defer { mnt_unref_fs(entry) }
        set(entry, to: line)
        return mnt_table_add_fs(table, entry) == 0
    }

    package func text() throws(Failure) -> String { String(decoding: try content(), as: UTF8.self) }

    /// As it is: a name need not be UTF-8.
    func content() throws(Failure) -> [UInt8] {
        var buffer: UnsafeMutablePointer<CChar>?
        var size = 0
        guard let stream = open_memstream(&buffer, &size) else { throw .system("write fstab") }
        let result = mnt_table_write_file(table, stream)
        fclose(stream)
        defer { free(buffer) }
        guard result == 0, let buffer else { throw Failure("could not write fstab") }
        return Array(UnsafeRawBufferPointer(start: buffer, count: size))
    }
}

extension MountsFile {
    /// A directory of a filesystem.
    struct Origin: Equatable {
        let volume: String
        /// nil in a default subvolume, which the table does not tell.
        let path: Path?

        /// Whether it is for certain not the same.
        func isOther(than other: Origin?) -> Bool {
            guard let other, volume == other.volume else { return true }
            return path != nil && other.path != nil && path != other.path
        }
    }

    package struct Line: Equatable {
        /// A tag is without the quotes that its value may have.
        package var source: String
        package let target: String
        package let type: String
        package var options: String
        /// Whether a person's own line for that place stays.
        var isTheirs = false

        /// nil for what is on no block device.
        package var device: DeviceName? { DeviceName(source) }
        fileprivate var isSwap: Bool { type == "swap" }

        var isBind: Bool { has(oneOf: ["bind", "rbind"]) }
        /// The paths of what it mounts: a device, a directory, a file of a filesystem, with or without the option loop, an overlay's layers.
        fileprivate var origins: [Path] {
            // `//server/share` is none, and what a program of FUSE takes is its own matter.
            if source.hasPrefix("/") && !source.hasPrefix("//") && !type.hasPrefix("fuse") { return [Path(source)].compactMap { $0 } }
            if type != "overlay" { return [] }
            let layers = options.parts(at: ",").filter { option in
                ["lowerdir=", "upperdir=", "workdir="].contains { option.hasPrefix($0) }
            }
            return layers.flatMap { $0.parts(at: "=", maxSplits: 1).last?.parts(at: ":") ?? [] }.compactMap { Path($0) }
        }

        /// Whether a boot goes on without its device.
        var mayBeAbsent: Bool { has(oneOf: ["nofail", "noauto", "x-systemd.automount", "_netdev"]) }

        /// Whether engines start without it, and begin an empty store in the root.
        var letsEnginesStart: Bool { mayBeAbsent && !options.contains("x-systemd.required-by=") }

        /// The device that a boot ends without; nil where it goes on.
        var neededDevice: DeviceName? { target == "/" || isSwap || mayBeAbsent ? nil : device }

        /// Whether its device is not there, and a boot ends at that.
        var isWaitedForInVain: Bool {
            get throws(Failure) { try neededDevice.map { device throws(Failure) in try !BlockDevices.has(device) } ?? false }
        }

        /// What is said of that.
        static let absence = (reason: "which is not here: the boot stops there", remedy: "add 'nofail' to that line, or take it out")

        private func has(oneOf names: [String]) -> Bool { names.contains { mnt_optstr_get_option(options, $0, nil, nil) == 0 } }

        package var subvolume: Path? { value(of: "subvol=").flatMap { Path($0.utf8) } }

        /// The number of the subvolume; nil where none is said.
        var subvolumeID: Int? { value(of: "subvolid=").flatMap { Int($0) } }

        private func value(of key: String) -> Substring? {
            options.split(separator: ",").first { $0.hasPrefix(key) }.map { $0.dropFirst(key.count) }
        }
    }

    package var lines: [Line] { entries.compactMap { Line($0) } }

    /// The first for a place.
    func line(at target: String) -> Line? {
        mnt_table_find_target(table, target, Int32(MNT_ITER_FORWARD)).flatMap { Line($0) }
    }

    /// Whether root alone mounts what it has for a place.
    func isOfRoot(at target: String) -> Bool {
        guard let line = line(at: target) else { return false }
        return Set(line.options.parts(at: ",")).isDisjoint(with: ["user", "users", "owner", "group"])
    }

    /// What a line mounts: of which filesystem, by its UUID if that can be told, and what of that from its top. nil where this table does not
    /// tell of which.
    func origin(of line: Line) -> Origin? {
        var (line, below) = (line, Path.top)
        // As deep as binds are in one another.
        for _ in 0..<8 {
            let options = line.options.split(separator: ",")
            if !line.isBind {
                let isOfSubvolumes = ["btrfs", "auto"].contains(line.type)
                let whole: Path? = !isOfSubvolumes || options.contains("subvolid=5") ? .top : nil
                return Origin(volume: Self.volume(line.source), path: (line.subvolume ?? whole).map { $0 / below })
            }
            guard let source = Path(line.source) else { return nil }
            let above = lines.filter { other in
                Path(other.target).map { !$0.isTop && other != line && source.isWithin($0) } ?? false
            }.max { $0.target.utf8.count < $1.target.utf8.count }
            guard let above, let place = Path(above.target), let rest = source.path(below: place) else { return nil }
            (line, below) = (above, rest / below)
        }
        return nil
    }

    static func volume(_ source: String) -> String {
        guard let name = DeviceName(source) else { return source }
        if case .uuid(let uuid) = name { return uuid.lowercased() }
        // libmount would take the name from the cache file of libblkid, which may tell of what was there two seconds ago.
        guard let device = try? BlockDevices.device(of: name) else { return source }
        return device.filesystemUUID?.lowercased() ?? source
    }

    /// One of another kind comes after what it is mounted from.
    func replace(_ line: Line, with new: Line) throws(Failure) {
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

    package func remove(where isUnwanted: (Line) throws(Failure) -> Bool) throws(Failure) {
        for entry in entries {
            if let line = Line(entry), try isUnwanted(line) { mnt_table_remove_fs(table, entry) }
        }
    }

    /// blkid(8) prints tags with quotes, which people copy.
    fileprivate static func source(of entry: OpaquePointer) -> String? {
        var tag: (name: UnsafePointer<CChar>?, value: UnsafePointer<CChar>?) = (nil, nil)
        if mnt_fs_get_tag(entry, &tag.name, &tag.value) == 0, let name = tag.name, let value = tag.value {
            return "\(String(cString: name))=\(String(cString: value))"
        }
        return mnt_fs_get_source(entry).map { String(cString: $0) }
    }
}

extension MountsFile.Line {
    fileprivate init?(_ entry: OpaquePointer) {
        guard let source = MountsFile.source(of: entry), let target = mnt_fs_get_target(entry), let type = mnt_fs_get_fstype(entry) else {
            return nil
        }
        // A line may end before them.
        let options = mnt_fs_get_options(entry).map { String(cString: $0) } ?? "defaults"
        self.init(source: source, target: String(cString: target), type: String(cString: type), options: options)
    }
}
