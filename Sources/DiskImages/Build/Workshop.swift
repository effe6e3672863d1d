internal import Basics
internal import CLinux
internal import Deployments
internal import Files
internal import Programs

/// A folder beside the file that is made, in which nobody else works. It is removed with the object; what a run that was killed left, the
/// next one for the same file removes.
///
/// Who owns the directory around it can give its name to another folder at any time. So it is held open, and programs find it at a place of
/// root's own, where this process and its children alone see it. (Of a path in /proc some ask for the name again: btrfs, by realpath(3).)
final class Workshop {
    /// Where programs find it.
    let path = "/run/docker-btrfs/disk"
    /// What the disk is made of: an empty file, read and written.
    let disk: Int32
    /// What everybody else calls it.
    private let name: String
    private let folder: Directory
    private let folderName: Path
    private let parent: Directory
    private let output: String

    static let diskName = "disk.raw"
    static let convertedName = "disk"
    /// Where something is mounted.
    private static let places = ["root", "source", "scratch"]

    /// Fails where another process makes the same file.
    init(for output: String) throws(Failure) {
        let file = Self.file(of: output)
        if file.isEmpty { throw Failure("could not write '\(output)': it is no file's name") }
        let folderName = Self.name(for: file)
        let parent = try Directory(opening: Self.folder(of: output))
        let name = try parent.place() + folderName.description
        let inTheWay = Failure("could not write '\(output)': '\(name)' is in the way", hint: "remove it")
        if try parent.status(of: folderName) != nil {
            guard let old = try Self.open(folderName, in: parent) else { throw inTheWay }
            try Self.lock(old, output)
            try Self.remove(old, folderName, from: parent)
        }
        if mkdirat(parent.descriptor, folderName.fileName, 0o700) != 0 { throw .system("make the folder '\(name)'") }
        guard let folder = try Self.open(folderName, in: parent) else { throw inTheWay }
        try Self.lock(folder, output)
        if try !folder.names().isEmpty { throw inTheWay }
        // What is written may hold secrets of a top layer.
        disk = linux_openat2(
            folder.descriptor, Self.diskName, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0o600, linux_resolve_no_links)
        (self.name, self.folder, self.folderName, self.parent, self.output) = (name, folder, folderName, parent, output)
        if disk < 0 { throw .system("make '\(name)/\(Self.diskName)'") }
        if try !isOwn { throw inTheWay }
        for place in Self.places where mkdirat(folder.descriptor, place, 0o700) != 0 { throw .system("make a folder in '\(name)'") }
        let modes: [mode_t] = [0o755, 0o700]
        for (place, mode) in zip([Self.folder(of: path), path], modes) where mkdir(place, mode) != 0 && linux_errno() != EEXIST {
            throw .system("make the directory '\(place)'")
        }
        if mount("/proc/self/fd/\(folder.descriptor)", path, nil, UInt(MS_BIND), nil) != 0 { throw .system("mount '\(name)' at '\(path)'") }
        // What the boot loader's partition gets, and what becomes the top layer: secrets, which are not to be on this disk.
        if mount("tmpfs", path + "/scratch", "tmpfs", UInt(MS_NOSUID), "mode=0700") != 0 {
            throw .system("mount a tmpfs at '\(name)/scratch'")
        }
    }

    deinit {
        umount2(path, Int32(MNT_DETACH))
        close(disk)
        do throws(Failure) { try Self.remove(folder, folderName, from: parent) } catch {}
    }

    /// Whether the folder is one that this process could have made. A file that it made tells whose its files are here: nobody's on some
    /// networks, and where a filesystem keeps no owners and modes, the same as all others.
    private var isOwn: Bool {
        get throws(Failure) {
            var file = stat()
            guard fstat(disk, &file) == 0, let status = try folder.status(of: .top) else { return false }
            return status.owner == file.st_uid && status.permissions & 0o66 & ~file.st_mode == 0
        }
    }

    /// The folder that a file is in.
    static func folder(of file: String) -> String {
        file.lastIndex(of: "/").map { $0 == file.startIndex ? "/" : String(file[..<$0]) } ?? "."
    }

