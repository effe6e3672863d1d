package import Basics
internal import CLinux

extension Directory {
    /// The names of the extended attributes of what is at a path below this directory, without symlinks on it.
    package func attributeNames(of path: Path) throws(Failure) -> [[UInt8]] {
        do throws(Failure) {
            let parent = try descending(path.parent)
            defer { withExtendedLifetime(parent) {} }
            let inode: Inode = path.isTop ? .open(descriptor) : .named(cString(path.name), in: parent.descriptor)
            return try inode.attributeNames().map { plainName($0) }
        } catch { throw Failure("could not read the attributes of '\(show(path))': \(error.message)") }
    }

    /// Sets an extended attribute of this directory. Fails with the system's reason alone.
    func setAttribute(_ name: String, _ value: String) throws(Failure) {
        let bytes = Array(value.utf8)
        try check(fsetxattr(descriptor, name, bytes, bytes.count, 0))
    }
}
