public import Basics
internal import CLinux
public import Planning

/// The machine that a plan is performed on: the only type that changes a disk.
public struct LinuxMachine: Machine {
    private let topLevel: Directory
    private let topLayer: Result<Directory?, Failure>

    private var isWritable = false

    /// Takes the top level of the root's filesystem, mounted by `Directory.mounting`, which becomes writable with the first
    /// step; and the filesystem of the top layer, which becomes so when a file is stored there.
    public init(topLevel: Directory, topLayer: Result<Directory?, Failure>) {
        self.topLevel = topLevel
        self.topLayer = topLayer
    }

    public mutating func perform(_ step: Step) throws(Failure) -> [String] {
        if !isWritable { try topLevel.makeWritable() }
        isWritable = true
        switch step {
        case .createDirectory(let path, let permissions): try topLevel.createDirectory(path, permissions)
        case .snapshot(let source, let path):
            try snapshot(source, path, 0)
            try liftLimits(path)
        case .hold(let layer, let path): try snapshot(layer, path, Int32(BTRFS_UTIL_CREATE_SNAPSHOT_READ_ONLY))
        case .mark(let path, let mark): try write(mark, on: path)
        case .replacePlaceholder(let path, let root): try existing(root).replacePlaceholder(path)
        case .copyTopLayer(let source, _, let rules, let destination): return try copyTopLayer(source, rules, destination)
        case .copyModules(let source, let destination, let root): try copyModules(source, destination, existing(root))
        case .replaceFile(let path, let content): try replaceFile(path, content)
        case .makeRoom(let need, let paths): try makeRoom(need, paths)
        case .removeFile(let path, let root): try existing(root).inParent(of: path) { unlinkat($0, $1, 0) }
        case .sync: try check(syncfs(topLevel.descriptor))
        case .carryFile(let path, let root, let new): try existing(root).copyFile(path, to: existing(new))
        case .storeFile(let path, let root, let layer, _): try storeFile(path, root, layer)
        case .keepTemplate(let root, let path): try snapshot(root, path, Int32(BTRFS_UTIL_CREATE_SNAPSHOT_READ_ONLY))
        case .rename(let path, let to): try rename(path, to, UInt32(RENAME_NOREPLACE))
        case .exchange(let path, let other): try rename(path, other, UInt32(RENAME_EXCHANGE))
        case .deleteSubvolume(let path): try deleteSubvolume(path)
        }
        return []
    }

    private func snapshot(_ source: Path, _ path: Path, _ flags: Int32) throws(Failure) {
        let layer = try existing(source)
        let parent = try existing(path.parent)
        try checkBtrfs(
            btrfs_util_create_snapshot_fd2(layer.descriptor, parent.descriptor, cString(path.name), flags, nil, nil)
        )
    }

    private func liftLimits(_ path: Path) throws(Failure) {
        let root = try existing(path)
        try check(linux_btrfs_lift_limits(root.descriptor))
    }

    private func write(_ mark: Mark, on path: Path) throws(Failure) {
        let root = try existing(path)
        guard let subvolume = try root.subvolume() else { throw Failure("it is not a subvolume") }
        try root.setAttribute(Mark.attribute, mark.text(subvolume: subvolume))
    }

    private func copyTopLayer(_ source: Path, _ rules: LayerRules, _ destination: Path) throws(Failure) -> [String] {
        guard let layer = try topLayer.get()?.directory(at: source) else { throw Failure("it is not there") }
        return try copy(layer, to: try existing(destination), rules)
    }

    private func copyModules(_ source: Path, _ destination: Path, _ root: Directory) throws(Failure) {
        // The image's own /lib may be a link to /usr/lib, and need not have modules at all.
        if try root.directory(at: destination.parent) == nil { try root.createDirectory(destination.parent, 0o755) }
        try root.createDirectory(destination, 0o755)
        _ = try copy(existing(source), to: root.existing(destination), .none)
    }

