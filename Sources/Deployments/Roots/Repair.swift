public import Basics
internal import Boot
internal import Files
internal import Linux

/// What a root lost of what it was made as, and how that comes back: shared with the image, with all attributes.
public struct Repair {
    let site: Site
    let root: ListedRoot
    let base: RootBase
    /// Each directory before what is in it.
    let paths: [Path]
    /// What is to be known.
    public private(set) var notes: [String]

    public var lines: [String] { paths.map { "put back '\($0)'" } }

    public var outcome: String {
        paths.isEmpty
            ? "\(root.title) lost nothing"
            : "\(root.title) has \(counted(paths.count, "path")) again as \(paths.count == 1 ? "it was" : "they were") made"
    }

    /// All of it is on the disk when this is done. What was done before a failure stays, and the rest is found again.
    func perform(say: (String) -> Void) throws(Failure) {
        if paths.isEmpty { return }
        try site.topLevel.makeWritableHere()
        guard let tree = try site.topLevel.directory(at: root.root.path) else {
            throw Failure("could not repair \(root.title): it is gone")
        }
        var writer = LayerWriter(from: base.tree, into: tree)
        var locked: [(path: Path, flags: Int32)] = []
        var failure: Failure?
        do throws(Failure) { try putBack(by: &writer, &locked, say) } catch { failure = error }
        for (path, flags) in locked {
            do throws(Failure) { try writer.lock(path, flags) } catch {
                failure = failure ?? Failure("could not lock '\(path)' again: \(error.message)")
            }
        }
        if let failure { throw failure }
        try tree.sync()
    }

    /// `locked` gets the directories that could not be changed before, and their flags.
    private func putBack(
        by writer: inout LayerWriter, _ locked: inout [(path: Path, flags: Int32)], _ say: (String) -> Void
    ) throws(Failure) {
        for (path, line) in zip(paths, lines) {
            say(line)
            do throws(Failure) {
                if !path.isTop, let flags = try writer.unlock(path) { locked.append((path.parent, flags)) }
                try writer.take(path)
            } catch { throw Failure("could not \(line): \(error.message)", hint: error.hint) }
        }
        // What was put into them changed their times.
        for path in paths.reversed() where try base.tree.status(of: path)?.kind == .directory {
            do throws(Failure) { try writer.restoreTimes(of: path) } catch {
                throw Failure("could not set the times of '\(path)': \(error.message)")
            }
        }
    }
}

extension Site {
    /// Puts back what a root or a project lost: at these paths and below them all that is not as it was made; without any, in all of it what
    /// was deleted, and with `changed` also what is another one now. What was added stays.
    public func repair(
        _ name: String, at paths: [String], changed: Bool, dryRun: Bool, _ say: (String) -> Void
    ) throws(Failure) -> (outcome: String, notes: [String]) {
        let root = try root(called: name)
        return try withBase(of: root) { base throws(Failure) in
            guard let tree = try topLevel.directory(at: root.root.path) else { throw Failure("could not repair \(root.title): it is gone") }
            var changes = try changes(of: root, tree, from: base).changes
            // What is to be at a path counts, not where the file went that was there: something else may have its name now, and what was
            // changed in a directory that was renamed has no path to be put back to.
            if changes.contains(where: { $0.kind == .renamed }) {
                changes = try self.changes(of: root, tree, from: base, byNumber: false).changes
            }
            let repair = try Repair(site: self, root: root, base: base, tree, changes, at: paths, changed: changed)
            if dryRun { repair.lines.forEach(say) } else { try repair.perform(say: say) }
            return (dryRun && !repair.paths.isEmpty ? "" : repair.outcome, repair.notes)
        }
    }
}

