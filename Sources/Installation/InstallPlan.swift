internal import Basics

/// What an install or uninstall changes among the files, in this order.
struct InstallPlan: Equatable {
    /// Before the initramfs is built.
    var changes: [Change] = []
    /// After that.
    var closing: [Change] = []
    /// What stays as it is, a sentence each.
    var notes: [String] = []
}

extension InstallPlan {
    /// The way from what is installed to nothing. What was changed since is left. The record goes last, so that an uninstall that
    /// is cut off can be run again. Where the initramfs is not built without it, what it was before is needed still.
    init(uninstalling record: InstallRecord, isBuilt: Bool, from tree: Directory) throws(Failure) {
        var seen: Set<Path> = []
        for entry in record.files where seen.insert(entry.path).inserted {
            if let change = try removal(of: entry.path, record, tree) { changes.append(change) }
        }
        for entry in record.kept where seen.insert(entry.path).inserted {
            guard let change = try removal(of: entry.path, record, tree) else { continue }
            if !isBuilt {
                notes.append("left '\(tree.show(entry.path))', the initramfs from before: remove it once one without docker-btrfs is built")
            } else {
                closing.append(change)
            }
        }
        closing.append(.remove(InstallRecord.path))
        for case .remove(let path) in changes + closing { try tree.checkWritable(path.parent, to: "uninstall from") }
        closing += record.directories.reversed().filter { KnownPaths.directories.contains($0) }.map { .removeDirectory($0) }
    }

    /// Removes a path if it is still as it was written.
    mutating func removal(of path: Path, _ record: InstallRecord, _ tree: Directory) throws(Failure) -> Change? {
        if !KnownPaths.files.contains(path) && !(record.files.allSatisfy { $0.path != path } && KnownPaths.isCopy(path)) {
            notes.append("left '\(tree.show(path))': docker-btrfs installs no such file")
            return nil
        }
        switch try tree.found(at: path) {
        case .nothing: return nil
        case .entry(let found) where record.holds(found): return .remove(path)
        default:
            notes.append("left '\(tree.show(path))': it is not as docker-btrfs wrote it")
            return nil
        }
    }
}
