internal import Basics
internal import CLinux
internal import Initramfs

extension Directory {
    /// What install left in this system; nil where it is not installed.
    func record() throws(Failure) -> Record? {
        guard let bytes = try contents(of: Record.path) else { return nil }
        return try Record(parsing: bytes, name: show(Record.path))
    }

    /// What is at a path, as the record would have it.
    enum Found: Equatable {
        case nothing
        case entry(Record.Entry)
        /// A directory, a device or the like.
        case other
    }

    func found(at path: Path) throws(Failure) -> Found {
        switch try status(of: path)?.kind {
        case nil: .nothing
        case .file: .entry(Record.Entry(path: path, trace: .file(try digest(of: path))))
        case .symlink: .entry(Record.Entry(path: path, trace: .link(to: try linkTarget(of: path))))
        case .directory, .other: .other
        }
    }

    func digest(of path: Path) throws(Failure) -> Digest {
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

    /// Where a path leads after every symlink; nil where that is nothing.
    func resolved(_ path: Path) throws(Failure) -> Path? {
        guard let file = try open(path, O_PATH, what: "look at") else { return nil }
        defer { close(file) }
        let names = try Directory(opening: "/proc/self/fd")
        let place = Path(try names.text(ofLink: Basics.cString("\(file)".utf8.map { $0 })))
        let top = Path(try names.text(ofLink: Basics.cString("\(descriptor)".utf8.map { $0 })))
        guard let place, let top, place.bytes.starts(with: top.bytes) else { throw Failure("could not find out where '\(show(path))' is") }
        return Path(place.bytes.dropFirst(top.bytes.count))
    }

    func linkTarget(of path: Path) throws(Failure) -> String {
        guard let parent = try directory(at: path.parent) else { throw Failure("'\(show(path))' is gone") }
        return String(decoding: try parent.text(ofLink: path.fileName), as: UTF8.self)
    }
}
