internal import Basics
internal import CLinux

/// One name in a directory of the layer and in one of the destination, and how it gets from here to there.
///
/// Both directories are held by descriptor and the name is a single component, so no symlink is ever followed here. A new
/// file is made with O_EXCL and mode 0600 and gets inode flags, data, owner, mode, attributes and times in that order: btrfs
/// takes some flags on an empty file only, chown clears setuid, chown and write clear `security.capability`, and everything
/// changes times.
struct Entry {
    enum Kind { case directory, file, symlink, special }

    let name: [CChar]
    let source: Directory
    let target: TargetDirectory
    let notes: CopyNotes
    let buffer: CopyBuffer

    var place: Path { target.path.appending(name: name) }

    func status() throws(Failure) -> stat {
        var status = stat()
        try check(fstatat(source.descriptor, name, &status, AT_SYMLINK_NOFOLLOW))
        return status
    }

    func copyFile(_ links: inout HardLinks) throws(Failure) {
        let from = linux_openat2(source.descriptor, name, O_RDONLY | O_CLOEXEC, 0, linux_resolve_no_links)
        try check(from < 0 ? -1 : 0)
        defer { close(from) }
        let status = try Linux.status(of: from)
        if try link(.file, status, &links) { return }
        let to = try make(.file) {
            linux_openat2(target.descriptor, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600, linux_resolve_no_links)
        }
        defer { close(to) }
        try fill(to, from: from, status)
        try links.add(name, in: target.descriptor, of: status)
    }

    private func fill(_ to: Int32, from: Int32, _ status: stat) throws(Failure) {
        try target.clearAttributes(of: .open(to))
        let flags = try inodeFlags(of: from)
        // A file that is to have none keeps what the mount gives all new files (nodatacow).
        if flags != 0 || target.flags != 0 { try setInodeFlags(of: to, to: flags) }
        try copyData(from: from, to: to, size: status.st_size, buffer)
        if needsOwner(status) { try check(fchown(to, status.st_uid, status.st_gid)) }
        try check(fchmod(to, status.st_mode & 0o7777))
        try Inode.open(to).copyAttributes(of: .open(from), buffer)
        try check(futimens(to, [status.st_atim, status.st_mtim]))
    }

    /// Gives the copy of this file, made under another name, one more. False where there is none.
    private func link(_ kind: Kind, _ status: stat, _ links: inout HardLinks) throws(Failure) -> Bool {
        guard let copy = try links.copy(of: status, in: target.descriptor) else { return false }
        defer { close(copy) }
        if try attempt(kind, { linkat(copy, "", target.descriptor, name, AT_EMPTY_PATH) }) == 0 { return true }
        // The copy's last name was this one.
        if linux_errno() == ENOENT { return false }
        throw .reason()
    }

    /// An empty directory of mode 0700, to be filled before it gets its own mode and times.
    func makeDirectory(like layer: Directory) throws(Failure) -> Directory {
        _ = try make(.directory) { mkdirat(target.descriptor, name, 0o700) }
        let made = try target.directory.child(name)
        try target.clearAttributes(of: .open(made.descriptor))
        let flags = try inodeFlags(of: layer.descriptor)
        if flags != 0 || target.flags != 0 { try setInodeFlags(of: made.descriptor, to: flags) }
        return made
    }

    func copySymlink(_ links: inout HardLinks) throws(Failure) {
        let status = try status()
        if try link(.symlink, status, &links) { return }
        let text = buffer.bytes.assumingMemoryBound(to: CChar.self)
        let length = readlinkat(source.descriptor, name, text, Int(PATH_MAX))
        try check(length < 0 ? -1 : 0)
        text[length] = 0
        _ = try make(.symlink) { symlinkat(text, target.descriptor, name) }
        if needsOwner(status) { try setOwner(status) }
        try copyAttributes(status)
        try links.add(name, in: target.descriptor, of: status)
    }

    /// A device, fifo or socket.
    func copyNode(_ links: inout HardLinks) throws(Failure) {
        let status = try status()
        if try link(.special, status, &links) { return }
        _ = try make(.special) { mknodat(target.descriptor, name, status.st_mode & ~0o7777 | 0o600, status.st_rdev) }
        try target.clearAttributes(of: .named(name, in: target.descriptor))
        if needsOwner(status) { try setOwner(status) }
        // Nothing else writes in the new root, so this is no symlink that fchmodat could follow.
        try check(fchmodat(target.descriptor, name, status.st_mode & 0o7777, 0))
        try copyAttributes(status)
        try links.add(name, in: target.descriptor, of: status)
    }

    private func needsOwner(_ status: stat) -> Bool {
        status.st_uid != target.owner.user || status.st_gid != target.owner.group
    }

    private func setOwner(_ status: stat) throws(Failure) {
        try check(fchownat(target.descriptor, name, status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW))
    }

    private func copyAttributes(_ status: stat) throws(Failure) {
        try Inode.named(name, in: target.descriptor).copyAttributes(of: .named(name, in: source.descriptor), buffer)
        try check(utimensat(target.descriptor, name, [status.st_atim, status.st_mtim], AT_SYMLINK_NOFOLLOW))
    }
}

/// Fails with the system's reason where a call did.
func check(_ result: Int32) throws(Failure) {
    if result != 0 { throw .reason() }
}
