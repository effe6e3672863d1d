package import Basics
internal import CLinux

/// Whole files, on the running system or below another tree: symlinks on the way are resolved as if the directory were `/`, and
/// the last component never is.
extension Directory {
    /// What a file is called until it is whole. Nothing but this program makes files of this name.
    package static let draftName: Path = ".docker-btrfs.new"
    private static let draft = draftName.fileName

    /// Writes a whole file: a reader finds the old content or the new one. Its mode is never more than `mode`.
    package func write(_ bytes: [UInt8], mode: UInt32, to path: Path) throws(Failure) {
        try replace(path, what: "write") { (parent, draft) throws(Failure) in
            let file = try createDraft(draft, in: parent)
            defer { close(file) }
            if !linux_write_all(file, bytes, bytes.count) || fchmod(file, mode) != 0 || fsync(file) != 0 { throw .reason() }
        }
    }

    /// Lets `make` make a file under another name beside it, and gives it its own then.
    package func replace(
        _ path: Path, what: String, _ make: (_ parent: Int32, _ draft: [CChar]) throws(Failure) -> Void
    ) throws(Failure) {
        let above = try parent(of: path, what: what)
        if unlinkat(above.descriptor, Self.draft, 0) != 0, linux_errno() == EISDIR {
            throw Failure(
                "could not \(what) '\(show(path))': '\(show(path.parent / Self.draftName))' is a directory, and is the file's name until it is whole",
                hint: "remove it")
        }
        // vfat frees what a file had when it is replaced, and writes where its new content is only with the inode: a power cut between
        // these leaves neither. As long as the old file is open, nothing of it is freed.
        let old = linux_openat2(above.descriptor, path.fileName, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0, linux_resolve_no_links)
        defer { if old >= 0 { close(old) } }
        do throws(Failure) {
            try make(above.descriptor, Self.draft)
            if renameat(above.descriptor, Self.draft, above.descriptor, path.fileName) != 0 { throw .reason() }
            // First that the draft's name is gone: two names of one content would be a damage.
            if fsync(above.descriptor) != 0 { throw .reason() }
            let new = linux_openat2(above.descriptor, path.fileName, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0, linux_resolve_no_links)
            // A link has nothing to be written.
            if new < 0 { return }
            defer { close(new) }
            if fsync(new) != 0 { throw .reason() }
        } catch {
            _ = unlinkat(above.descriptor, Self.draft, 0)
            throw Failure("could not \(what) '\(show(path))': \(error.message)")
        }
    }

    /// Removes what a run of this program that was killed left half written beside `path`.
    package func removeDraft(beside path: Path) throws(Failure) {
        guard let above = try directory(at: path.parent) else { return }
        _ = unlinkat(above.descriptor, Self.draft, 0)
    }

    /// The directory that a path is in, after every symlink. Fails where there is none: then `what` could not be done.
    package func parent(of path: Path, what: String) throws(Failure) -> Directory {
        if let parent = try directory(at: path.parent) { return parent }
        throw Failure("could not \(what) '\(show(path))': there is no directory '\(show(path.parent))'")
    }
}

extension Path {
    /// The last component for a system call.
    package var fileName: [CChar] { Basics.cString(name) }
}

/// A new file that nobody else can open yet.
package func createDraft(_ name: [CChar], in directory: Int32) throws(Failure) -> Int32 {
    let file = linux_openat2(directory, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600, linux_resolve_no_links)
    if file < 0 { throw .reason() }
    return file
}

/// Writes a whole file of the running system. Only its owner may read it: a configuration and a command line may hold secrets. Waits so many
/// seconds for another run that writes there.
package func replaceFile(_ path: String, with bytes: [UInt8], waiting seconds: Int = 30) throws(Failure) {
    let slash = path.utf8.lastIndex(of: UInt8(ascii: "/"))
    let folder = slash.map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let name = path[(slash.map { path.utf8.index(after: $0) } ?? path.startIndex)...]
    guard let file = Path(name.utf8), !file.isTop else { throw Failure("could not write '\(path)': it is no name of a file") }
    var found = stat()
    // A device, or the link to one, would be gone and not written to.
    if stat(path, &found) == 0 && Int32(found.st_mode) & S_IFMT != S_IFREG {
        throw Failure("could not write '\(path)': it is there and is not a regular file")
    }
    let above = try Directory(opening: folder)
    // Another run may write another file there, by the same name until that is whole. Whoever may open the folder can have it locked too.
    var tenths = seconds * 10
    while linux_flock(above.descriptor, LOCK_EX | LOCK_NB) != 0 {
        if ![EINTR, EWOULDBLOCK].contains(linux_errno()) { throw .system("lock '\(folder)'") }
        if tenths == 0 {
            throw Failure(
                "could not write '\(path)': another process has '\(folder)' locked",
                hint: "lslocks(8) names it: wait until it has ended, or write to another directory")
        }
        tenths -= 1
        usleep(100_000)
    }
    try above.write(bytes, mode: 0o600, to: file)
}
