public import Basics

extension Directory {
    /// Where this subvolume is mounted in the running system; nil where it is not, or where /proc is not.
    public func mountPoint() throws(Failure) -> Path? {
        guard let own = try status(of: .top) else { return nil }
        let system = try Directory(opening: "/")
        guard let table = try system.contents(of: "proc/self/mountinfo") else { return nil }
        for line in table.split(separator: UInt8(ascii: "\n")) {
            // proc(5): the fifth field is the mount point, and the type is the third from the end.
            let fields = line.split(separator: UInt8(ascii: " "))
            guard fields.count > 4, let place = Path(unescaped(fields[4])) else { continue }
            if !fields[fields.count - 3].elementsEqual("btrfs".utf8) { continue }
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
private func unescaped(_ field: ArraySlice<UInt8>) -> [UInt8] {
    var bytes: [UInt8] = []
    var rest = field
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
