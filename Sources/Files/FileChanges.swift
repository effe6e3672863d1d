package import Basics
internal import CLinux

/// Changes below a directory. Symlinks on the way are resolved as if the directory were `/`; the last component never is.
extension Directory {
    /// Makes a symlink, in the place of a file or symlink that is there. `target` may be any text. Fails where a directory is there.
    package func link(_ path: Path, to target: String) throws(Failure) {
        try replace(path, what: "make the link") { (parent, draft) throws(Failure) in
            try check(symlinkat(target, parent, draft))
        }
    }

    /// Copies a file of any size to another name in its directory, with its owner, mode and times.
    package func copy(_ path: Path, to copy: Path) throws(Failure) {
        try replace(copy, what: "write") { (parent, draft) throws(Failure) in
            let file = try createDraft(draft, in: parent)
            defer { close(file) }
            guard let source = try open(path, O_RDONLY, what: "open") else { throw Failure("'\(show(path))' is gone") }
            defer { close(source) }
            try check(copyContent(from: source, to: file))
            try check(fsync(file))
        }
    }

    /// Gives a file, symlink or directory another name, also in another directory of its filesystem. Replaces what has that name, but for a
    /// directory that is not empty. Fails where there is nothing.
    package func rename(_ path: Path, to other: Path) throws(Failure) {
        let from = try parent(of: path, what: "rename")
        let to = try parent(of: other, what: "rename")
        if renameat(from.descriptor, path.fileName, to.descriptor, other.fileName) != 0 {
            throw .system("rename '\(show(path))' to '\(show(other))'")
        }
        _ = fsync(to.descriptor)
    }

    /// Removes a file or a symlink itself; does nothing where there is none. Fails where its directory is not there, and on a directory.
    package func remove(_ path: Path) throws(Failure) {
        let above = try parent(of: path, what: "remove")
        if unlinkat(above.descriptor, path.fileName, 0) != 0 && linux_errno() != ENOENT { throw .system("remove '\(show(path))'") }
    }

    /// Makes a directory of this mode, whatever the umask is. Fails where anything is there, and where the directory above is not.
    package func makeDirectory(_ path: Path, mode: UInt32 = 0o755) throws(Failure) {
        let above = try parent(of: path, what: "make the directory")
        // The process's umask applies to mkdir, not to chmod. Who owns the directory above may put a symlink there meanwhile.
        if mkdirat(above.descriptor, path.fileName, 0o700) != 0
            || fchmodat(above.descriptor, path.fileName, mode, AT_SYMLINK_NOFOLLOW) != 0
        {
            throw .system("make the directory '\(show(path))'")
        }
    }

    /// Makes a btrfs subvolume; with the mode that the umask leaves where `mode` is nil. Fails where anything is there, and where the directory
    /// above is not.
    package func makeSubvolume(_ path: Path, mode: UInt32? = nil) throws(Failure) {
        let above = try parent(of: path, what: "make the subvolume")
        do throws(Failure) {
            try above.makeSubvolume(named: path.fileName)
            if let mode { try check(fchmodat(above.descriptor, path.fileName, mode, AT_SYMLINK_NOFOLLOW)) }
        } catch {
            throw Failure("could not make the subvolume '\(path)': \(error.message)")
        }
    }

    /// The same in this directory. Fails with the system's reason alone.
    package func makeSubvolume(named name: [CChar]) throws(Failure) {
        if btrfs_util_create_subvolume_fd(descriptor, name, 0, nil, nil) != BTRFS_UTIL_OK { throw .reason() }
    }

    /// Removes a directory unless something is in it.
    package func removeEmptyDirectory(_ path: Path) throws(Failure) {
        guard let above = try directory(at: path.parent) else { return }
        if unlinkat(above.descriptor, path.fileName, AT_REMOVEDIR) == 0 { return }
        let code = linux_errno()
        if ![ENOENT, ENOTEMPTY, EEXIST, ENOTDIR, EBUSY].contains(code) {
            throw .system("remove the directory '\(show(path))'", errno: code)
        }
    }
}

/// Takes what a system call returned. Fails with the system's reason alone where that is negative.
package func check(_ result: Int32) throws(Failure) {
    if result < 0 { throw .reason() }
}

/// The content, then owner, mode and times; -1 and errno on a failure.
private func copyContent(from source: Int32, to file: Int32) -> Int32 {
    var buffer = [UInt8](repeating: 0, count: 1 << 20)
    while true {
        let count = read(source, &buffer, buffer.count)
        if count < 0 { return -1 }
        if count == 0 { break }
        if !linux_write_all(file, buffer, count) { return -1 }
    }
    var found = stat()
    if fstat(source, &found) != 0 || fchown(file, found.st_uid, found.st_gid) != 0 { return -1 }
    let times = [found.st_atim, found.st_mtim]
    return fchmod(file, found.st_mode & 0o7777) != 0 || futimens(file, times) != 0 ? -1 : 0
}
