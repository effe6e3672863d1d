package import Basics
internal import CLinux
internal import Planning

/// Puts files of a root into a layer, at the same paths: each whole or not at all, and on the disk when it is done.
///
/// Both trees are walked by descriptors, and no symlink is ever followed, in the root or in the layer.
package struct LayerWriter {
    private let root: Directory
    private let layer: Directory
    /// Whether files stay setuid and setgid and have their capabilities.
    private let keepsPrivileges: Bool
    private let buffer = CopyBuffer()
    /// The first of several names that a file has, by what tells it from others.
    private var linked: [ino_t: Path] = [:]

    /// What a file is in until it is whole. A layer's names of this kind are never copied to a root.
    private static let draft = cString(Array(".wh..wh.docker-btrfs".utf8))

    package init(from root: Directory, into layer: Directory, keepingPrivileges: Bool = true) {
        self.root = root
        self.layer = layer
        keepsPrivileges = keepingPrivileges
    }

    /// Puts what the root has at `path` into the layer, in the place of whatever that has there; of a directory only itself, with its
    /// attributes. `content` is what the layer's file has in place of the root's. Fails with the system's reason alone.
    package mutating func take(_ path: Path, content: [UInt8]? = nil) throws(Failure) {
        if path.isTop { return try TargetDirectory(layer, at: .top, depth: 0).replaceAttributes(by: root, buffer) }
        let (source, name) = (try root.descending(path.parent), cString(path.name))
        var status = stat()
        try check(fstatat(source.descriptor, name, &status, AT_SYMLINK_NOFOLLOW))
        let kind = Entry.Kind(status)
        let parent = try make(path.parent)
        var old = stat()
        let isThere = fstatat(parent.descriptor, name, &old, AT_SYMLINK_NOFOLLOW) == 0
        let isDirectory = isThere && Entry.Kind(old) == .directory
        if kind == .directory && isDirectory {
            let standing = try TargetDirectory(parent.child(name), at: path, depth: 0)
            try standing.replaceAttributes(by: source.child(name), buffer)
            return
        }
        try parent.remove(Self.draft)
        try check(mkdirat(parent.descriptor, Self.draft, 0o700))
        do throws(Failure) {
            let draft = try parent.child(Self.draft)
            try build(path, kind, status, from: source, in: draft, content)
            // A directory and anything else do not take each other's place.
            if isThere && (isDirectory || kind == .directory) { try parent.remove(name) }
            try check(renameat(draft.descriptor, name, parent.descriptor, name))
        } catch {
            _ = try parent.remove(Self.draft)
            throw error
        }
        try parent.remove(Self.draft)
        try check(fsync(parent.descriptor))
    }

    private mutating func build(
        _ path: Path, _ kind: Entry.Kind, _ status: stat, from source: Directory, in draft: Directory, _ content: [UInt8]?
    ) throws(Failure) {
        let name = cString(path.name)
        if status.st_nlink > 1 && kind != .directory && content == nil {
            if let first = linked[status.st_ino] {
                let parent = try layer.descending(first.parent)
                if linkat(parent.descriptor, cString(first.name), draft.descriptor, name, 0) == 0 { return }
            } else {
                linked[status.st_ino] = path
            }
        }
        let target = try TargetDirectory(making: draft, at: path.parent, depth: 0)
        let entry = Entry(name: name, source: source, target: target, attributes: .all, notes: nil, buffer: buffer)
        switch kind {
        case .directory:
            let directory = try source.child(name)
            try TargetDirectory(making: entry.makeDirectory(like: directory), at: path, depth: 0)
                .copyAttributes(from: directory, .all, buffer)
        case .file:
            let from = try entry.openFile()
            defer { close(from) }
            if try Entry.Kind(Linux.status(of: from)) != .file { throw Failure("it was replaced by something else in the meantime") }
            try entry.makeFile(like: from, Linux.status(of: from), Inode.open(from).attributeNames(), content: from)
            let made = linux_openat2(draft.descriptor, name, O_RDONLY | O_CLOEXEC, 0, linux_resolve_no_links)
            try check(made < 0 ? -1 : 0)
            defer { close(made) }
            if let content { try replaceContent(of: name, in: draft, by: content, status) }
            if !keepsPrivileges { try removePrivileges(of: made) }
            try check(fsync(made))
        case .symlink, .special: try entry.make(kind, like: status)
        }
    }

    /// Nobody sees the draft yet. The times stay those of the root's file.
    private func replaceContent(of name: [CChar], in draft: Directory, by content: [UInt8], _ status: stat) throws(Failure) {
        let file = linux_openat2(draft.descriptor, name, O_WRONLY | O_TRUNC | O_CLOEXEC, 0, linux_resolve_no_links)
        try check(file < 0 ? -1 : 0)
        defer { close(file) }
        if !linux_write_all(file, content, content.count) { throw .reason() }
        try check(futimens(file, [status.st_atim, status.st_mtim]))
    }

    private func removePrivileges(of file: Int32) throws(Failure) {
        try check(fchmod(file, Linux.status(of: file).st_mode & 0o1777))
        for name in try Inode.open(file).attributeNames() where strcmp(name, "security.capability") == 0 {
            try Inode.open(file).remove(name)
        }
    }

    /// Takes off what keeps a name from being replaced: of it, and of the directory that it is in, whose flags (chattr(1)) are returned where
    /// they did so.
    package func unlock(_ path: Path) throws(Failure) -> Int32? {
        guard let parent = try existing(path.parent) else { return nil }
        var (flags, found) = (Int32(0), stat())
        let isLocked = linux_get_flags(parent.descriptor, &flags) == 0 && flags & linux_locking_flags != 0
        _ = try parent.loosen()
        if fstatat(parent.descriptor, cString(path.name), &found, AT_SYMLINK_NOFOLLOW) == 0 { _ = try parent.loosen(cString(path.name)) }
        return isLocked ? flags : nil
    }

    /// Gives a directory its flags again.
    package func lock(_ path: Path, _ flags: Int32) throws(Failure) {
        let directory = try layer.descending(path)
        try check(linux_set_flags(directory.descriptor, flags))
    }

    /// Takes a name out of the layer.
    package func remove(_ path: Path) throws(Failure) {
        guard let parent = try existing(path.parent) else { return }
        try parent.remove(cString(path.name))
        try check(fsync(parent.descriptor))
    }

    /// Takes away what is below the layer at a path, by a whiteout; what the layer itself has there stays.
    package func hide(_ path: Path) throws(Failure) {
        let parent = try make(path.parent)
        let whiteout = cString(LayerName.whiteout(of: path).name)
        // It may be of any kind.
        if faccessat(parent.descriptor, whiteout, F_OK, AT_SYMLINK_NOFOLLOW) == 0 { return }
        let file = linux_openat2(parent.descriptor, whiteout, O_WRONLY | O_CREAT | O_CLOEXEC, 0o644, linux_resolve_no_links)
        try check(file < 0 ? -1 : 0)
        close(file)
        try check(fsync(parent.descriptor))
    }

    /// Gives directories the times that they had before something was put into them.
    package func restoreTimes(of path: Path) throws(Failure) {
        let (source, target) = (try root.descending(path), try layer.descending(path))
        let status = try Linux.status(of: source.descriptor)
        try check(futimens(target.descriptor, [status.st_atim, status.st_mtim]))
    }

    private func existing(_ path: Path) throws(Failure) -> Directory? {
        var directory = layer
        for name in path.components {
            if faccessat(directory.descriptor, cString(name), F_OK, AT_SYMLINK_NOFOLLOW) != 0 && linux_errno() == ENOENT { return nil }
            directory = try directory.child(cString(name))
        }
        return directory
    }

    /// The layer's directory at `path`; those that are missing are made as the root has them.
    private func make(_ path: Path) throws(Failure) -> Directory {
        if path.isTop { return layer }
        let (parent, name) = (try make(path.parent), cString(path.name))
        if mkdirat(parent.descriptor, name, 0o700) != 0 {
            if linux_errno() != EEXIST { throw .reason() }
            return try parent.child(name)
        }
        let made = try parent.child(name)
        try TargetDirectory(making: made, at: path, depth: 0).copyAttributes(from: root.descending(path), .all, buffer)
        try check(fsync(parent.descriptor))
        return made
    }
}
