public import Basics

/// A mounted filesystem: a line of the mount table, proc_pid_mountinfo(5).
struct MountTableEntry {
    /// What of the filesystem is mounted: on btrfs the path of a subvolume or directory, from the top level.
    let root: [UInt8]
    let place: [UInt8]
    let type: [UInt8]
    /// The device, by the path that the kernel knows it by.
    let source: [UInt8]

    /// nil for what is no such line.
    init?(_ line: some Collection<UInt8>) {
        // A number of optional fields ends with a hyphen. From there on it is counted from the end.
        let fields = line.split(separator: UInt8(ascii: " ")).map { unescaped($0) }
        if fields.count < 10 { return nil }
        root = fields[3]
        place = fields[4]
        type = fields[fields.count - 3]
        source = fields[fields.count - 2]
    }

    var isBtrfs: Bool { type.elementsEqual("btrfs".utf8) }

    /// What is mounted in the running system; nothing where /proc is not.
    static func all() throws(Failure) -> [MountTableEntry] {
        let table = try fileContents("/proc/self/mountinfo") ?? []
        return table.split(separator: UInt8(ascii: "\n")).compactMap { MountTableEntry($0) }
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
    /// Where this subvolume is mounted in the running system; nil where it is not, or where /proc is not.
    public func mountPoint() throws(Failure) -> Path? {
        guard let own = try status(of: .top) else { return nil }
        let system = try Directory(opening: "/")
        for entry in try MountTableEntry.all() where entry.isBtrfs {
            guard let place = Path(entry.place) else { continue }
            do throws(Failure) {
                if let found = try system.target(of: place), found.isSameFile(as: own) { return place }
            } catch {
                // A mount point that root may not look at is below a FUSE filesystem of some user, and not a place of ours.
                continue
            }
        }
        return nil
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
