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
        case .createDirectory(let place, let permissions): try createDirectory(place, permissions)
        case .snapshot(let source, let place):
            try snapshot(source, place, 0)
            try liftLimits(place)
        case .hold(let layer, let place): try snapshot(layer, place, Int32(BTRFS_UTIL_CREATE_SNAPSHOT_READ_ONLY))
        case .mark(let root, let mark): try set(Mark.attribute, on: root) { mark.text(subvolume: $0) }
        case .markGood(let root): try set(GoodMark.attribute, on: root) { GoodMark.text(subvolume: $0) }
        case .replacePlaceholder(let path, let root): try existing(root).replacePlaceholder(path)
        case .copyTopLayer(let layer, let rules, let root): return try copy(existing(layer), to: existing(root), rules)
        case .copyModules(let modules, let path, let root): try copyModules(modules, path, existing(root))
        case .replaceFile(let file, let content): try replaceFile(file, content)
        case .makeRoom(let need, let places): try makeRoom(need, places)
        case .removeFile(let path, let root): try existing(root).inParent(of: path) { unlinkat($0, $1, 0) }
        case .sync: try check(syncfs(topLevel.descriptor))
        case .carryFile(let path, let root, let new): try existing(root).copyFile(path, to: existing(new))
        case .storeFile(let path, let root, let layer): try storeFile(path, root, layer)
        case .keepTemplate(let root, let place): try snapshot(root, place, Int32(BTRFS_UTIL_CREATE_SNAPSHOT_READ_ONLY))
        case .rename(let place, let to): try rename(place, to, UInt32(RENAME_NOREPLACE))
        case .exchange(let place, let other): try rename(place, other, UInt32(RENAME_EXCHANGE))
        case .deleteSubvolume(let place): try deleteSubvolume(place)
        }
        return []
    }

    /// The top of a filesystem of the plan.
    private func top(of filesystem: Filesystem) throws(Failure) -> Directory {
        switch filesystem {
        case .root: return topLevel
        case .topLayer:
            guard let top = try topLayer.get() else { throw Failure("it is not there") }
            return top
        }
    }

    private func existing(_ place: Place) throws(Failure) -> Directory {
        try top(of: place.filesystem).existing(place.path)
    }

    /// The directory that a place is in.
    private func parent(of place: Place) throws(Failure) -> Directory {
        try top(of: place.filesystem).existing(place.path.parent)
    }

    private func createDirectory(_ place: Place, _ permissions: UInt32) throws(Failure) {
        try top(of: place.filesystem).createDirectory(place.path, permissions)
    }

    private func snapshot(_ source: Place, _ place: Place, _ flags: Int32) throws(Failure) {
        let layer = try existing(source)
        let parent = try parent(of: place)
        try checkBtrfs(
            btrfs_util_create_snapshot_fd2(layer.descriptor, parent.descriptor, cString(place.path.name), flags, nil, nil)
        )
    }

    private func liftLimits(_ place: Place) throws(Failure) {
        let root = try existing(place)
        try check(linux_btrfs_lift_limits(root.descriptor))
    }

    /// Sets an attribute that names the subvolume which it is set on.
    private func set(_ attribute: String, on place: Place, _ text: (Subvolume) -> String) throws(Failure) {
        let root = try existing(place)
        guard let subvolume = try root.subvolume() else { throw Failure("it is not a subvolume") }
        try root.setAttribute(attribute, text(subvolume))
    }

    private func copyModules(_ modules: Place, _ path: Path, _ root: Directory) throws(Failure) {
        // The image's own /lib may be a link to /usr/lib, and need not have modules at all.
        if try root.directory(at: path.parent) == nil { try root.createDirectory(path.parent, 0o755) }
        try root.createDirectory(path, 0o755)
        _ = try copy(existing(modules), to: root.existing(path), .none)
    }

    /// btrfs commits names and shared contents together: what is done later is never on the disk without them. That is not so
    /// for contents that were written.
    private func copy(_ layer: Directory, to destination: Directory, _ rules: LayerRules) throws(Failure) -> [String] {
        var copy = TreeCopy(from: layer, to: destination, rules)
        let notes = try copy.run()
        if copy.hasWrittenContents { try check(syncfs(topLevel.descriptor)) }
        return notes
    }

    private func storeFile(_ path: Path, _ root: Place, _ layer: Place) throws(Failure) {
        let system = try existing(root)
        try top(of: layer.filesystem).makeWritable()
        try system.copyFile(path, to: existing(layer))
    }

    private func replaceFile(_ place: Place, _ content: String) throws(Failure) {
        let parent = try parent(of: place)
        let draft = cString(place.path.name + Array(".new".utf8))
        let flags = O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC
        let file = linux_openat2(parent.descriptor, draft, flags, 0o600, linux_resolve_no_links)
        try check(file < 0 ? -1 : 0)
        defer { close(file) }
        let bytes = Array(content.utf8)
        try check(linux_write_all(file, bytes, bytes.count) && fsync(file) == 0 ? 0 : -1)
        try check(renameat(parent.descriptor, draft, parent.descriptor, cString(place.path.name)))
        try check(fsync(parent.descriptor))
    }

    private func makeRoom(_ need: Need, _ places: [Place]) throws(Failure) {
        for place in places {
            try deleteSubvolume(place)
            try topLevel.waitForCleaner()
            let space = try topLevel.space()
            if space.data >= need.data && space.metadata >= need.metadata { return }
        }
        throw Failure("there is still not enough", hint: "remove images or files that are not needed")
    }

    private func rename(_ place: Place, _ to: Place, _ flags: UInt32) throws(Failure) {
        let from = try parent(of: place)
        let into = try parent(of: to)
        try check(renameat2(from.descriptor, cString(place.path.name), into.descriptor, cString(to.path.name), flags))
    }

    private func deleteSubvolume(_ place: Place) throws(Failure) {
        // The kernel deletes a subvolume that is mounted without a word.
        if let mountPoint = try top(of: place.filesystem).directory(at: place.path)?.mountPoint() {
            throw Failure("it is mounted at '\(mountPoint)'")
        }
        let parent = try parent(of: place)
        let recursive = Int32(BTRFS_UTIL_DELETE_SUBVOLUME_RECURSIVE)
        try checkBtrfs(btrfs_util_delete_subvolume_fd(parent.descriptor, cString(place.path.name), recursive))
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
