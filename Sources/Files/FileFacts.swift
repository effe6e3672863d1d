package import Basics
internal import CLinux

extension Directory {
    /// Of the content of a file of any size, wherever symlinks lead. Fails where there is nothing.
    package func digest(of path: Path) throws(Failure) -> Digest {
        guard let file = try open(path, O_RDONLY | O_NONBLOCK, what: "open") else { throw Failure("'\(show(path))' is gone") }
        defer { close(file) }
        var builder = Digest.Builder()
        var buffer = [UInt8](repeating: 0, count: 1 << 20)
        while true {
            let count = read(file, &buffer, buffer.count)
            if count < 0 { throw .system("read '\(show(path))'") }
            if count == 0 { return builder.digest() }
            builder.add(Array(buffer[..<count]))
        }
    }

    /// Whether that is all that a file has.
    package func has(_ content: [UInt8], at path: Path) throws(Failure) -> Bool {
        guard let file = try open(path, O_RDONLY | O_NONBLOCK, what: "open") else { return false }
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 1 << 18)
        var place = 0
        while true {
            let count = read(file, &buffer, buffer.count)
            if count < 0 { throw .system("read '\(show(path))'") }
            if count == 0 { return place == content.count }
            if count > content.count - place { return false }
            let isSame = content.withUnsafeBytes { bytes in bytes.baseAddress.map { memcmp($0 + place, buffer, count) == 0 } ?? false }
            if !isSame { return false }
            place += count
        }
    }

    /// Where a path leads after every symlink; nil where that is nothing.
    package func resolved(_ path: Path) throws(Failure) -> Path? {
        guard let file = try open(path, O_PATH, what: "look at") else { return nil }
        defer { close(file) }
        let names = try Directory(opening: "/proc/self/fd")
        let place = Path(try names.text(ofLink: Basics.cString("\(file)".utf8.map { $0 })))
        let top = Path(try names.text(ofLink: Basics.cString("\(descriptor)".utf8.map { $0 })))
        guard let place, let top, let inside = place.path(below: top) else { throw Failure("could not find out where '\(show(path))' is") }
        return inside
    }

    /// What a symlink says: symlinks on the way are resolved, and what is not UTF-8 is repaired. Fails where there is no directory for it, and
    /// with the system's reason alone where there is no symlink.
    package func linkTarget(of path: Path) throws(Failure) -> String { String(decoding: try linkBytes(of: path), as: UTF8.self) }

    /// The same as it is.
    package func linkBytes(of path: Path) throws(Failure) -> [UInt8] {
        guard let parent = try directory(at: path.parent) else { throw Failure("'\(show(path))' is gone") }
        return try parent.text(ofLink: path.fileName)
    }
}

/// What this process has open, for the programs that it starts, as long as it has that open.
package func pathForPrograms(of descriptor: Int32) -> String { "/proc/\(getpid())/fd/\(descriptor)" }

extension Directory {
    /// It, for the programs that this process starts, as long as this object lives.
    package var pathForPrograms: String { Files.pathForPrograms(of: descriptor) }
}

extension Status? {
    /// The mode of what is written in the place of this file: it may have secrets, and it is none to run.
    package var modeOfSuccessor: UInt32 { (self?.permissions ?? 0o644) & 0o644 }
}
