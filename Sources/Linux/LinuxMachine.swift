public import Basics
internal import CLinux
public import Planning

/// The machine that a plan is performed on: the only type that changes a disk.
public struct LinuxMachine: Machine {
    private let topLevel: Directory
    private let topLayer: Directory?

    /// Takes the top level of the root's filesystem, mounted by `Directory.mounting`, and makes it writable; and the
    /// filesystem of the top layer, which stays read-only.
    public init(topLevel: Directory, topLayer: Directory?) throws(Failure) {
        try topLevel.makeWritable()
        self.topLevel = topLevel
        self.topLayer = topLayer
    }

    public func perform(_ step: Step) throws(Failure) {
        switch step {
        case .createDirectory(let path, let permissions): try createDirectory(path, permissions)
        case .snapshot(let source, let path): try snapshot(source, path)
        case .mark(let path, let origin): try mark(path, origin)
        case .copyTopLayer(let source, _, let destination): try copyTopLayer(source, destination)
        case .removeFile(let path): try inParent(of: path) { unlinkat($0, $1, 0) }
        case .sync: try check(syncfs(topLevel.descriptor))
        case .rename(let path, let to): try rename(path, to, UInt32(RENAME_NOREPLACE))
        case .exchange(let path, let other): try rename(path, other, UInt32(RENAME_EXCHANGE))
        case .deleteSubvolume(let path): try deleteSubvolume(path)
        }
    }

    private func createDirectory(_ path: Path, _ permissions: UInt32) throws(Failure) {
        // The process's umask applies to mkdir, not to chmod.
        try inParent(of: path) { mkdirat($0, $1, 0o700) == 0 ? fchmodat($0, $1, permissions, 0) : -1 }
    }

    private func snapshot(_ source: Path, _ path: Path) throws(Failure) {
        let layer = try existing(source)
        let parent = try existing(path.parent)
        try checkBtrfs(btrfs_util_create_snapshot_fd2(layer.descriptor, parent.descriptor, cString(path.name), 0, nil, nil))
    }

    private func mark(_ path: Path, _ origin: Origin) throws(Failure) {
        let root = try existing(path)
        guard let subvolume = try root.subvolume() else { throw Failure("it is not a subvolume") }
        let value = Array(Mark.text(origin, subvolume: subvolume).utf8)
        try check(fsetxattr(root.descriptor, Mark.attribute, value, value.count, 0))
    }

    private func copyTopLayer(_ source: Path, _ destination: Path) throws(Failure) {
        guard let topLayer, let layer = try topLayer.directory(at: source) else { throw Failure("it is not there") }
        var copy = TreeCopy(from: layer, to: try existing(destination))
        try copy.run()
    }

    private func rename(_ path: Path, _ to: Path, _ flags: UInt32) throws(Failure) {
        let from = try existing(path.parent)
        let into = try existing(to.parent)
        try check(renameat2(from.descriptor, cString(path.name), into.descriptor, cString(to.name), flags))
    }

    private func deleteSubvolume(_ path: Path) throws(Failure) {
        let parent = try existing(path.parent)
        let recursive = Int32(BTRFS_UTIL_DELETE_SUBVOLUME_RECURSIVE)
        try checkBtrfs(btrfs_util_delete_subvolume_fd(parent.descriptor, cString(path.name), recursive))
    }

    private func existing(_ path: Path) throws(Failure) -> Directory {
        guard let directory = try topLevel.directory(at: path) else { throw Failure("'\(path)' is not there") }
        return directory
    }

    private func inParent(of path: Path, _ call: (Int32, [CChar]) -> Int32) throws(Failure) {
        let parent = try existing(path.parent)
        try check(call(parent.descriptor, cString(path.name)))
    }

    private func checkBtrfs(_ result: btrfs_util_error) throws(Failure) {
        if result != BTRFS_UTIL_OK { throw Failure(String(cString: strerror(linux_errno()))) }
    }
}

/// A name as C functions take it.
func cString(_ name: [UInt8]) -> [CChar] {
    name.map { CChar(bitPattern: $0) } + [0]
}
