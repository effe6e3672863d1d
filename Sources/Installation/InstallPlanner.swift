internal import Basics

extension InstallPlan {
    /// The way from what a system has to `framework`'s files. Fails, with everything that is in the way, before anything is
    /// changed: a file that docker-btrfs did not write is never replaced.
    /// Returns what the system has afterwards too.
    static func installing(
        _ framework: InitramfsTool, program: [UInt8], into tree: Directory
    ) throws(Failure) -> (InstallPlan, InstallRecord) {
        var planner = InstallPlanner(framework, tree: tree, old: try tree.record())
        return try planner.plan(framework.files(program: program))
    }
}

private struct InstallPlanner {
    private let tree: Directory
    private let old: InstallRecord?
    private var new: InstallRecord
    private var plan = InstallPlan()
    private var refused: [String] = []
    private var made: [Path] = []

    init(_ framework: InitramfsTool, tree: Directory, old: InstallRecord?) {
        self.tree = tree
        self.old = old
        new = InstallRecord(framework)
        new.directories = old?.directories ?? []
        new.kept = old?.kept ?? []
    }

    mutating func plan(_ files: [InstalledFile]) throws(Failure) -> (InstallPlan, InstallRecord) {
        try makeDirectories(to: InstallRecord.path.parent)
        let first = plan.changes.count
        for file in files { try place(file) }
        try removeOthers(than: Set(files.map(\.path)))
        if !refused.isEmpty {
            throw Failure("could not install: \(refused.joined(separator: ", "))", hint: "move it away and run this again")
        }
        new.directories += made.filter { !new.directories.contains($0) }
        if new == old { return (plan, new) }
        // Before the files, so that an install that is cut off can be undone; then without what was replaced.
        let between = old?.merged(with: new) ?? new
        plan.changes.insert(.record(between), at: first)
        if between != new { plan.changes.append(.record(new)) }
        return (plan, new)
    }

    private mutating func place(_ file: InstalledFile) throws(Failure) {
        let entry = InstallRecord.Entry(file)
        switch try tree.found(at: file.path) {
        case .nothing:
            try makeDirectories(to: file.path.parent)
            try checkWritable(file.path.parent)
            plan.changes.append(.write(file))
            new.files.append(entry)
        case .entry(entry):
            // The same by another hand, as a package's, stays that one's.
            if old?.holds(entry) == true { new.files.append(entry) }
        case .entry(let found) where old?.holds(found) == true:
            try checkWritable(file.path.parent)
            plan.changes.append(.replace(file, mode: try tree.status(of: file.path)?.permissions ?? 0))
            new.files.append(entry)
        case .entry, .other:
            refused.append("'\(tree.show(file.path))' \(reason(file.path))")
        }
    }

    private func reason(_ path: Path) -> String {
        let ours = old?.files.contains { $0.path == path } == true
        return ours ? "was changed since docker-btrfs wrote it" : "is there and is not from docker-btrfs"
    }

    private mutating func makeDirectories(to path: Path) throws(Failure) {
        if made.contains(path) { return }
        if try tree.directory(at: path) != nil { return }
        if try tree.status(of: path) != nil {
            return refused.append("'\(tree.show(path))' is a link that leads to nothing in '\(tree.show(.top))'")
        }
        try makeDirectories(to: path.parent)
        plan.changes.append(.makeDirectory(path))
        made.append(path)
    }

    /// Before anything is written anywhere else.
    private func checkWritable(_ path: Path) throws(Failure) { try tree.checkWritable(path, to: "install into") }

    /// What an older version or another framework had.
    private mutating func removeOthers(than wanted: Set<Path>) throws(Failure) {
        guard let old else { return }
        for path in Set(old.files.map(\.path)).subtracting(wanted).sorted(by: { $0.description < $1.description }) {
            guard let change = try plan.removal(of: path, old, tree) else { continue }
            try checkWritable(path.parent)
            plan.changes.append(change)
        }
        let needed = Set(wanted.union([InstallRecord.path]).flatMap(\.above))
        new.directories.removeAll { !needed.contains($0) }
        let unneeded = old.directories.reversed().filter { !needed.contains($0) && KnownPaths.directories.contains($0) }
        plan.changes += unneeded.map { .removeDirectory($0) }
    }
}
