internal import Basics
internal import CLinux

extension Directory {
    /// Sets an extended attribute of this directory. Fails with the system's reason alone.
    func setAttribute(_ name: String, _ value: String) throws(Failure) {
        let bytes = Array(value.utf8)
        try check(fsetxattr(descriptor, name, bytes, bytes.count, 0))
    }
}
