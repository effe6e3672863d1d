internal import Basics
internal import CLinux
internal import Images

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

    private func linkTarget(of path: Path) throws(Failure) -> String {
        guard let parent = try directory(at: path.parent) else { throw Failure("'\(show(path))' is gone") }
        return String(decoding: try parent.text(ofLink: path.fileName), as: UTF8.self)
    }
}
