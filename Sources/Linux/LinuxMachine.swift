public import Basics
internal import CLinux
public import Planning

/// The machine that a plan is performed on: the only type that changes a disk at boot.
public struct LinuxMachine: Machine {
    private let topLevel: Directory
    private let topLayer: Result<Directory?, Failure>
    private let store: Directory?
    private let nextLine: [UInt8]
    private let tell: (MergeCount) -> Void

    private var isWritable = false
    /// The roots that were made here, each open since then: what a step does to one it does to that one, whatever has its name.
    private var made: [(place: Place, directory: Directory)] = []
    /// What one step has to tell of the directories that it works in.
    private var loosened: [String] = []

    /// Takes the top level of the root's filesystem, mounted by `Directory.mounting`, which becomes writable with the first
    /// step; the filesystem of the top layer, which becomes so when a file is stored there; and that of the store, where it is
    /// another one. `nextLine` is the command line of a kernel that is loaded. `tell` is told at most once a second how far a merge is.
    public init(
        topLevel: Directory, topLayer: Result<Directory?, Failure>, store: Directory? = nil, nextLine: [UInt8] = [],
        tell: @escaping (MergeCount) -> Void = { _ in }
    ) {
        self.nextLine = nextLine
        self.topLevel = topLevel
        self.topLayer = topLayer
        self.store = store
        self.tell = tell
    }

    /// Performs a step, and makes the root's filesystem writable before the first one. What was in the way of a step, and was changed for it,
    /// is among what is told.
    public mutating func perform(_ step: Step) throws(Failure) -> [String] {
        if !isWritable { try topLevel.makeWritable() }
        isWritable = true
        loosened = []
        return try notes(of: step) + loosened
    }

    private mutating func notes(of step: Step) throws(Failure) -> [String] {
        switch step {
        case .createDirectory(let place, let permissions): return try createDirectory(place, permissions)
        case .snapshot(let source, let place): return try makeRoot(of: source, at: place)
        case .hold(let layer, let place): return try snapshot(layer, place, Int32(BTRFS_UTIL_CREATE_SNAPSHOT_READ_ONLY))
        case .merge(let layers, let place): return try merge(layers, place)
        case .mark(let root, let mark):
            try set(Mark.attribute, on: root) { mark.text(subvolume: $0) }
            if let layer = mark.knownLayer { try set(KnownLayer.attribute, on: root) { layer.text(root: $0) } }
        case .markGood(let root): try set(GoodMark.attribute, on: root) { GoodMark.text(subvolume: $0) }
        case .replacePlaceholder(let path, let root, let source): try existing(root).replacePlaceholder(path, like: existing(source))
        case .copyTopLayer(let layer, let rules, let root): return try copy(existing(layer), to: existing(root), rules)
        case .copyModules(let modules, let path, let root): try copyModules(modules, path, existing(root))
        case .replaceFile(let file, let content): return try replaceFile(file, content)
        case .makeRoom(let need, let wish, let leftovers, let roots): return try makeRoom(need, wish, leftovers, roots)
        case .removeFile(let path, let root): try existing(root).inParent(of: path) { unlinkat($0, $1, 0) }
        case .sync: try check(syncfs(topLevel.descriptor))
        // No top layer has it: what may be there is the image's.
        case .carryFile(let path, let root, let new): try existing(root).copyFile(path, to: existing(new), replacing: true)
        case .storeFile(let path, let root, let layer): try storeFile(path, root, layer)
        case .keepTemplate(let root, let place): return try snapshot(root, place, Int32(BTRFS_UTIL_CREATE_SNAPSHOT_READ_ONLY))
        case .rename(let place, let to): return try rename(place, to, UInt32(RENAME_NOREPLACE))
        case .exchange(let place, let other): return try rename(place, other, UInt32(RENAME_EXCHANGE))
        case .deleteSubvolume(let place): return try deleteSubvolume(place)
        case .loadKernel(let kernel, let initramfs, let tree): try loadKernel(kernel, initramfs, of: existing(tree), nextLine)
        case .startKernel: try check(startLoadedKernel())
        }
        return []
    }

    /// The top of a filesystem of the plan.
    private func top(of filesystem: Filesystem) throws(Failure) -> Directory {
        switch filesystem {
        case .root: return topLevel
        case .topLayer:
            if let top = try topLayer.get() { return top }
        case .store:
            if let store { return store }
        }
        throw Failure("it is not there")
    }

    private func existing(_ place: Place) throws(Failure) -> Directory {
        for root in made {
            if let rest = place.path(below: root.place) { return try root.directory.existing(rest) }
        }
        return try top(of: place.filesystem).existing(place.path)
    }

    /// The directory that a place is in. One of ours that somebody locked is opened up; those of a root are the image's.
    private mutating func parent(of place: Place) throws(Failure) -> Directory {
        let path = Place(place.path.parent, on: place.filesystem)
        let parent = try existing(path)
        if isOurs(path), let taken = try parent.loosen() {
            loosened.append("\(path) was \(taken), and is no more")
        }
        return parent
    }