    /// btrfs commits names and shared contents together: what is done later is never on the disk without them. That is not so
    /// for contents that were written.
    private func copy(_ layer: Directory, to destination: Directory, _ rules: LayerRules) throws(Failure) -> [String] {
        var copy = TreeCopy(from: layer, to: destination, rules)
        let notes = try copy.run()
        if copy.hasWrittenContents { try check(syncfs(topLevel.descriptor)) }
        return notes
    }

    private func storeFile(_ path: Path, _ root: Path, _ layer: Path) throws(Failure) {
        guard let filesystem = try topLayer.get() else { throw Failure("it is not there") }
        let system = try existing(root)
        try filesystem.makeWritable()
        try system.copyFile(path, to: filesystem.existing(layer))
    }

    private func replaceFile(_ path: Path, _ content: String) throws(Failure) {
        let parent = try existing(path.parent)
        let draft = cString(path.name + Array(".new".utf8))
        let flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC
        let file = linux_openat2(parent.descriptor, draft, flags, 0o600, linux_resolve_no_links)
        try check(file < 0 ? -1 : 0)
        defer { close(file) }
        let bytes = Array(content.utf8)
        try check(linux_write_all(file, bytes, bytes.count) && fsync(file) == 0 ? 0 : -1)
        try check(renameat(parent.descriptor, draft, parent.descriptor, cString(path.name)))
        try check(fsync(parent.descriptor))
    }

    private func makeRoom(_ need: Need, _ paths: [Path]) throws(Failure) {
        for path in paths {
            try deleteSubvolume(path)
            try topLevel.waitForCleaner()
            let space = try topLevel.space()
            if space.data >= need.data && space.metadata >= need.metadata { return }
        }
        throw Failure("there is still not enough", hint: "remove images or files that are not needed")
    }

    private func rename(_ path: Path, _ to: Path, _ flags: UInt32) throws(Failure) {
        let from = try existing(path.parent)
        let into = try existing(to.parent)
        try check(renameat2(from.descriptor, cString(path.name), into.descriptor, cString(to.name), flags))
    }

    private func deleteSubvolume(_ path: Path) throws(Failure) {
        // The kernel deletes a subvolume that is mounted without a word.
        if let place = try topLevel.directory(at: path)?.mountPoint() { throw Failure("it is mounted at '\(place)'") }
        let parent = try existing(path.parent)
        let recursive = Int32(BTRFS_UTIL_DELETE_SUBVOLUME_RECURSIVE)
        try checkBtrfs(btrfs_util_delete_subvolume_fd(parent.descriptor, cString(path.name), recursive))
    }

    private func existing(_ path: Path) throws(Failure) -> Directory {
        try topLevel.existing(path)
    }

    private func checkBtrfs(_ result: btrfs_util_error) throws(Failure) {
        if result != BTRFS_UTIL_OK { throw Failure(String(cString: strerror(linux_errno()))) }
    }
}

extension Directory {
    func existing(_ path: Path) throws(Failure) -> Directory {
        guard let directory = try directory(at: path) else { throw Failure("'\(show(path))' is not there") }
        return directory
    }

    /// Makes a call that takes the directory above `path` and the last name.
    fileprivate func inParent(of path: Path, _ call: (Int32, [CChar]) -> Int32) throws(Failure) {
        let parent = try existing(path.parent)
        try check(call(parent.descriptor, cString(path.name)))
    }

    func createDirectory(_ path: Path, _ permissions: UInt32) throws(Failure) {
        // The process's umask applies to mkdir, not to chmod.
        try inParent(of: path) { mkdirat($0, $1, 0o700) == 0 ? fchmodat($0, $1, permissions, 0) : -1 }
    }

    fileprivate func replacePlaceholder(_ path: Path) throws(Failure) {
        try inParent(of: path) { unlinkat($0, $1, AT_REMOVEDIR) }
        try createDirectory(path, 0o755)
    }
}
