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
    /// Which attributes the copy gets.
    let attributes: AttributeChoice
    /// Where it is told what had to go for it; nil where nothing has its name.
    let notes: CopyNotes?
    let buffer: CopyBuffer

    var place: Path { target.path.appending(name: name) }

    func status() throws(Failure) -> stat {
        var status = stat()
        try check(fstatat(source.descriptor, name, &status, AT_SYMLINK_NOFOLLOW))
        return status
    }

    /// Opens the regular file that it is.
    func openFile() throws(Failure) -> Int32 {
        // A fifo that somebody put there a moment ago is not waited for.
        let opened = linux_openat2(source.descriptor, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0, linux_resolve_no_links)
        try check(opened < 0 ? -1 : 0)
        return opened
    }

    /// Makes a file like an open one that has the attributes `names`, with the content of another one, or of the same.
    func makeFile(like from: Int32, _ status: stat, _ names: [[CChar]], content: Int32) throws(Failure) {
        let to = try make(.file) {
            linux_openat2(target.descriptor, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600, linux_resolve_no_links)
        }
        defer { close(to) }
        try target.clearAttributes(of: .open(to))
        let flags = try inodeFlags(of: from)
        // A file that is to have none keeps what the mount gives all new files (nodatacow).
        if flags != 0 || target.flags != 0 { try setInodeFlags(of: to, to: flags) }
        try copyData(from: content, to: to, size: status.st_size, buffer)
        if needsOwner(status) { try check(fchown(to, status.st_uid, status.st_gid)) }
        try check(fchmod(to, status.st_mode & 0o7777))
        try Inode.open(to).copyAttributes(names, of: .open(from), attributes, buffer)
        try check(futimens(to, [status.st_atim, status.st_mtim]))
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

    /// Makes a symlink, device, fifo or socket.
    func make(_ kind: Kind, like status: stat) throws(Failure) {
        if kind == .symlink { try makeSymlink() } else { try makeNode(like: status) }
        if needsOwner(status) { try check(fchownat(target.descriptor, name, status.st_uid, status.st_gid, AT_SYMLINK_NOFOLLOW)) }
        // Who runs in a root that is repaired may have put a symlink there since.
        if kind != .symlink { try check(fchmodat(target.descriptor, name, status.st_mode & 0o7777, AT_SYMLINK_NOFOLLOW)) }
        let original = Inode.named(name, in: source.descriptor)
        try Inode.named(name, in: target.descriptor).copyAttributes(original.attributeNames(), of: original, attributes, buffer)
        try check(utimensat(target.descriptor, name, [status.st_atim, status.st_mtim], AT_SYMLINK_NOFOLLOW))
    }

    private func makeSymlink() throws(Failure) {
        let text = buffer.bytes.assumingMemoryBound(to: CChar.self)
        let length = readlinkat(source.descriptor, name, text, Int(PATH_MAX))
        try check(length < 0 ? -1 : 0)
        text[length] = 0
        _ = try make(.symlink) { symlinkat(text, target.descriptor, name) }
    }

    private func makeNode(like status: stat) throws(Failure) {
        _ = try make(.special) { mknodat(target.descriptor, name, status.st_mode & ~0o7777 | 0o600, status.st_rdev) }
        try target.clearAttributes(of: .named(name, in: target.descriptor))
    }

    private func needsOwner(_ status: stat) -> Bool {
        status.st_uid != target.owner.user || status.st_gid != target.owner.group
    }
}

/// Fails with the system's reason where a call did.
func check(_ result: Int32) throws(Failure) {
    if result != 0 { throw .reason() }
}
