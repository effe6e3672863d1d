internal import Basics
internal import CLinux

/// The file that an archive is written to, until it is whole and has its name.
struct ExportDraft {
    let name: [CChar]
    let file: Int32
    private let lock: Int32

    private static let beginning = ".docker-btrfs-export-"

    private init(name: [CChar], file: Int32, lock: Int32) { (self.name, self.file, self.lock) = (name, file, lock) }

    /// Open, and locked by another descriptor, which no program gets that goes on when this one was killed. Whoever comes across one that
    /// nobody has locked deletes it.
    static func make(in folder: String, for path: String) throws(Failure) -> ExportDraft {
        for _ in 0..<10 {
            var name = Array("\(folder)\(beginning)XXXXXX".utf8CString)
            let file = mkostemp(&name, O_CLOEXEC)
            if file < 0 { throw .system("make the file '\(path)'") }
            // A network filesystem makes one of fcntl(2) of the lock, which is for who may write.
            let lock = linux_open(name, O_RDWR | O_NOFOLLOW | O_CLOEXEC, 0)
            let isLocked = lock >= 0 && linux_flock(lock, LOCK_EX | LOCK_NB) == 0
            let error = linux_errno()
            var found = stat()
            // Somebody may have taken it for left before it was locked.
            let isThere = fstat(file, &found) == 0 && found.st_nlink == 1
            if isLocked && isThere { return ExportDraft(name: name, file: file, lock: lock) }
            let isTaken = lock >= 0 && error == EWOULDBLOCK
            // Who has taken it deletes it, and the name may be another's then.
            if isThere && !isTaken { unlink(name) }
            close(file)
            if lock >= 0 { close(lock) }
            if isThere && !isTaken { throw .system("lock the file '\(path)'", errno: error) }
        }
        throw Failure("could not make the file '\(path)': another run deletes what is made there", hint: "try it again")
    }

    /// Removes it by the name that it has until it is whole, and closes it.
    func remove() {
        unlink(name)
        close(file)
        close(lock)
    }

    /// Deletes what runs that were killed left in a folder.
    static func sweep(_ path: String) throws(Failure) {
        let folder = try Directory(opening: path)
        for name in try folder.names() where name.starts(with: beginning.utf8) && name.count == beginning.utf8.count + 6 {
            let opened = linux_openat2(
                folder.descriptor, cString(name), O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0, linux_resolve_no_links)
            if opened < 0 { continue }
            defer { close(opened) }
            var found = stat()
            // Somebody else may have made one of that name.
            guard fstat(opened, &found) == 0, found.st_mode & ~0o600 == S_IFREG, found.st_uid == geteuid(), found.st_nlink == 1,
                linux_flock(opened, LOCK_EX | LOCK_NB) == 0
            else { continue }
            unlinkat(folder.descriptor, cString(name), 0)
        }
    }
}
