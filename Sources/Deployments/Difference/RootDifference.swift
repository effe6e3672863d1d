public import Basics
internal import Boot
internal import Files
internal import Planning

/// What was changed in a root since it was made, which a new root will not have.
public struct RootDifference {
    public let root: ListedRoot
    /// By their paths.
    public let changes: [RootChange]
    /// What is to be known.
    public let notes: [String]
    /// What the top layers were given after the root was made, and the root lacks.
    let later: [(layer: Path, path: Path)]
    /// As `TreeDifference` counts it.
    let nameless: [Path: Int]
    /// When what the root has of the layers was laid over it, in seconds since 1970.
    let laid: Int
    /// The root's fstab when it was made; nil where nobody knows it any more.
    let table: [UInt8]?
}

extension Site {
    /// Compares a root with what it was made as, as `chosenRoot` chooses it.
    func difference(ofRoot number: Int?, beside remedy: String) throws(Failure) -> RootDifference {
        try difference(of: chosenRoot(number, beside: remedy)) { (_, _) throws(Failure) in () }.difference
    }

    /// Compares a root, or a project, by its name; without one, a root as `chosenRoot` chooses it.
    public func difference(ofRootCalled name: String?) throws(Failure) -> RootDifference {
        try difference(of: root(called: name)) { (_, _) throws(Failure) in () }.difference
    }

    /// The same with what `look` finds in the root and in what it was made as.
    func difference<Found>(
        ofRoot number: Int?, _ look: (_ root: Directory, _ base: Directory) throws(Failure) -> Found
    ) throws(Failure) -> (difference: RootDifference, found: Found) {
        try difference(of: chosenRoot(number), look)
    }

    private func difference<Found>(
        of root: ListedRoot, _ look: (_ root: Directory, _ base: Directory) throws(Failure) -> Found
    ) throws(Failure) -> (difference: RootDifference, found: Found) {
        try withBase(of: root) { base throws(Failure) in
            guard let tree = try topLevel.directory(at: root.root.path) else {
                throw Failure("could not compare \(root.title): it is not there any more")
            }
            let (all, later, nameless) = try changes(of: root, tree, from: base)
            let hidden = nameless.values.reduce(0, +)
            let nested = root.root.nested.map { "'\($0)' is a subvolume of its own: what is in it was not looked at" }
            let table: [UInt8]? = if base.isOfLayersNow { nil } else { try base.tree.contents(of: FilesystemTable.path) ?? [] }
            var changes = all
            if let given = try? MountsFile(parsing: table ?? base.tree.contents(of: FilesystemTable.path) ?? []) {
                changes.tellMountPoints(of: given, in: tree)
            }
            let found = RootDifference(
                root: root, changes: changes, notes: base.notes + nested + (hidden > 0 ? [Path.leftOut(hidden)] : []), later: later,
                nameless: nameless, laid: base.made, table: table)
            return (found, try look(tree, base.tree))
        }
    }

    /// What was changed in a root, and apart from that what its top layers have now that was never in it.
    func changes(
        of root: ListedRoot, _ tree: Directory, from base: RootBase, byNumber: Bool = true
    ) throws(Failure) -> (changes: [RootChange], later: [(layer: Path, path: Path)], nameless: [Path: Int]) {
        var (changes, later): ([RootChange], [(layer: Path, path: Path)]) = ([], [])
        let difference = try TreeDifference(of: tree, from: base, byNumber: byNumber)
        for change in difference.changes {
            if base.isOfLayersNow, change.kind == .deleted, let layer = try layerWithNewer(change.path, of: root, than: base.made) {
                later.append((layer, change.path))
            } else {
                changes.append(change)
            }
        }
        return (changes, later, difference.nameless)
    }

    /// The top layer that has a path, where nothing of that is as old as `time`, in seconds since 1970.
    private func layerWithNewer(_ path: Path, of root: ListedRoot, than time: Int) throws(Failure) -> Path? {
        for layer in root.root.mark.origin.topLayers.reversed() {
            guard let folder = try topLevel.directory(at: layer), try folder.status(of: path) != nil else { continue }
            return try folder.hasOlder(path, than: time) ? nil : layer
        }
        return nil
    }

    /// The root of that number; else the one that the system runs on. In a system that is none of ours, a person may mean that one: only on
    /// a btrfs that he names is it the machine's root then. `remedy` is what he may want there instead.
    func chosenRoot(_ number: Int?, beside remedy: String = "") throws(Failure) -> ListedRoot {
        if let number { return try root(number) }
        if let named = try namedRoots().first(where: \.isBooted) {
            throw Failure(
                "could not choose a root: the system runs on '\(named.name)', which was kept under that name and stays as it is",
                hint: "name one of those that 'docker-btrfs root ls' shows by its number")
        }
        let all = try roots().roots
        if let root = all.last(where: { $0.isBooted }) { return root }
        guard let root = all.last(where: { $0.root.path == settings.root }) else {
            throw Failure("could not find the machine's root '\(settings.root)'", hint: "a boot makes it")
        }
        if filesystem.isMounted { return root }
        let numbers = there(all.map { "\($0.number)" }, "root")
        throw Failure(
            "could not choose a root: the system that runs is none of '\(settings.root)'",
            hint: "name one by its number: \(numbers)\(remedy.isEmpty ? "" : "; \(remedy)")")
    }
}

extension Status {
    /// Whether something of it was changed after a time in seconds since 1970.
    func isNewer(than time: Int) -> Bool { changed / 1_000_000_000 > time }
}

extension Directory {
    /// A path as `diff` has it: without the symlinks on its way, but with one at its end.
    func pathWithoutLinks(_ path: Path) throws(Failure) -> Path {
        path.isTop ? path : (try resolved(path.parent) ?? path.parent).appending(name: path.name)
    }

    /// Whether a file was there by then, or of a directory one in it. A directory itself is changed by each file that comes.
    fileprivate func hasOlder(_ path: Path, than time: Int) throws(Failure) -> Bool {
        guard let standing = try status(of: path) else { return false }
        if standing.kind != .directory { return !standing.isNewer(than: time) }
        let names = try directory(withoutLinks: path).names()
        for name in names {
            if try hasOlder(path.appending(name: name), than: time) { return true }
        }
        return names.isEmpty && !standing.isNewer(than: time)
    }
}