extension Repair {
    init(
        site: Site, root: ListedRoot, base: RootBase, _ tree: Directory, _ changes: [RootChange], at texts: [String], changed: Bool
    ) throws(Failure) {
        self.site = site
        self.root = root
        self.base = base
        var asked: [Path] = []
        for text in texts {
            guard text.utf8.first == UInt8(ascii: "/"), let path = Path(text) else {
                throw Failure("could not repair '\(text)': it is no path from the root's top", hint: "docker-btrfs diff shows them")
            }
            asked.append(try base.tree.pathWithoutLinks(path))
        }
        let (all, others) = try Self.lost(changes, asked, changed: changed, in: base.tree)
        if all.isEmpty { try Self.checkAsked(asked, changes, in: base.tree) }
        // Nothing is put into what came into a directory's place and stays.
        let blocks = others.filter { $0.aspects.contains(.type) }.map(\.path)
        let lost = all.filter { path in !blocks.contains { path.isBelow($0) } }
        var known: Set<Path> = []
        paths = lost.filter { known.insert($0).inserted }.sortedByBytes { $0.bytes }
        try Self.check(paths, in: base.tree, beside: tree)
        let shown = others.prefix(5).map { "'\($0.path)'" }.joined(separator: ", ")
        notes = base.notes
        if others.isEmpty { return }
        let what = others.count == 1 ? "one path was changed and stays so" : "\(others.count) paths were changed and stay so"
        notes.append("\(what): \(shown)\(others.count > 5 ? ", …" : ""); --changed, or a path, puts back what was changed too")
    }

    /// What comes back of the base, and what was changed and is left as it is.
    private static func lost(
        _ changes: [RootChange], _ asked: [Path], changed: Bool, in base: Directory
    ) throws(Failure) -> (lost: [Path], others: [RootChange]) {
        func isAsked(_ path: Path) -> Bool { asked.isEmpty || asked.contains { path.isWithin($0) } }
        var lost: [Path] = []
        var others: [RootChange] = []
        for change in changes {
            switch change.kind {
            case .added, .renamed: break
            case .deleted:
                // What was asked for may be in a directory that went as a whole: that is made again for it.
                let parts = isAsked(change.path) ? [change.path] : asked.filter { $0.isBelow(change.path) }
                for path in parts { try add(path, in: base, to: &lost) }
            case .changed:
                // What was above it became another kind of file.
                let isWhole = change.aspects.contains(.type)
                if !isAsked(change.path) { continue }
                if asked.isEmpty && (!changed || change.isRoutine) {
                    if !change.isRoutine { others.append(change) }
                } else if isWhole {
                    try add(change.path, in: base, to: &lost)
                } else {
                    lost.append(change.path)
                }
            }
        }
        return (lost, others)
    }

    /// Fails where somebody asked for a path of which nothing comes back.
    private static func checkAsked(_ asked: [Path], _ changes: [RootChange], in base: Directory) throws(Failure) {
        guard let path = asked.first else { return }
        let above = changes.first { $0.aspects.contains(.type) && path.isBelow($0.path) }
        if let above, try base.status(of: path) != nil {
            throw Failure("could not repair '\(path)': '\(above.path)' is no directory any more", hint: "repair that")
        }
        throw Failure("could not repair '\(path)': nothing of it was lost or changed", hint: "docker-btrfs diff shows what was")
    }

    /// Fails where something would go that was added.
    private static func check(_ paths: [Path], in base: Directory, beside tree: Directory) throws(Failure) {
        // No directory that came into the place of something else goes with what was added to it.
        for path in paths where try base.status(of: path)?.kind != .directory {
            guard let standing = try? tree.directory(withoutLinks: path), let inside = try standing.names().first else { continue }
            throw Failure(
                "could not repair '\(path)': a directory is there now, with '\(display(inside))' in it", hint: "move it away before")
        }
    }

    /// A path of the base and all below it.
    private static func add(_ path: Path, in base: Directory, to paths: inout [Path]) throws(Failure) {
        guard let status = try base.status(of: path) else { return }
        paths.append(path)
        // What is nested there is a subvolume of its own.
        guard status.kind == .directory, try base.status(of: .top)?.device == status.device else { return }
        for name in try base.directory(withoutLinks: path).names() { try add(path.appending(name: name), in: base, to: &paths) }
    }
}
