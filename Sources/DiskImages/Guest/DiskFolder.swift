public import Basics
internal import CLinux
internal import Deployments
internal import Files
internal import Glibc

/// A folder for a disk that is made for one use, in which nobody else works. It is removed with the object; what a run that was killed left
/// in the same place, the next one removes.
///
/// What is in it goes by its path, also to QEMU: nobody else may give that name to another folder.
public final class DiskFolder {
    /// No tmpfs, on most machines.
    public static let usualPlace = "/var/tmp"
    private static let prefix = "docker-btrfs-disk."
    private static let disk = "disk.raw"
    /// What a machine is started with that is not on its disk, and what is laid over that.
    private static let others = ["overlay.qcow2", "kernel", "initrd", "monitor", "screen.png", "screen.png.new"]

    /// What it is made in.
    let place: String
    private let path: String
    /// The same below `parent`.
    private let name: [CChar]
    private let parent: Directory
    /// Locked: nobody takes it for left.
    private let folder: Directory

    /// `option` says where it is made.
    public init(in place: String, option: String = "--rehearsal-folder") throws(Failure) {
        let parent = try Directory(opening: place)
        try parent.checkIsNobodyElses()
        try Self.sweep(parent)
        // By way of no symlink, which may be anybody's.
        let whole = try parent.place()
        var template = Array("\(whole)/\(Self.prefix)XXXXXX".utf8CString)
        if mkdtemp(&template) == nil { throw .system("create a folder in '\(place)'", hint: "take another place with \(option)") }
        path = String(decoding: plainName(template), as: UTF8.self)
        name = cString(Array(path.utf8.suffix(Self.prefix.utf8.count + 6)))
        (self.place, self.parent) = (whole, parent)
        folder = try Directory(opening: path)
        if linux_flock(folder.descriptor, LOCK_EX | LOCK_NB) != 0 { throw .system("lock '\(path)'") }
    }

    deinit { Self.remove(folder, name, from: parent) }

    /// Where the disk is to be made.
    public var file: String { "\(path)/\(Self.disk)" }
    var overlay: String { "\(path)/\(Self.others[0])" }
    var kernel: String { "\(path)/\(Self.others[1])" }
    var initrd: String { "\(path)/\(Self.others[2])" }
    /// As long as this process runs. A socket's path has to be short.
    var monitor: String { "\(folder.pathForPrograms)/\(Self.others[3])" }
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

    private static func sweep(_ parent: Directory) throws(Failure) {
        for found in try parent.names() where found.starts(with: prefix.utf8) {
            let name = cString(found)
            // Somebody else may have made one of that name.
            guard let folder = try? parent.child(name), let status = try? folder.status(of: .top), status.owner == geteuid(),
                linux_flock(folder.descriptor, LOCK_EX | LOCK_NB) == 0
            else { continue }
            remove(folder, name, from: parent)
        }
    }

    private static func remove(_ folder: Directory, _ name: [CChar], from parent: Directory) {
        for file in [disk] + others { unlinkat(folder.descriptor, file, 0) }
        try? Workshop.clear(folder, Workshop.name(for: disk))
        unlinkat(parent.descriptor, name, AT_REMOVEDIR)
    }
}

extension Directory {
    /// Fails where somebody else can rename what this process makes here, or a directory above it. In a sticky one only its owner can.
    fileprivate func checkIsNobodyElses() throws(Failure) {
        var directory = self
        while let status = try directory.status(of: .top) {
            let isSticky = status.permissions & 0o1000 != 0
            let isShared = !isSticky && Caller.sharesWriting(status.permissions, group: status.group, directory.descriptor)
            if isShared || !Caller.isOwn(user: status.owner) {
                let other = try directory.place()
                let owner = Caller.title(ofUser: status.owner)
                let reason =
                    isShared ? "others can rename what is in '\(other)'" : "'\(other)' belongs to \(owner), who can rename what is in it"
                throw Failure(
                    "could not make a folder in '\(show(.top))': \(reason)",
                    hint: "take a directory that only root can write to, with all above it, or a sticky one as /var/tmp")
            }
            let above = linux_openat2(directory.descriptor, "..", O_PATH | O_DIRECTORY | O_CLOEXEC, 0, 0)
            if above < 0 { throw .system("open a directory above '\(show(.top))'") }
            let next = Directory(descriptor: above, label: "")
            // `/` is above itself.
            if try next.status(of: .top)?.isSameFile(as: status) == true { return }
            directory = next
        }
    }
}
