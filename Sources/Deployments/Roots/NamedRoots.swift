public import Basics
internal import Boot
internal import BootEntries
internal import Files
internal import Linux
internal import Planning

/// A root that a person keeps under a name of his own: with a kernel that has its modules, and a name that the boot loader can say, it is an
/// entry of the boot menu.
public struct NamedRoot {
    /// On the top level.
    let path: Path
    /// What it was made from and which kernel it boots with, as a deployment is written down; the number is that of the root that it is a
    /// copy of.
    let record: Deployment
    /// Whether the system runs on it.
    public let isBooted: Bool

    public var name: String { display(path.name) }
    public var reference: String { record.reference.description }
    public var imageID: String { record.imageID.description }
    /// When it was kept, in seconds since 1970.
    public var made: Int { record.made }
    /// The kernel's; nil where it has no entry.
    public var release: String? { record.files.isEmpty ? nil : record.release }
    /// That of the root that it is a copy of.
    public var number: Int { record.number }

    /// The root that it is a copy of, as `Facts.Root` is called.
    fileprivate var origin: String { "root \(number) ('\(reference)')" }

    private static let ending = Array(".root".utf8)

    /// Beside the records of deployments.
    static func place(of path: Path) -> Path { Layout.deployments.appending(name: path.name + ending) }

    /// The name that a record's file is called after; nil for any other file.
    fileprivate static func path(ofRecord name: [UInt8]) -> Path? {
        name.count > ending.count && name.suffix(ending.count).elementsEqual(ending) ? Path(name.dropLast(ending.count)) : nil
    }

    /// Whether a name is that of a record that is not finished.
    static func isDraft(_ name: [UInt8]) -> Bool {
        Draft.finished(name).flatMap { path(ofRecord: $0) } != nil
    }
}

extension Site {
    /// Those that are there, by their names. A subvolume that somebody else put in the place of one is none.
    public func namedRoots() throws(Failure) -> [NamedRoot] {
        let running = try Directory(opening: "/")
        var found: [NamedRoot] = []
        for path in try namedRecords() {
            guard let content = try topLevel.contents(of: NamedRoot.place(of: path)), let record = Deployment(parsing: content),
                try topLevel.status(of: path)?.kind == .directory, let tree = try topLevel.directory(at: path), try tree.subvolume() != nil,
                // The mark of a copy is void, and still says what it is a copy of.
                let mark = try tree.attribute(Mark.attribute).flatMap({ Mark(parsing: $0, uuid: nil) }), mark.number == record.number,
                mark.origin.imageID == record.imageID
            else { continue }
            found.append(NamedRoot(path: path, record: record, isBooted: try tree.isSame(as: running)))
        }
        return found
    }

    /// What all are called that were ever kept, and not removed.
    func namedRecords() throws(Failure) -> [Path] {
        try topLevel.directory(at: Layout.deployments)?.names().compactMap { NamedRoot.path(ofRecord: $0) } ?? []
    }

    /// What those were called that are not there any more, of which a record is left: their removal was cut off, or a person deleted them.
    public func namedLeftovers() throws(Failure) -> [Path] {
        let named = Set(try namedRoots().map(\.path))
        return try namedRecords().filter { !named.contains($0) }
    }

    /// Which kept roots had an entry in the menu, and have none now: their kernels were elsewhere, or for another boot loader.
    func namedAbsences(beside new: Deployment? = nil) throws(Failure) -> [String] {
        var notes: [String] = []
        for root in try namedRoots() {
            guard let damage = try kernelDamage(of: root.record, beside: new) else { continue }
            notes.append(
                "'\(root.path)' is not in the menu: \(damage); 'docker-btrfs root keep \(root.number) \(root.name)' makes its entry again")
        }
        return notes
    }

    func entryID(of root: NamedRoot) -> String { "docker-btrfs-root-\(Digest.of(root.path.bytes).hex.prefix(12))" }

