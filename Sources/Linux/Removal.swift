internal import Basics
internal import CLinux

extension Directory {
    enum Removed { case nothing, file, directory }

    /// Removes a name: a directory with all that is in it, a symlink and not what it points to.
    @discardableResult
    func remove(_ name: [CChar]) throws(Failure) -> Removed {
        if unlinkat(descriptor, name, 0) == 0 { return .file }
        switch linux_errno() {
        case ENOENT: return .nothing
        case EISDIR: break
        case let code: throw .reason(code)
        }
        let opened = linux_openat2(descriptor, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, linux_resolve_no_links)
        try check(opened < 0 ? -1 : 0)
        let inner = Directory(descriptor: opened, label: "")
        try inner.removeContents()
        try check(unlinkat(descriptor, name, AT_REMOVEDIR))
        return .directory
    }

    func removeContents() throws(Failure) {
        try forEachName { (name, _) throws(Failure) in try remove(name) }
    }
}
