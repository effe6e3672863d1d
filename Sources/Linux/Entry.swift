internal import Basics
internal import CLinux

/// One name in a directory of the source and in one of the destination, and how it gets from here to there.
///
/// Both directories are held by descriptor and the name is a single component, so no symlink is ever followed here. A new
/// file is made with O_EXCL and mode 0600 and gets its owner, mode, attributes and times in that order: chown clears setuid,
/// chown and write clear `security.capability`, and everything changes times.
struct Entry {
    let name: [CChar]
    let source: Directory
    let target: Directory

    func status() throws(Failure) -> stat {
        var status = stat()
        try check(fstatat(source.descriptor, name, &status, AT_SYMLINK_NOFOLLOW))
        return status
    }

    /// Opens the source.
    func open(_ flags: Int32) throws(Failure) -> Int32 {
        let opened = linux_openat2(source.descriptor, name, flags | O_CLOEXEC, 0, linux_resolve_no_links)
        try check(opened < 0 ? -1 : 0)
        return opened
    }

    func copyFile() throws(Failure) {
        let from = try open(O_RDONLY)
        defer { close(from) }
        try makeWay()
        let to = linux_openat2(target.descriptor, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600, linux_resolve_no_links)
        try check(to < 0 ? -1 : 0)
        defer { close(to) }
        try copyData(from: from, to: to)
        try copyAttributes(from: from, to: to)
    }

    func makeLink(to descriptor: Int32) throws(Failure) {
        try makeWay()
        try check(linkat(descriptor, "", target.descriptor, name, AT_EMPTY_PATH))
    }

    /// An empty directory of mode 0700, to be filled before it gets its own mode and times.
    func makeDirectory() throws(Failure) -> Directory {
        try makeWay()
        try check(mkdirat(target.descriptor, name, 0o700))
        let opened = linux_openat2(target.descriptor, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, linux_resolve_no_links)
        try check(opened < 0 ? -1 : 0)
        return Directory(descriptor: opened, label: "")
    }

    func copySymlink(_ status: stat) throws(Failure) {
        var text = [CChar](repeating: 0, count: Int(PATH_MAX) + 1)
        try check(readlinkat(source.descriptor, name, &text, text.count - 1) < 0 ? -1 : 0)
        try makeWay()
        try check(symlinkat(text, target.descriptor, name))
        try check(fchownat(target.descriptor, name, status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW))
        try setTimes(status)
    }

    /// A device, fifo or socket.
    func copyNode(_ status: stat) throws(Failure) {
        try makeWay()
        try check(mknodat(target.descriptor, name, status.st_mode & ~0o7777 | 0o600, status.st_rdev))
        try check(fchownat(target.descriptor, name, status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW))
        // Nothing else writes in the new root, so this is no symlink that fchmodat could follow.
        try check(fchmodat(target.descriptor, name, status.st_mode & 0o7777, 0))
        try setTimes(status)
    }

    private func setTimes(_ status: stat) throws(Failure) {
        try check(utimensat(target.descriptor, name, [status.st_atim, status.st_mtim], AT_SYMLINK_NOFOLLOW))
    }

    /// Takes away what stands at the name in the destination, unless that is a directory.
    private func makeWay() throws(Failure) {
        if unlinkat(target.descriptor, name, 0) == 0 || linux_errno() == ENOENT { return }
        if linux_errno() == EISDIR { throw Failure("the image has a directory where the top layer has none") }
        try check(-1)
    }
}

/// Fails with the system's reason where a call did.
func check(_ result: Int32) throws(Failure) {
    if result != 0 { throw Failure(String(cString: strerror(linux_errno()))) }
}
