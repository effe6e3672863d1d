internal import Basics
internal import Files

extension Directory {
    /// Makes changes one after the other. Returns what takes them back, in that order. If one fails, those before it are taken
    /// back.
    func perform(_ changes: [Change]) throws(Failure) -> [Change] {
        var undoing: [Change] = []
        do throws(Failure) {
            for change in changes {
                if let inverse = try inverse(of: change) { undoing.insert(inverse, at: 0) }
                try perform(change)
            }
        } catch {
            throw undo(undoing, after: error)
        }
        return undoing
    }

    /// Takes changes back as far as it can. Returns the failure that made it necessary, with what came of it.
    func undo(_ undoing: [Change], after failure: Failure) -> Failure {
        if undoing.isEmpty { return failure }
        var problems: [String] = []
        for change in undoing {
            do throws(Failure) {
                if try isDone(change) { continue }
                try perform(change)
            } catch {
                problems.append(error.message)
            }
        }
        let state = problems.isEmpty ? "all other files are as before" : "not all files are as before: \(problems.joined(separator: ", "))"
        return Failure("\(failure.message); \(state)", hint: failure.hint)
    }

    /// A directory that was not empty is still there, what could not be made is not, and what could not be changed is as before.
    private func isDone(_ change: Change) throws(Failure) -> Bool {
        switch change {
        case .makeDirectory(let path): try status(of: path) != nil
        case .remove(let path), .removeDirectory(let path): try status(of: path) == nil
        case .write(let file): try isThere(file)
        case .replace, .record: false
        }
    }

    private func isThere(_ file: InstalledFile) throws(Failure) -> Bool {
        guard try found(at: file.path) == .entry(InstallRecord.Entry(file)) else { return false }
        guard case .file(_, let mode) = file.content else { return true }
        return try status(of: file.path)?.permissions == mode
    }

    /// What takes a change back that is not made yet.
    private func inverse(of change: Change) throws(Failure) -> Change? {
        switch change {
        case .makeDirectory(let path): .removeDirectory(path)
        case .removeDirectory(let path): try status(of: path)?.kind == .directory ? .makeDirectory(path) : nil
        case .write(let file), .replace(let file, _): try restoration(of: file.path)
        case .record: try restoration(of: InstallRecord.path)
        case .remove(let path): try restoration(of: path)
        }
    }

    private func restoration(of path: Path) throws(Failure) -> Change? {
        guard let status = try status(of: path) else { return .remove(path) }
        switch status.kind {
        case .file: return .write(InstalledFile(path, .file(try contents(of: path) ?? [], mode: status.permissions)))
        case .symlink: return .write(InstalledFile(path, .link(to: try linkTarget(of: path))))
        case .directory, .other: return nil
        }
    }
}
