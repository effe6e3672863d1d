public import Basics
internal import Boot
internal import BootEntries
internal import Planning

extension Site {
    /// The way to remove some deployments. The images stay in Docker. A name that several have is refused: one of them may be the only way
    /// back.
    public func removing(_ names: [String]) throws(Failure) -> DeploymentPlan {
        let (all, damaged) = try Deployment.all(on: topLevel)
        let (next, once) = (try next(among: all), try nextOnce(among: all))
        var (leaving, unreadable): ([Deployment], [Path]) = ([], [])
        for name in names {
            if let path = try damagedRecord(name, among: damaged, beside: all) {
                if try damagedNext() == path {
                    throw Failure(
                        "could not remove '\(path)', which is damaged: its image is what the machine boots next", hint: Self.afterDamage)
                }
                if !unreadable.contains(path) { unreadable.append(path) }
                continue
            }
            let named = try deployments(name, among: all)
            let one = named[0]
            if named.count > 1 {
                let ids = named.map { $0 == next ? "\($0.shortID) (next)" : $0.shortID }.joined(separator: ", ")
                throw Failure(
                    "could not choose a deployment: \(named.count) are called '\(one.reference)'", hint: "name it by its id: \(ids)")
            }
            if one == next || one == all.first {
                throw Failure(
                    "could not remove \(one.title): it is what the machine \(one == next ? "boots" : "is to boot") next",
                    hint: "roll back or deploy another image first")
            }
            if one == once {
                throw Failure(
                    "could not remove \(one.title): it is what the machine boots next, once",
                    hint: "roll back or deploy another image first, without --once")
            }
            if !leaving.contains(one) { leaving.append(one) }
        }
        return try plan(removing: leaving, and: unreadable, of: all, beside: damaged)
    }

    /// The way to remove all that is neither booted, nor next, nor the way back, but for the newest `count`.
    /// With a name, of those of that name alone. What commands that were cut off left half made goes in any case.
    public func pruning(keeping count: Int, named name: String? = nil) throws(Failure) -> DeploymentPlan {
        let (all, damaged) = try Deployment.all(on: topLevel)
        let wanted = try name.map { name throws(Failure) in try ImageReference(name).description }
        var leaving = try dispensable(among: all, keeping: 0)
        if let wanted { leaving = leaving.filter { $0.reference.description == wanted } }
        var plan = try plan(removing: Array(leaving.dropFirst(count)), of: all, beside: damaged)
        let drafts = try removingDrafts()
        if !drafts.isEmpty && leaving.count <= count {
            plan.outcome = ["removed what commands that were cut off left"] + (plan.changes.isEmpty ? [] : plan.outcome)
        }
        plan.changes = drafts + plan.changes
        // Another boot loader may start them still.
        let left = try former.map { former throws(Failure) in try unused(in: former).map { "'\(former.tree.show($0))'" } } ?? []
        if !left.isEmpty {
            plan.notes.append(
                "\(left.joined(separator: ", ")) are left from where kernels lay before: remove them when nothing starts by them any more")
        }
        return plan
    }

    private static let afterDamage = "deploy that image again, or another one first"

    func dispensable(among all: [Deployment], keeping count: Int) throws(Failure) -> [Deployment] {
        let booted = try BootedRoot.current()?.mark.origin.imageID
        var needed = Set(all.prefix(1).map(\.imageID))
        if let next = try next(among: all) { needed.insert(next.imageID) }
        // Where none can be booted now, one may be again: by setup, or when it is deployed.
        if let back = try wayBack(from: all.first, among: all.dropFirst()) ?? all.dropFirst().first { needed.insert(back.imageID) }
        if let once = try nextOnce(among: all) { needed.insert(once.imageID) }
        return Array(all.filter { !needed.contains($0.imageID) && $0.imageID != booted }.dropFirst(count))
    }

    private func plan(
        removing leaving: [Deployment], and unreadable: [Path] = [], of all: [Deployment], beside damaged: [Path]
    ) throws(Failure) -> DeploymentPlan {
        if let path = try damagedNext() {
            throw Failure(
                "could not write the boot menu without '\(path)', which is damaged: its image is what the machine boots next",
                hint: Self.afterDamage)
        }
        let staying = all.filter { !leaving.contains($0) }
        // No entry ever names a kernel that is not there.
        var changes = try self.changes(toMenuOf: staying)
        if !changes.isEmpty, let loader { changes.append(.sync(loader.directory)) }
        var records = leaving.map { Deployment.path(of: $0.imageID) } + unreadable
        records += try failedMarks(without: records)
        // Of roots that somebody deleted.
        records += try namedLeftovers().map { NamedRoot.place(of: $0) }
        changes += records.map { .step(.removeFile($0, of: Place(.top))) }
        changes += try noting(left: [], wanted: leaving)
        if !records.isEmpty { changes.append(.sync(topLevel)) }
        let unused = try unusedFiles(by: staying)
        changes += removing(unused)
        var lines: [String] = []
        for one in leaving {
            let freed = damaged.isEmpty ? try size(ofFilesOnlyIn: [one], among: all) : 0
            lines.append("removed \(one.title), which frees \(megabytes(freed)); its layer goes with the next boot")
        }
        lines += unreadable.map { "removed '\($0)', which was damaged; 'docker-btrfs prune' removes its kernel" }
        if lines.isEmpty && !unused.isEmpty {
            lines.append("removed what no deployment needs: " + unused.map { "'\(kernels.tree.show($0))'" }.joined(separator: ", "))
        }
        if lines.isEmpty && !changes.isEmpty { lines.append("no deployment is to be removed") }
        let ofPerson =
            loader == nil && !unused.isEmpty ? ["entries that you wrote for another boot loader may name kernels that are gone"] : []
        return DeploymentPlan(
            site: self, changes: changes, outcome: lines.isEmpty ? ["nothing is to be removed"] : lines,
            notes: ofPerson + damaged.filter { !unreadable.contains($0) }.map { Self.keepsKernels($0) })
    }

    /// What a record that cannot be read means for kernels.
    static func keepsKernels(_ damaged: Path) -> String {
        "no kernel is removed while '\(damaged)' is damaged: deploy its image again, or 'docker-btrfs rm \(display(damaged.name.prefix(12)))'"
    }

    /// A filesystem without a journal is whole again at the end: nobody looks at it when the machine goes off a moment later.
    func removing(_ unused: [Path], from folder: KernelFolder? = nil) -> [DeploymentChange] {
        let folder = folder ?? kernels
        return unused.isEmpty ? [] : unused.map { .removeFile($0, from: folder) } + [.sync(folder.tree)]
    }

    /// In bytes, of those that are there: what is shared with others stays.
    func size(ofFilesOnlyIn some: [Deployment], among all: [Deployment]) throws(Failure) -> Int {
        let others = try all.filter { !some.contains($0) } + namedRoots().map(\.record)
        let shared = Set(others.flatMap { $0.files.map(\.name) })
        var sizes: [String: Int] = [:]
        for file in some.flatMap(\.files) where !shared.contains(file.name) {
            if try kernels.has(file) { sizes[file.name] = file.size }
        }
        return sizes.values.reduce(0, +)
    }
}