    /// The entry that boots it as a subvolume like any other.
    func entry(of root: NamedRoot) throws(Failure) -> BootEntry {
        let files = root.record.files.map { kernels.base.appending($0.name) }
        return BootEntry(
            id: entryID(of: root),
            title: "\(root.name), root \(root.number) of \(root.reference)", kernel: files[0], initrds: Array(files.dropFirst()),
            options: try settings.options(ofSubvolume: root.path, on: volume), isUnified: root.record.isUnified)
    }

    /// The entries, by their names, of those whose kernels are there, or come with a new deployment, and whose names the boot loader can
    /// say: it may have been another one when they were kept.
    func entries(of roots: [NamedRoot], beside new: Deployment? = nil) throws(Failure) -> [BootEntry] {
        var entries: [BootEntry] = []
        for root in roots.sortedByBytes({ $0.path.bytes }) where !root.record.files.isEmpty {
            if try kernelDamage(of: root.record, beside: new) != nil { continue }
            let entry = try entry(of: root)
            if (try? files(of: entry)) != nil { entries.append(entry) }
        }
        return entries
    }

    private func files(of entry: BootEntry) throws(Failure) -> [MenuFile] {
        try (loader?.kind ?? .print).files(for: BootMenu(volume: kernels.volume, entries: [entry]))
    }

    /// The way to make of a root a subvolume of a person's own, which no boot replaces, and an entry of the menu. The kernel is that of its
    /// image's deployment where the root has its modules, else the root's own: `kernel` chooses where it has several, and `program` is
    /// docker-btrfs-init, for an initramfs that is built here. Where there is none, it has no entry.
    public func keeping(
        root number: Int, as name: String, kernel release: String?, program: String, say: (String) -> Void
    ) async throws(Failure) -> DeploymentPlan {
        if let plan = try await finishing(root: number, as: name, kernel: release, program: program, say: say) { return plan }
        let root = try root(number).root
        let path = try freePath(of: root, name)
        let all = try Deployment.all(on: topLevel).deployments
        let drafts = try removingDrafts()
        let draft = Place(Layout.keeping)
        let copy = root.copy(at: draft, nil).map { DeploymentChange.step($0) } + [.sync(topLevel)]
        // The record comes before the name: what has that is then known for what it is, wherever power fails.
        func making(_ record: Deployment) -> [DeploymentChange] {
            copy + [
                .step(.replaceFile(Place(NamedRoot.place(of: path)), content: record.text)), .step(.rename(draft, to: Place(path))),
                .sync(topLevel),
            ]
        }
        let kept = "kept \(root.title) as '\(path)', which no boot replaces: "
        let (tree, named, entry): (Directory, (root: NamedRoot, files: [BootFile]), BootEntry)
        do throws(Failure) {
            guard !all.isEmpty, let found = try topLevel.directory(at: root.path) else {
                throw Failure("nothing is deployed, so there is no menu")
            }
            tree = found
            named = try await self.named(
                NamedRoot(path: path, record: root.record, isBooted: false), from: tree, kernel: release, program: program, say: say)
            entry = try self.entry(of: named.root)
            _ = try files(of: entry)
        } catch {
            // A kernel that was asked for is one that it is to be booted with.
            if release != nil { throw error }
            // Without a kernel it is listed and can be removed as well as the others.
            return DeploymentPlan(
                site: self, changes: try drafts + missingFolders() + making(root.record),
                outcome: ["\(kept)\(try KernelOptions("rootflags", "subvol=\(name)")) boots it, without docker_path= and docker_deployed="],
                notes: root.leftBehind + ["it has no entry in the menu: \(error.message)"])
        }
        // What does not fit or cannot be written now is told before there is a copy without an entry.
        do throws(Failure) {
            var changes = try drafts + missingFolders()
            changes += try writing(named, from: tree, beside: all)
            let menu = try self.changes(toMenuOf: all, roots: entries(of: namedRoots() + [named.root], beside: named.root.record))
            changes += try findingRoom(for: menu) + making(named.root.record) + menu
            let (lines, ending) = way(by: entry)
            return DeploymentPlan(
                site: self, changes: changes, outcome: lines + [kept + ending], notes: root.leftBehind + (try menuNotes()))
        } catch {
            throw Failure("could not keep \(root.title) as '\(name)': \(error.message)", hint: error.hint)
        }
    }

