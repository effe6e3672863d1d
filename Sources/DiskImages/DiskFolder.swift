public import Basics
internal import CLinux
internal import Glibc

/// A folder for a disk that is made for one use, in which nobody else works. It is removed with the object; what a run that was killed left
/// in the same place, the next one removes.
public final class DiskFolder {
    private static let prefix = "docker-btrfs-disk."
    private static let disk = "disk.raw"
    /// What a machine is started with that is not on its disk, and what is laid over that.
    private static let others = ["overlay.qcow2", "kernel", "initrd", "monitor", "screen.png", "screen.png.new"]

    /// What it is made in.
    let place: String
    private let path: String
    /// Locked: nobody takes it for left.
    private let folder: Directory

    public init(in place: String) throws(Failure) {
        try Self.sweep(place)
        self.place = place
        var template = Array("\(place)/\(Self.prefix)XXXXXX".utf8CString)
        if mkdtemp(&template) == nil { throw .system("create a folder in '\(place)'", hint: "run this as root") }
        path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
        folder = try Directory(opening: path)
        if linux_flock(folder.descriptor, LOCK_EX | LOCK_NB) != 0 { throw .system("lock '\(path)'") }
    }

    deinit { Self.remove(path, folder) }

    /// Where the disk is to be made.
    public var file: String { "\(path)/\(Self.disk)" }
    var overlay: String { "\(path)/\(Self.others[0])" }
    var kernel: String { "\(path)/\(Self.others[1])" }
    var initrd: String { "\(path)/\(Self.others[2])" }
    /// As long as this process runs. A socket's path has to be short.
    var monitor: String { "/proc/\(getpid())/fd/\(folder.descriptor)/\(Self.others[3])" }
    /// The last that a machine's screen showed.
    var screen: String { "\(path)/\(Self.others[4])" }

    /// A file that only root may read.
    func write(_ content: [UInt8], to file: String) throws(Failure) {
        let opened = linux_open(file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0o600)
        if opened < 0 { throw .system("make '\(file)'") }
        defer { close(opened) }
        if !linux_write_all(opened, content, content.count) { throw .system("write '\(file)'") }
    }

    /// Does what writes here. That there is no room is said as what the virtual machine writes says it.
    func fill<Value>(_ write: () throws(Failure) -> Value) throws(Failure) -> Value {
        do throws(Failure) { return try write() } catch {
            if !Workshop.ranOutOfRoom(in: place) { throw error }
            throw noRoom(for: "what the virtual machine needs (\(error.message))")
        }
    }

    func noRoom(for what: String) -> Failure {
        Failure(
            "could not rehearse: there is no room in '\(place)' for \(what)",
            hint: "make room there, or take another place with --rehearsal-folder")
    }

    /// Fails where no screen can be saved to that file later.
    public static func checkPlace(ofScreen file: String) throws(Failure) {
        let folder = Workshop.folder(of: file)
        if access("\(folder)/.", W_OK) != 0 { throw .system("write to the directory '\(folder)'") }
    }

    public func saveScreen(to file: String) throws(Failure) {
        guard let picture = try fileContents(screen) else {
            throw Failure("could not write '\(file)': the virtual machine showed no screen, or its QEMU writes no PNG")
        }
        try write(picture, to: file)
    }

    private static func sweep(_ place: String) throws(Failure) {
        for name in try Directory(opening: place).names() where name.starts(with: prefix.utf8) {
            let path = "\(place)/\(display(name))"
            var found = stat()
            // Somebody else may have made one of that name.
            guard lstat(path, &found) == 0, found.st_mode & S_IFMT == S_IFDIR, found.st_uid == geteuid(),
                let folder = try? Directory(opening: path), linux_flock(folder.descriptor, LOCK_EX | LOCK_NB) == 0
            else { continue }
            remove(path, folder)
        }
    }

    private static func remove(_ path: String, _ folder: Directory) {
        for name in [disk] + others { unlink("\(path)/\(name)") }
        try? Workshop.clear(folder, Workshop.name(for: disk))
        rmdir(path)
    }
}
