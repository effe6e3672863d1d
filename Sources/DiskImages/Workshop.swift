public import Basics
internal import CDisk
internal import CLinux
internal import Deployments
internal import Files

/// A folder beside the file that is made, in which nobody else works. It is removed with the object; what a run that was killed left, the
/// next one for the same file removes.
final class Workshop {
    let path: String
    private let parent: Directory
    private let name: Path
    private let lock: Directory

    /// Fails where another process makes the same file.
    init(for output: String) throws(Failure) {
        let slash = output.lastIndex(of: "/")
        let file = output[(slash.map { output.index(after: $0) } ?? output.startIndex)...]
        if file.isEmpty { throw Failure("could not write '\(output)': it is no file's name") }
        let name = Self.name(for: file)
        parent = try Directory(opening: Self.folder(of: output))
        self.name = name
        path = try parent.place() + name.description
        // A link would lead to somebody else's files.
        let status = try parent.status(of: name)
        if let status, status.kind != .directory {
            throw Failure("could not write '\(output)': '\(path)' is in the way", hint: "remove it")
        }
        if let old = try parent.directory(at: name) {
            try Self.lock(old, output)
            try Self.clear(parent, name)
        }
        if mkdirat(parent.descriptor, name.fileName, 0o700) != 0 { throw .system("make the folder '\(path)'") }
        guard let made = try parent.directory(at: name) else { throw Failure("'\(path)' is gone") }
        lock = made
        try Self.lock(made, output)
        for name in ["root", "source", "scratch"] {
            if mkdirat(made.descriptor, name, 0o700) != 0 { throw .system("make a folder in '\(path)'") }
        }
        // What the boot loader's partition gets, and what becomes the top layer: secrets, which are not to be on this disk.
        if mount("tmpfs", path + "/scratch", "tmpfs", UInt(MS_NOSUID), "mode=0700") != 0 {
            throw .system("mount a tmpfs at '\(path)/scratch'")
        }
    }

    deinit {
        for name in ["root", "source", "scratch"] { umount2(path + "/" + name, Int32(MNT_DETACH)) }
        do throws(Failure) { try Self.clear(parent, name) } catch {}
    }

    /// The folder that a file is in.
    static func folder(of file: String) -> String {
        file.lastIndex(of: "/").map { $0 == file.startIndex ? "/" : String(file[..<$0]) } ?? "."
    }

    func file(_ name: String) -> String { path + "/" + name }

    func open(_ name: String, label: String? = nil) throws(Failure) -> Directory { try Directory(opening: file(name), label: label) }

    private static func lock(_ folder: Directory, _ output: String) throws(Failure) {
        if linux_flock(folder.descriptor, LOCK_EX | LOCK_NB) == 0 { return }
        throw Failure("could not make '\(output)': another process is making it", hint: "wait until that has ended, or end it")
    }

    /// What it is called beside a file of that name.
    static func name(for file: some StringProtocol) -> Path { Path.top.appending(name: Array(".\(file).docker-btrfs".utf8)) }

    /// Only what is made in it.
    static func clear(_ parent: Directory, _ name: Path) throws(Failure) {
        for file in try parent.directory(at: name)?.names() ?? [] {
            let path = name.appending(name: file)
            let flags = try parent.status(of: path)?.kind == .directory ? AT_REMOVEDIR : 0
            guard let folder = try parent.directory(at: name) else { return }
            _ = unlinkat(folder.descriptor, path.fileName, flags)
        }
        if unlinkat(parent.descriptor, name.fileName, AT_REMOVEDIR) != 0 && linux_errno() != ENOENT {
            throw .system("remove the folder '\(parent.show(name))'")
        }
    }
}

/// Becomes this program once more, with mounts that nobody else sees and that end with it. Returns where that is so already.
public func enterOwnMounts() throws(Failure) {
    let sign = "DOCKER_BTRFS_MOUNTS"
    if getenv(sign) != nil {
        unsetenv(sign)
        return
    }
    if disk_own_mounts() != 0 { throw .system("get mounts of its own", hint: "run this as root") }
    setenv(sign, "1", 1)
    linux_become("/proc/self/exe")
    throw .system("start '/proc/self/exe' again")
}