    /// Its name there.
    private static func file(of path: String) -> String {
        String(path[(path.lastIndex(of: "/").map { path.index(after: $0) } ?? path.startIndex)...])
    }

    /// Whether a virtual machine, or a disk that is made, finds room for more in a directory: programs fail before the last byte is taken.
    static func hasRoom(in folder: String) throws(Failure) -> Bool { try Directory(opening: folder).freeSpace() >= 16 << 20 }

    /// Whether what failed in a directory did so for want of room: programs say that in words of their own, or not at all.
    static func ranOutOfRoom(in folder: String) -> Bool {
        Interruption.signal == nil && (try? hasRoom(in: folder)) == false
    }

    func file(_ name: String) -> String { path + "/" + name }

    func open(_ name: String, label: String? = nil) throws(Failure) -> Directory { try Directory(opening: file(name), label: label) }

    /// The same failure, with what everybody else calls the folder.
    func named(_ failure: Failure) -> Failure {
        Failure(failure.message.replacing(path, with: name), hint: failure.hint?.replacing(path, with: name))
    }

    /// Gives the file that was made its name, when all of it is on the disk.
    func handOut(isConverted: Bool, replacing: Bool) throws(Failure) {
        let (made, name) = (isConverted ? Self.convertedName : Self.diskName, Self.file(of: output))
        let file = linux_openat2(folder.descriptor, made, O_RDONLY | O_CLOEXEC, 0, linux_resolve_no_links)
        if file < 0 { throw .system("open '\(self.name)/\(made)'") }
        defer { close(file) }
        if fsync(file) != 0 || fchmod(file, 0o600) != 0 { throw .system("write '\(output)'") }
        // A machine may run on the one that is there.
        if renameat2(folder.descriptor, made, parent.descriptor, name, replacing ? 0 : UInt32(RENAME_NOREPLACE)) == 0 { return }
        // Network filesystems do not know that, and a second name does not replace either.
        if linux_errno() == EINVAL && linkat(folder.descriptor, made, parent.descriptor, name, 0) == 0 {
            unlinkat(folder.descriptor, made, 0)
            return
        }
        throw .system("call the disk '\(output)'")
    }

    private static func lock(_ folder: Directory, _ output: String) throws(Failure) {
        if linux_flock(folder.descriptor, LOCK_EX | LOCK_NB) == 0 { return }
        throw Failure("could not make '\(output)': another process is making it", hint: "wait until that has ended, or end it")
    }

    /// What it is called beside a file of that name.
    static func name(for file: some StringProtocol) -> Path { Path.top.appending(".\(file).docker-btrfs") }

    /// nil where there is none. A link would lead to somebody else's files.
    private static func open(_ name: Path, in parent: Directory) throws(Failure) -> Directory? {
        let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC
        let opened = linux_openat2(parent.descriptor, name.fileName, flags, 0, linux_resolve_no_links)
        if opened >= 0 { return Directory(descriptor: opened, label: parent.show(name)) }
        if [ENOENT, ENOTDIR, ELOOP].contains(linux_errno()) { return nil }
        throw .system("open the directory '\(parent.show(name))'")
    }

    /// Removes the one that is in a directory, where nobody works in it any more.
    static func clear(_ parent: Directory, _ name: Path) throws(Failure) {
        if let folder = try open(name, in: parent) { try remove(folder, name, from: parent) }
    }

    /// Only what is made in it: it may be a folder of root's that somebody gave this name to.
    private static func remove(_ folder: Directory, _ name: Path, from parent: Directory) throws(Failure) {
        for file in [diskName, convertedName] { unlinkat(folder.descriptor, file, 0) }
        for place in places { unlinkat(folder.descriptor, place, AT_REMOVEDIR) }
        if unlinkat(parent.descriptor, name.fileName, AT_REMOVEDIR) != 0 && linux_errno() != ENOENT {
            throw .system("remove the folder '\(parent.show(name))'")
        }
    }
}
