public import Basics
internal import Boot
internal import BootRun
internal import CLinux
internal import Planning

/// Roots that have names, and are entered and not booted: `docker-btrfs enter --project work`. Each has what it needs of its own, and shares
/// all else with its image.
extension Site {
    /// All of them, by their names, and what is wrong with any.
    public func projects() throws(Failure) -> (projects: [ListedRoot], faults: [String]) {
        var projects: [ListedRoot] = []
        var faults: [String] = []
        for entry in try topLevel.directory(at: Layout.allRoots)?.names() ?? [] {
            guard let name = Layout.name(ofRootsIn: entry), name.parent == Layout.projects else { continue }
            let (found, own) = Facts.roots(of: name, on: topLevel)
            faults += own
            guard var root = found.last else {
                let others = try remains(of: name)
                let isThere = try hasRecord(of: name)
                if isThere || !others.isEmpty {
                    faults.append(
                        """
                        the project '\(display(name.name))' is not whole: it is being made, a run that was killed left it, or it lost its mark; \
                        root rm removes it
                        """)
                }
                continue
            }
            var mark: Mark?
            do throws(Failure) { mark = try Mark.recorded(ofProjectAt: root.path, on: topLevel) } catch { faults.append(error.message) }
            if let mark { root.mark = mark }
            projects.append(
                ListedRoot(
                    root: root, number: root.mark.number, isBooted: false, project: display(name.name), hasRecord: mark != nil))
        }
        return (projects, faults)
    }

    /// The one of that name; nil where there is none. Fails on what is no name.
    public func project(_ name: String) throws(Failure) -> ListedRoot? {
        try Self.checkName(name)
        return try projects().projects.first { $0.project == name }
    }

    /// Fails where a new project cannot be called so, because a root that was kept is.
    public func checkIsFree(project name: String) throws(Failure) {
        if try !namedRoots().contains(where: { $0.name == name }) { return }
        throw Failure("could not make a project '\(name)': a kept root has that name", hint: "choose another name")
    }

    /// Numbers are those of roots.
    private static func checkName(_ name: String) throws(Failure) {
        if isName(name) { return }
        throw Failure("could not use '\(name)' as a project's name", hint: "letters, digits, '-', '.' and '_', a letter first, 64 at most")
    }

    private static func isName(_ name: String) -> Bool {
        let isName = name.utf8.allSatisfy { isAlphanumeric($0) || "-._".utf8.contains($0) }
        guard isName, let first = name.utf8.first else { return false }
        return isAlphanumeric(first) && !isDigit(first) && name.utf8.count <= 64
    }

    /// A root by its number, a project by its name; without either as `chosenRoot`.
    func root(called name: String?) throws(Failure) -> ListedRoot {
        guard let name else { return try chosenRoot(nil) }
        if let number = Int(name) { return try root(number) }
        if let project = try project(name) { return project }
        if let kept = try namedRoots().first(where: { $0.name == name }) {
            throw Failure(
                "could not take '\(name)': it is a root that is kept under a name, which is a system of its own",
                hint: "roots are taken by their numbers, and projects: it is a copy of root \(kept.number)")
        }
        let names = try projects().projects.compactMap { $0.project }.map { "'\($0)'" }
        throw Failure("could not find the project '\(name)'", hint: names.isEmpty ? "there is none yet" : there(names))
    }

    /// Where the root is that a name or a number stands for, and what is left out of a copy of it.
    package func placeOfRoot(called name: String) throws(Failure) -> (place: Path, notes: [String]) {
        let one = try root(called: name)
        return (one.root.path, one.root.nested.map { "'\($0)' is a subvolume of its own, and is left out" })
    }

    /// Whether what a project was made of is written down. A run that was cut off, or an earlier version, may have removed the root alone.
    private func hasRecord(of name: Path) throws(Failure) -> Bool {
        try topLevel.status(of: Layout.record(ofProjectAt: Layout.kept(name, 1))) != nil
    }

    /// What there is of a project without a root: drafts, and a subvolume in the root's place without a mark.
    private func remains(of name: Path) throws(Failure) -> [Path] {
        let drafts = try RootArchiveFile.drafts(in: Layout.roots(of: name), topLevel)
        let place = Layout.kept(name, 1)
        return try topLevel.directory(at: place)?.subvolume() != nil ? drafts + [place] : drafts
    }

    /// The way to delete projects, with what was done in them, and what a run left of one that was killed before it was whole.
    public func removing(projects names: [String]) throws(Failure) -> DeploymentPlan {
        var changes: [DeploymentChange] = []
        var outcome: [String] = []
        var locks: [Directory] = []
        var seen: Set<String> = []
        for name in names where seen.insert(name).inserted {
            // Who names one to be removed did not say which of both it is.
            let one = try projects().projects.first { $0.project == name }
            let path = Layout.roots(of: Layout.project(name))
            let drafts =
                if !Self.isName(name) { [] as [Path] } else if one == nil { try remains(of: Layout.project(name)) } else {
                    try RootArchiveFile.drafts(in: path, topLevel)
                }
            let isWritten = Self.isName(name) ? try hasRecord(of: Layout.project(name)) : false
            guard one != nil || isWritten || !drafts.isEmpty, let folder = try topLevel.directory(at: path) else {
                throw Failure("could not find a root or a project '\(name)'", hint: "docker-btrfs root ls shows which there are")
            }
            // Who is in it, or makes it, has that locked.
            if linux_flock(folder.descriptor, LOCK_EX | LOCK_NB) != 0 {
                throw Failure(
                    "could not remove project '\(name)': somebody \(one == nil ? "makes it" : "is in it")", hint: "end what runs there")
            }
            locks.append(folder)
            if let one { changes.append(.step(.deleteSubvolume(Place(one.root.path)))) }
            changes += try RootArchiveFile.removing(drafts, of: Layout.project(name), topLevel)
            outcome.append(one == nil ? "removed what there was of project '\(name)'" : "removed project '\(name)'")
        }
        return DeploymentPlan(site: self, changes: changes + [.sync(topLevel)], outcome: outcome, notes: [], locks: locks)
    }
}