    /// Whether only docker-btrfs has a use for that place: it is not in a root.
    private func isOurs(_ place: Place) -> Bool {
        place.isOwn && !made.contains { place.path(below: $0.place) != nil }
    }

    private mutating func createDirectory(_ place: Place, _ permissions: UInt32) throws(Failure) -> [String] {
        let parent = try parent(of: place)
        let notes = isOurs(place) ? try putAside(place) : []
        do throws(Failure) {
            try parent.createDirectory(Path.top.appending(name: place.path.name), permissions)
        } catch {
            throw parent.explaining(error)
        }
        return notes
    }

    /// What has the name already is none of what was found to be there: it is put aside.
    private mutating func snapshot(_ source: Place, _ place: Place, _ flags: Int32) throws(Failure) -> [String] {
        let layer = try existing(source)
        let parent = try parent(of: place)
        let notes = try putAside(place)
        try checkBtrfs(
            btrfs_util_create_snapshot_fd2(layer.descriptor, parent.descriptor, cString(place.path.name), flags, nil, nil)
        )
        return notes
    }

    private mutating func merge(_ layers: [Place], _ place: Place) throws(Failure) -> [String] {
        var opened: [Directory] = []
        for layer in layers { opened.append(try existing(layer)) }
        let notes = try putAside(place)
        let count = try LayerMerge(of: opened, into: parent(of: place), as: place.path.name).run(tell)
        if count.copiedBytes == 0 { return notes }
        return notes + ["\(count.copiedBytes >> 20) MiB of the image were copied, for the root cannot share them with the store"]
    }

    private mutating func makeRoot(of source: Place, at place: Place) throws(Failure) -> [String] {
        let notes = try snapshot(source, place, 0)
        let root = try parent(of: place).child(cString(place.path.name))
        // A snapshot has the flags of its source, and nothing could be written to one that is immutable.
        _ = try root.loosen()
        try check(linux_btrfs_lift_limits(root.descriptor))
        made.append((place, root))
        return notes
    }

    private mutating func putAside(_ place: Place) throws(Failure) -> [String] {
        guard let name = try parent(of: place).putAside(place.path.name) else { return [] }
        return ["\(place) was in the way, and is not what docker-btrfs makes: it is called '\(display(name))' now"]
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
        // There may be modules of others for that kernel.
        if try root.directory(at: path) == nil { try root.createDirectory(path, 0o755) }
        _ = try copy(existing(modules), to: root.existing(path), .none)
    }

    /// btrfs commits names and shared contents together: what is done later is never on the disk without them. That is not so
    /// for contents that were written.
    private func copy(_ layer: Directory, to destination: Directory, _ rules: LayerRules) throws(Failure) -> [String] {
        let copy = TreeCopy(from: layer, to: destination, rules)
        let notes = try copy.run()
        if copy.hasWrittenContents { try check(syncfs(topLevel.descriptor)) }
        return notes
    }

    private func storeFile(_ path: Path, _ root: Place, _ layer: Place) throws(Failure) {
        let system = try existing(root)
        try top(of: layer.filesystem).makeWritable()
        try system.copyFile(path, to: existing(layer), replacing: false)
    }

    private mutating func replaceFile(_ place: Place, _ content: String) throws(Failure) -> [String] {
        let parent = try parent(of: place)
        let draft = Place(place.path.parent.appending(name: Draft.name(of: place.path.name)), on: place.filesystem)
        var notes: [String] = []
        // A file there is what a boot left that was cut off.
        if unlinkat(parent.descriptor, cString(draft.path.name), 0) != 0 && linux_errno() != ENOENT { notes += try putAside(draft) }
        let flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC
        let file = linux_openat2(parent.descriptor, cString(draft.path.name), flags, 0o600, linux_resolve_no_links)
        try check(file < 0 ? -1 : 0)
        defer { close(file) }
        let bytes = Array(content.utf8)
        try check(linux_write_all(file, bytes, bytes.count) && fsync(file) == 0 ? 0 : -1)
        let rename = { renameat(parent.descriptor, cString(draft.path.name), parent.descriptor, cString(place.path.name)) }
        if rename() != 0 {
            if linux_errno() != EISDIR && linux_errno() != EPERM { throw .reason() }
            notes += try putAside(place)
            try check(rename())
        }
        try check(fsync(parent.descriptor))
        return notes
    }

