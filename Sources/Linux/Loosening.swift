internal import Basics
internal import CLinux

extension Directory {
    /// Takes off what keeps the root of a subvolume from being changed, moved or deleted: that it is read-only, immutable or
    /// append-only. Returns what was taken off, in words; nil where there was nothing.
    func loosen() throws(Failure) -> String? { try Linux.loosen(descriptor) }

    /// The same for what has a name in this directory; nil too for what cannot be locked, such as a symlink.
    func loosen(_ name: [CChar]) throws(Failure) -> String? {
        var found = stat()
        try check(fstatat(descriptor, name, &found, AT_SYMLINK_NOFOLLOW))
        let kind = Entry.Kind(found)
        if kind != .directory && kind != .file { return nil }
        let opened = linux_openat2(descriptor, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0, linux_resolve_no_links)
        try check(opened < 0 ? -1 : 0)
        defer { close(opened) }
        return try Linux.loosen(opened)
    }

    /// The failure of a call that makes or moves a name here. Of a directory that is locked and not ours, it says so.
    func explaining(_ failure: Failure) -> Failure {
        var flags: Int32 = 0
        if failure != .reason(EPERM) || linux_get_flags(descriptor, &flags) != 0 || flags & linux_locking_flags == 0 { return failure }
        return Failure(
            "the directory '\(show(.top))' is immutable or append-only",
            hint: "mount the filesystem with subvolid=5, and take that off its directory '\(show(.top))' with 'chattr -i -a'"
        )
    }

    /// The same for the subvolumes that are nested in this one, and for the directories that have them.
    func loosenNested() throws(Failure) {
        try forEachNestedSubvolume { path throws(Failure) in
            _ = try directory(at: path.parent)?.loosen()
            _ = try directory(at: path)?.loosen()
            return true
        }
    }

    /// Makes a name in this directory free, which only docker-btrfs has a use for, and loses nothing: what has it gets the next name
    /// of the form `NAME.1` that is free. Returns that name; nil where the name was free.
    func putAside(_ name: [UInt8]) throws(Failure) -> [UInt8]? {
        var found = stat()
        if fstatat(descriptor, cString(name), &found, AT_SYMLINK_NOFOLLOW) != 0 && linux_errno() == ENOENT { return nil }
        for number in 1...1000 {
            let other = name + Array(".\(number)".utf8)
            if try renameTrying(name, other) { return other }
            switch linux_errno() {
            case ENOENT: return nil
            case EEXIST: continue
            case let code: throw .reason(code)
            }
        }
        throw Failure("a thousand things were put aside here", hint: "look at them and remove them")
    }

    private func renameTrying(_ name: [UInt8], _ other: [UInt8]) throws(Failure) -> Bool {
        let call = { renameat2(self.descriptor, cString(name), self.descriptor, cString(other), UInt32(RENAME_NOREPLACE)) }
        if call() == 0 { return true }
        if linux_errno() != EPERM && linux_errno() != EROFS { return false }
        _ = try loosen(cString(name))
        return call() == 0
    }
}

private func loosen(_ descriptor: Int32) throws(Failure) -> String? {
    var taken: [String] = []
    var isReadOnly = false
    if btrfs_util_get_subvolume_read_only_fd(descriptor, &isReadOnly) == BTRFS_UTIL_OK, isReadOnly {
        if btrfs_util_set_subvolume_read_only_fd(descriptor, false) != BTRFS_UTIL_OK { throw .reason() }
        taken.append("read-only")
    }
    var flags: Int32 = 0
    if linux_get_flags(descriptor, &flags) == 0, flags & linux_locking_flags != 0 {
        try check(linux_set_flags(descriptor, flags & ~linux_locking_flags))
        taken.append("immutable or append-only")
    }
    return taken.isEmpty ? nil : taken.joined(separator: " and ")
}