    /// What an entry needs that a person writes, and what boots the root.
    private func way(by entry: BootEntry) -> (lines: [String], ending: String) {
        if loader != nil { return ([], "'\(entry.title)' in the menu boots it") }
        return (BootLoader.lines(of: BootMenu(volume: kernels.volume, entries: [entry])), "what its entry needs is above")
    }

    /// The way to write what is not there of its kernel, and to see that what is there is that.
    private func writing(
        _ named: (root: NamedRoot, files: [BootFile]), from tree: Directory, beside deployments: [Deployment]
    ) throws(Failure) -> [DeploymentChange] {
        let changes = try additions(named.files, of: named.root.record, from: tree, to: "copy its kernel", beside: deployments)
        var shared: [Deployment.File] = []
        for file in named.root.record.files where try kernels.has(file) { shared.append(file) }
        return changes + (shared.isEmpty ? [] : [.prove(shared, of: named.root.record, in: kernels)])
    }

    /// What is left to do where the same was cut off after the root had its name, or its kernel is not there any more; nil where that is not
    /// so.
    private func finishing(
        root number: Int, as name: String, kernel release: String?, program: String, say: (String) -> Void
    ) async throws(Failure) -> DeploymentPlan? {
        let all = try namedRoots()
        guard let kept = all.first(where: { $0.path == Path(name) && $0.number == number }),
            let tree = try topLevel.directory(at: kept.path)
        else { return nil }
        // Another one may have that number now.
        if let other = try? self.root(number).root, other.mark.origin.imageID != kept.record.imageID { return nil }
        let deployments = try Deployment.all(on: topLevel).deployments
        if deployments.isEmpty { return nil }
        var (changes, record): ([DeploymentChange], [DeploymentChange]) = ([], [])
        var root = kept
        if try entries(of: [kept]).isEmpty {
            if kept.record.files.isEmpty { return nil }
            let named = try await self.named(kept, from: tree, kernel: release, program: program, say: say)
            changes = try writing(named, from: tree, beside: deployments)
            record = [.step(.replaceFile(Place(NamedRoot.place(of: kept.path)), content: named.root.record.text)), .sync(topLevel)]
            root = named.root
        }
        let others = all.filter { $0.path != kept.path }
        let menu = try self.changes(toMenuOf: deployments, roots: entries(of: others + [root], beside: root.record))
        if !record.isEmpty { changes += try findingRoom(for: menu) + record }
        changes += menu
        if changes.isEmpty { return nil }
        let (lines, ending) = way(by: try entry(of: root))
        return DeploymentPlan(
            site: self, changes: try removingDrafts() + changes,
            outcome: lines + ["\(kept.origin) is '\(kept.path)' already: \(ending)"], notes: try menuNotes())
    }

