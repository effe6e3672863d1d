internal import Basics
internal import CLinux

extension Directory {
    /// Copies one file to the same path in another tree, with all its attributes; it is on the disk when this is done. Unless it is
    /// `replacing` what is there, nothing may be. Directories above it that are missing are made with the owner and mode that they have here.
    /// Here no symlink leads to it.
    func copyFile(_ path: Path, to target: Directory, replacing: Bool) throws(Failure) {
        let source = try child(path.parent.cString)
        let from = linux_openat2(source.descriptor, cString(path.name), O_RDONLY | O_CLOEXEC, 0, linux_resolve_no_links)
        try check(from < 0 ? -1 : 0)
        defer { close(from) }
        let parent = try target.making(path.parent, like: self)
        let draft = cString(Array(".docker-btrfs.new".utf8))
        _ = unlinkat(parent.descriptor, draft, 0)
        do throws(Failure) {
            try parent.write(from, to: draft)
            try check(renameat2(parent.descriptor, draft, parent.descriptor, cString(path.name), replacing ? 0 : UInt32(RENAME_NOREPLACE)))
        } catch {
            _ = unlinkat(parent.descriptor, draft, 0)
            throw error
        }
        try check(fsync(parent.descriptor))
    }

    private func write(_ source: Int32, to draft: [CChar]) throws(Failure) {
        let file = linux_openat2(descriptor, draft, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600, linux_resolve_no_links)
        try check(file < 0 ? -1 : 0)
        defer { close(file) }
        let wanted = try Linux.status(of: source)
        let buffer = CopyBuffer()
        try copyData(from: source, to: file, size: wanted.st_size, buffer)
        try check(fchown(file, wanted.st_uid, wanted.st_gid))
        try check(fchmod(file, wanted.st_mode & 0o7777))
        let original = Inode.open(source)
        // What the folder gives to new files, an ACL, is none of its own.
        try Inode.open(file).removeHandedDown()
        try Inode.open(file).copyAttributes(original.attributeNames(), of: original, .all, buffer)
        // vfat takes every mode and keeps none: a key that others can read is worse than none.
        let found = try Linux.status(of: file)
        if wanted.st_mode != found.st_mode || wanted.st_uid != found.st_uid || wanted.st_gid != found.st_gid {
            throw Failure("the filesystem does not keep its owner and mode")
        }
        try check(fsync(file))
    }

    /// The directory at `path`. Where it is missing, it is made as it is in another tree: a boot lays it over the next root so.
    private func making(_ path: Path, like other: Directory) throws(Failure) -> Directory {
        if let found = try directory(at: path) { return found }
        _ = try making(path.parent, like: other)
        let wanted = try other.target(of: path)
        try createDirectory(path, wanted?.permissions ?? 0o700)
        let made = try existing(path)
        if let wanted { try check(fchown(made.descriptor, wanted.owner, wanted.group)) }
        return made
    }
}
