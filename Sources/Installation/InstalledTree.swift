internal import Basics
internal import CLinux
internal import Files

extension Directory {
    /// What install left in this system; nil where it is not installed.
    func record() throws(Failure) -> InstallRecord? {
        guard let bytes = try contents(of: InstallRecord.path) else { return nil }
        return try InstallRecord(parsing: bytes, name: show(InstallRecord.path))
    }

    /// What is at a path, as the record would have it.
    enum Found: Equatable {
        case nothing
        case entry(InstallRecord.Entry)
        /// A directory, a device or the like.
        case other
    }

    func found(at path: Path) throws(Failure) -> Found {
        switch try status(of: path)?.kind {
        case nil: .nothing
        case .file: .entry(InstallRecord.Entry(path: path, trace: .file(try digest(of: path))))
        case .symlink: .entry(InstallRecord.Entry(path: path, trace: .link(to: try linkTarget(of: path))))
        case .directory, .other: .other
        }
    }

    /// Fails where nothing can be made in a directory, or in the one above that is there, or removed from it.
    func checkWritable(_ path: Path, to what: String) throws(Failure) {
        guard let directory = try directory(at: path) else { return path.isTop ? () : try checkWritable(path.parent, to: what) }
        if faccessat(directory.descriptor, ".", W_OK, 0) != 0 { throw .system("\(what) '\(show(path))'") }
    }
}