    /// Tells of each root that went, and of what cannot be deleted, and goes on with the next.
    private mutating func makeRoom(
        _ need: Need, _ wish: Need, _ leftovers: [Place], _ roots: [Place]
    ) throws(Failure) -> [String] {
        var notes: [String] = []
        var free = try topLevel.space()
        var idle = 0
        for place in leftovers + roots {
            do throws(Failure) {
                notes += try deleteSubvolume(place)
            } catch {
                notes.append("could not delete \(place): \(error.message)")
                continue
            }
            try topLevel.waitForCleaner()
            let before = free
            free = try topLevel.space()
            let isRoot = roots.contains(place)
            if isRoot { notes.append("\(place) was deleted for want of room") }
            if free.covers(need + wish) { return notes }
            // Not all roots go where what fills the disk is in none of them. Two may be copies of one, and give their room together; for what
            // is only wished for one is enough.
            idle = isRoot && !free.isMuchMore(than: before) ? idle + 1 : 0
            if idle >= (free.covers(need) ? 1 : 2) { break }
        }
        if free.covers(need) { return notes }
        throw Failure((["there is still not enough"] + notes).joined(separator: "; "), hint: need.hint(free: free))
    }

    private mutating func rename(_ place: Place, _ to: Place, _ flags: UInt32) throws(Failure) -> [String] {
        try checkIsMade(place)
        let from = try parent(of: place)
        let into = try parent(of: to)
        let rename = { renameat2(from.descriptor, cString(place.path.name), into.descriptor, cString(to.path.name), flags) }
        var notes: [String] = []
        if rename() != 0 {
            // It is not the disk that is read-only, or the first step had failed.
            if linux_errno() != EPERM && linux_errno() != EROFS { throw .reason() }
            for moving in [place] + (flags == UInt32(RENAME_EXCHANGE) ? [to] : []) {
                guard let taken = try parent(of: moving).loosen(cString(moving.path.name)) else { continue }
                notes.append("\(moving) was \(taken), and is no more")
            }
            if rename() != 0 { throw into.explaining(from.explaining(.reason())) }
        }
        for index in made.indices {
            if made[index].place == place {
                made[index].place = to
            } else if made[index].place == to {
                made[index].place = place
            }
        }
        return notes
    }

    /// Fails where something else has the name of a root that was made here.
    private func checkIsMade(_ place: Place) throws(Failure) {
        guard let root = made.first(where: { $0.place == place })?.directory, let own = try root.status(of: .top) else { return }
        if try top(of: place.filesystem).status(of: place.path)?.isSameFile(as: own) == true { return }
        throw Failure("\(place) is not the root any more that was made there")
    }

    private mutating func deleteSubvolume(_ place: Place) throws(Failure) -> [String] {
        let parent = try parent(of: place)
        guard try top(of: place.filesystem).status(of: place.path)?.kind == .directory, let root = Optional(try existing(place)),
            try root.subvolume() != nil
        else { return try putAside(place) }
        // The kernel deletes a subvolume that is mounted without a word.
        if let use = try root.mountPoint() { throw Failure("it is mounted at \(use)") }
        made.removeAll { $0.place == place }
        let name = cString(place.path.name)
        let delete = { btrfs_util_delete_subvolume_fd(parent.descriptor, name, Int32(BTRFS_UTIL_DELETE_SUBVOLUME_RECURSIVE)) }
        if delete() == BTRFS_UTIL_OK { return [] }
        if linux_errno() != EPERM && linux_errno() != EROFS { throw .reason() }
        _ = try root.loosen()
        try root.loosenNested()
        try checkBtrfs(delete())
        return []
    }
}

/// As `check`, for what libbtrfsutil returns.
func checkBtrfs(_ result: btrfs_util_error) throws(Failure) {
    if result != BTRFS_UTIL_OK { throw .reason() }
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
        try inParent(of: path) { mkdirat($0, $1, 0o700) == 0 ? fchmodat($0, $1, permissions, AT_SYMLINK_NOFOLLOW) : -1 }
    }

    /// The new directory has owner, mode and attributes of the subvolume that `source` has there, if it has one: a home is still its user's.
    ///
    /// A user of a running system may have put anything there since the subvolume was found, and symlinks above it, to directories that
    /// are not his: only what is the place of a subvolume is replaced, and no symlink is followed.
    fileprivate func replacePlaceholder(_ path: Path, like source: Directory) throws(Failure) {
        let parent = try descending(path.parent)
        let name = Path.top.appending(name: path.name)
        if try parent.status(of: name)?.inode != 2 { return }
        var subvolume = try? source.descending(path)
        if try subvolume?.isSubvolume() != true { subvolume = nil }
        try check(unlinkat(parent.descriptor, name.cString, AT_REMOVEDIR))
        try parent.createDirectory(name, subvolume == nil ? 0o755 : 0o700)
        guard let subvolume else { return }
        try TargetDirectory(parent.child(name.cString), at: path, depth: 0).copyAttributes(from: subvolume, .butOurs, CopyBuffer())
    }
}

extension Step {
    /// Performs it by itself, on a filesystem of which nothing else is asked.
    package func perform(on topLevel: Directory) throws(Failure) {
        var machine = LinuxMachine(topLevel: topLevel, topLayer: .success(nil))
        try machine.carryOut(self)
    }
}