    private func freePath(of root: Facts.Root, _ name: String) throws(Failure) -> Path {
        let sentence = "could not keep \(root.title) as '\(name)'"
        guard let path = Path(name), path.components.count == 1 else {
            throw Failure("\(sentence): that is not a name on the top level", hint: "such as 'desktop-old'")
        }
        let hasControls = name.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7f }
        if path.name.count > 200 || hasControls || name.has("\"") || name.has(",") {
            throw Failure(
                "\(sentence): a kernel command line cannot name that",
                hint: "choose a name of at most 200 bytes, without control characters, quotes and commas")
        }
        if Int(name) != nil {
            throw Failure("\(sentence): numbers are those of roots", hint: "choose another name")
        }
        if path == settings.root {
            throw Failure("\(sentence): that is what the machine's root is called", hint: "choose another name")
        }
        if try topLevel.status(of: path) != nil {
            throw Failure("\(sentence): '\(path)' is there already", hint: "choose another name")
        }
        if try projects().projects.contains(where: { $0.project == name }) {
            throw Failure("\(sentence): a project has that name", hint: "choose another name")
        }
        return path
    }

    /// What it is to be with a kernel, and those of its files that have to be written.
    private func named(
        _ root: NamedRoot, from tree: Directory, kernel release: String?, program: String, say: (String) -> Void
    ) async throws(Failure) -> (root: NamedRoot, files: [BootFile]) {
        func named(_ release: String, _ files: [Deployment.File]) -> NamedRoot {
            NamedRoot(path: root.path, record: root.record.with(release, files), isBooted: root.isBooted)
        }
        if let known = try Deployment.of(root.record.imageID, on: topLevel), release == nil || release == known.release,
            try kernelDamage(of: known) == nil, try ImageFiles(of: [tree]).releases().contains(known.release)
        {
            return (named(known.release, known.files), [])
        }
        let kernel = try await ImageKernel(
            in: tree, of: root.origin, release: release, program: program,
            machine: disk.map { ($0, settings.options) }, say: say)
        return (named(kernel.release, kernel.files.map(\.file)), kernel.files)
    }

    /// The way to delete roots that have names, with what was done in them, or what is left of them.
    public func removing(named names: [String]) throws(Failure) -> DeploymentPlan {
        let (all, leftovers) = (try namedRoots(), try namedLeftovers())
        var (leaving, left): ([NamedRoot], [Path]) = ([], [])
        for name in names {
            guard let root = all.first(where: { $0.name == name }) else {
                if let path = leftovers.first(where: { display($0.name) == name }) {
                    if !left.contains(path) { left.append(path) }
                    continue
                }
                throw Failure("could not find a root that was kept as '\(name)'", hint: "docker-btrfs root ls shows which there are")
            }
            let nested = try topLevel.directory(at: root.path).map { NestedSubvolumes(of: $0) }
            let reason =
                if root.isBooted { "the system runs on it" } else if let first = nested?.occupied.first {
                    "somebody put something into its subvolume '\(first)'"
                } else { nested?.unseen }
            if let reason { throw Failure("could not remove '\(root.path)': \(reason)") }
            if !leaving.contains(where: { $0.path == root.path }) { leaving.append(root) }
        }
        let deployments = try Deployment.all(on: topLevel).deployments
        let staying = all.filter { root in !leaving.contains { $0.path == root.path } }
        // No entry ever names a root or a kernel that is not there.
        var changes = try self.changes(toMenuOf: deployments, roots: entries(of: staying))
        if !changes.isEmpty, let loader { changes.append(.sync(loader.directory)) }
        if let told = try loader?.toldOnce()?.id, leaving.contains(where: { entryID(of: $0) == told }) {
            changes = try forgettingOnce() + changes
        }
        if !leaving.isEmpty { changes += leaving.map { .step(.deleteSubvolume(Place($0.path))) } + [.sync(topLevel)] }
        changes += try removing(unusedFiles(by: deployments, and: staying))
        // Last: with the record, the same goes on where it was cut off.
        let records = leaving.map(\.path) + left
        changes += records.map { .step(.removeFile(NamedRoot.place(of: $0), of: Place(.top))) } + [.sync(topLevel)]
        let outcome = leaving.map { "removed '\($0.path)'" } + left.map { "removed what was left of '\($0)'" }
        return DeploymentPlan(site: self, changes: changes, outcome: outcome, notes: [])
    }
}

extension Facts.Root {
    /// What is written down of a copy that is kept under a name, and has no entry yet.
    fileprivate var record: Deployment {
        let origin = mark.origin
        return Deployment(
            imageID: origin.imageID, chainID: origin.chainID, reference: origin.reference, number: mark.number, made: secondsNow(),
            release: "", files: [])
    }
}

extension Deployment {
    /// The same with a kernel and its files.
    fileprivate func with(_ release: String, _ files: [File]) -> Deployment {
        Deployment(
            imageID: imageID, chainID: chainID, reference: reference, number: number, made: made, release: release, files: files)
    }
}
