package import Basics

extension Directory {
    /// The content of a regular file below this directory, by a path without symlinks, however long it is.
    package func content(ofFile path: Path, limit: Int) throws(Failure) -> [UInt8] {
        let content = try directory(withoutLinks: path.parent).contents(of: Path.top.appending(name: path.name), limit: limit)
        guard let content else { throw Failure("'\(show(path))' is gone") }
        return content
    }

    /// What a symlink below this directory says, by a path without other symlinks, however long it is.
    package func text(ofLinkAt path: Path) throws(Failure) -> [UInt8] {
        try directory(withoutLinks: path.parent).text(ofLink: path.fileName)
    }

    /// A directory below this one. Fails where a symlink or anything else is on the way.
    package func directory(withoutLinks path: Path) throws(Failure) -> Directory {
        do throws(Failure) { return try descending(path) } catch {
            throw Failure("could not open the directory '\(show(path))': \(error.message)")
        }
    }
}
