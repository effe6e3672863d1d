public import Basics

/// A mounted filesystem: a line of the mount table, proc_pid_mountinfo(5).
struct MountTableEntry {
    /// What of the filesystem is mounted: on btrfs the path of a subvolume or directory, from the top level.
    let root: [UInt8]
    let place: [UInt8]
    let type: [UInt8]
    /// The device, by the path that the kernel knows it by.
    let source: [UInt8]
    /// Whether nobody can write to the filesystem, wherever it is mounted. A single mount may be read-only besides, as those of services are.
    let isReadOnly: Bool

    /// nil for what is no such line.
    init?(_ line: some Collection<UInt8>) {
        // A number of optional fields ends with a hyphen. From there on it is counted from the end.
        let fields = line.split(separator: UInt8(ascii: " ")).map { unescaped($0) }
        if fields.count < 10 { return nil }
        root = fields[3]
        place = fields[4]
        type = fields[fields.count - 3]
        source = fields[fields.count - 2]
        isReadOnly = fields[fields.count - 1].starts(with: "ro".utf8)
    }

    var isBtrfs: Bool { type.elementsEqual("btrfs".utf8) }

    /// What is mounted in the running system; nothing where /proc is not.
    static func all() throws(Failure) -> [MountTableEntry] {
        entries(try fileContents("/proc/self/mountinfo") ?? [])
    }

    static func entries(_ table: [UInt8]) -> [MountTableEntry] {
        table.split(separator: UInt8(ascii: "\n")).compactMap { MountTableEntry($0) }
    }
}

/// The btrfs filesystem that is mounted at `/`, and the path of what is, from its top level; nil where there is another, or
/// where /proc is not.
public func runningRoot() throws(Failure) -> (device: String, path: Path)? {
    // What was mounted last hides the others.
    guard let entry = try MountTableEntry.all().last(where: { $0.place.elementsEqual("/".utf8) }),
        entry.isBtrfs, let path = Path(entry.root)
    else { return nil }
    return (String(decoding: entry.source, as: UTF8.self), path)
}

extension Directory {
    /// Where this subvolume, or a directory in it, is mounted: in the running system, or where another process sees other mounts. In
    /// words; nil where it is not, or where /proc is not.
    public func mountPoint() throws(Failure) -> String? {
        guard let own = try status(of: .top) else { return nil }
        for view in try MountView.all() {
            let system = view.system
            for entry in view.entries where entry.isBtrfs {
                guard let place = Path(entry.place) else { continue }
                do throws(Failure) {
                    // Each subvolume has a device number of its own.
                    if let found = try system.target(of: place), found.device == own.device { return "'\(place)'\(view.words)" }
                } catch {
                    // A mount point that root may not look at is below a FUSE filesystem of some user, and not a place of ours.
                    continue
                }
            }
        }
        return nil
    }

    /// As `makeWritable`, but for a btrfs that somebody has mounted read-only in the running system: he wants it so, or its disk failed. Whatever
    /// is made writable is so for all who have it mounted.
    package func makeWritableHere() throws(Failure) {
        if !isReadOnly { return }
        for view in try MountView.all() {
            for entry in view.entries where entry.isBtrfs && entry.isReadOnly {
                // A mount point that cannot be opened is hidden, or not for root.
                guard let place = Path(entry.place), let found = try? view.system.directory(at: place), isOnBtrfs(of: found) else {
                    continue
                }
                throw Failure(
                    "could not write to '\(display(entry.source))': it is mounted read-only at '\(place)'\(view.words)",
                    hint: "'mount -o remount,rw \(place)' makes it writable, unless that is so after an error of its disk: see dmesg")
            }
        }
        try makeWritable()
        if !isReadOnly { return }
        throw Failure(
            "could not write to '\(show(.top))': it is mounted read-only",
            hint: "'mount -o remount,rw' makes it writable, or name another mount")
    }
}

/// What is mounted for a process: its mount namespace, and its root directory.
private struct MountView {
    let entries: [MountTableEntry]
    let system: Directory
    /// ` as process 7 sees it`; empty for this process.
    let words: String

    /// This process's view, and one for each other mount namespace.
    static func all() throws(Failure) -> [MountView] {
        var views = [MountView(entries: try MountTableEntry.all(), system: try Directory(opening: "/"), words: "")]
        var known = [namespace(of: "self")]
        guard let processes = try Directory(opening: "/").directory(at: "proc") else { return views }
        for name in try processes.names() {
            let process = String(decoding: name, as: UTF8.self)
            guard Int32(process) != nil, let own = namespace(of: process), !known.contains(own) else { continue }
            known.append(own)
            do throws(Failure) {
                let table = try fileContents("/proc/\(process)/mountinfo") ?? []
                let entries = MountTableEntry.entries(table)
                let system = try Directory(opening: "/proc/\(process)/root")
                views.append(MountView(entries: entries, system: system, words: " as process \(process) sees it"))
            } catch {
                // It ended.
                continue
            }
        }
        return views
    }

    private static func namespace(of process: String) -> [UInt8]? {
        try? Directory(opening: "/proc/\(process)/ns").text(ofLink: cString(Array("mnt".utf8)))
    }
}

/// White space and backslashes stand in the mount table as `\040`: three octal digits.
private func unescaped(_ field: some Collection<UInt8>) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = Array(field)[...]
    while let byte = rest.popFirst() {
        guard byte == UInt8(ascii: "\\"), let code = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8) else {
            bytes.append(byte)
            continue
        }
        bytes.append(code)
        rest = rest.dropFirst(3)
    }
    return bytes
}
