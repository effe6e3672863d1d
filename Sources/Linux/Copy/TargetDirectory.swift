internal import Basics
internal import CLinux

/// A directory of the destination, and what the kernel gives to files that are made in it.
final class TargetDirectory {
    enum Origin { case existing, made }

    let directory: Directory
    /// Its place in the destination, as the layer has it.
    let path: Path
    /// How many directories it is in.
    let depth: Int
    let origin: Origin
    /// As it was before anything was made in it.
    private let status: stat
    /// What a new file begins with: its owner, its inode flags, and whether it has an ACL or properties of btrfs.
    let owner: (user: uid_t, group: gid_t)
    let flags: Int32
    let handsDownAttributes: Bool

    var descriptor: Int32 { directory.descriptor }

    /// One that the destination has.
    convenience init(_ directory: Directory, at path: Path, depth: Int) throws(Failure) {
        try self.init(directory, .existing, path, depth)
    }

    /// One that was just made, and is empty.
    convenience init(making directory: Directory, at path: Path, depth: Int) throws(Failure) {
        try self.init(directory, .made, path, depth)
    }

    private init(_ directory: Directory, _ origin: Origin, _ path: Path, _ depth: Int) throws(Failure) {
        self.directory = directory
        self.origin = origin
        self.path = path
        self.depth = depth
        status = try Linux.status(of: directory.descriptor)
        let handsDownGroup = status.st_mode & 0o2000 != 0
        owner = (geteuid(), handsDownGroup ? status.st_gid : getegid())
        flags = try inodeFlags(of: directory.descriptor) & linux_inherited_flags
        handsDownAttributes = try Inode.open(directory.descriptor).attributeNames().contains {
            $0.begins(with: "system.posix_acl_default") || $0.begins(with: "btrfs.")
        }
    }

    /// Takes from a new file what only this directory gave it.
    func clearAttributes(of new: Inode) throws(Failure) {
        if handsDownAttributes { try new.removeHandedDown() }
    }

    /// Gives this new directory all that the layer's has. After its contents, which change its times, and to which it would
    /// hand down ACLs.
    func copyAttributes(from layer: Directory, _ choice: AttributeChoice, _ buffer: CopyBuffer) throws(Failure) {
        let source = Inode.open(layer.descriptor)
        let found = try Linux.status(of: layer.descriptor)
        try check(fchown(descriptor, found.st_uid, found.st_gid))
        try check(fchmod(descriptor, found.st_mode & 0o7777))
        try Inode.open(descriptor).copyAttributes(source.attributeNames(), of: source, choice, buffer)
        try setTimes(found)
    }

    /// Makes this directory of the destination like the layer's. docker-btrfs's own attributes stay: they say what a root is.
    func replaceAttributes(by layer: Directory, _ buffer: CopyBuffer) throws(Failure) {
        try Inode.open(descriptor).removeAttributes(.butOurs)
        try setInodeFlags(of: descriptor, to: try inodeFlags(of: layer.descriptor))
        try copyAttributes(from: layer, .butOurs, buffer)
    }

    /// Takes back what making and removing files in it did to its times.
    func restoreTimes() throws(Failure) {
        let now = try Linux.status(of: descriptor).st_mtim
        if now.tv_sec != status.st_mtim.tv_sec || now.tv_nsec != status.st_mtim.tv_nsec { try setTimes(status) }
    }

    private func setTimes(_ found: stat) throws(Failure) {
        try check(futimens(descriptor, [found.st_atim, found.st_mtim]))
    }
}

func status(of descriptor: Int32) throws(Failure) -> stat {
    var found = stat()
    try check(fstat(descriptor, &found))
    return found
}
