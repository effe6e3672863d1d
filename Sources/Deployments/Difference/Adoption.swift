public import Basics
internal import Boot
internal import CLinux
internal import Files
internal import Linux
internal import Planning

/// Changes of a root that go into the machine's top layer, so that each new root has them.
public struct Adoption {
    /// One of them.
    enum Part: Hashable {
        case take(Path, RootChange.FileKind)
        /// Out of the layer.
        case remove(Path)
        /// From what is below it.
        case hide(Path)
    }

    let site: Site
    /// The root's number.
    let number: Int
    /// The root's.
    let tree: Directory
    /// From the top level.
    let layer: Path
    /// Whom a root's files of people name, where the layer has them apart from an image's users.
    let people: MachineUsers?
    let parts: [Part]
    /// Directories that the image has too: the manifest is to say that theirs count.
    let directories: [Path]
    /// What becomes of the layer's fstab; nil where it is the root's as that is.
    let table: MergedTable?
    /// What is to be known.
    public let notes: [String]

    /// Where each goes.
    public var lines: [String] {
        [peoplesLine].compactMap { $0 } + partLines
            + directories.map { "name '\($0)' in 'directories' of '\(layer / LayerRules.manifest)'" }
    }

    private var peoplesLine: String? {
        people.map { "put the people of root \(number) (\($0.title)) into '\(layer / MachineUsers.folder)', beside an image's own users" }
    }

    private var partLines: [String] {
        parts.map { part in
            switch part {
            case .take(let path, let kind):
                "put the \(kind.rawValue) '\(path)' into the top layer as '\(layer / path)'"
                    + (table(at: path).map { ", where the lines for \($0.kept.joined(separator: ", ")) stay as they are" } ?? "")
            case .hide(let path):
                "take '\(path)' away by the top layer's '\(layer / LayerName.whiteout(of: path))'"
            case .remove(let path): "take '\(layer / path)' out of the top layer"
            }
        }
    }

    private func table(at path: Path) -> MergedTable? { path == FilesystemTable.path ? table : nil }

    /// What comes of it.
    public var outcome: String {
        let paths = counted(parts.count, "path")
        if parts.isEmpty && people == nil && directories.isEmpty { return "nothing was adopted" }
        let what = people == nil ? paths : "the people" + (parts.isEmpty ? "" : " and \(paths)")
        return "the next root has \(people == nil && parts.count == 1 ? "it" : "them"): \(what) of root \(number) adopted into '\(layer)'"
    }

    /// All of it is on the disk when this is done. What was done before a failure stays.
    public func perform(say: (String) -> Void) throws(Failure) {
        try site.topLevel.makeWritableHere()
        guard let target = try site.topLevel.directory(at: layer) else { throw Failure("could not open the top layer '\(layer)'") }
        if let people, let peoplesLine {
            say(peoplesLine)
            try people.replace(in: target)
        }
        var writer = LayerWriter(from: tree, into: target)
        for (part, line) in zip(parts, partLines) {
            say(line)
            do throws(Failure) {
                switch part {
                case .take(let path, _): try writer.take(path, content: table(at: path)?.content)
                case .remove(let path): try writer.remove(path)
                case .hide(let path): try writer.hide(path)
                }
            } catch {
                let isLocked = error == .reason(EPERM)
                throw Failure("could not \(line): \(error.message)", hint: isLocked ? "lsattr shows what is locked there" : error.hint)
            }
        }
        for case .take(let path, .directory) in parts.reversed() {
            do throws(Failure) { try writer.restoreTimes(of: path) } catch {
                throw Failure("could not set the times of '\(layer / path)': \(error.message)")
            }
        }
        if !directories.isEmpty { try addToManifest(target, say) }
        try target.sync()
    }

    private func addToManifest(_ target: Directory, _ say: (String) -> Void) throws(Failure) {
        lines.suffix(directories.count).forEach(say)
        let content = try target.contents(of: LayerRules.manifest, limit: 1 << 20)
        let json = try content.map { content throws(Failure) in try JSON(parsing: content, name: target.show(LayerRules.manifest)) }
        var members = (json?.members ?? []).filter { $0.key != "directories" }.map { ($0.key, JSONOutput($0.value)) }
        let named = (json?["directories"]?.elements ?? []).compactMap(\.string)
        let new = directories.map { $0.absolute }.filter { !named.contains($0) }
        members.insert(("directories", .array((named + new).map { .string($0) })), at: 0)
        let mode = try target.status(of: LayerRules.manifest)?.permissions ?? 0o644
        try target.write(Array(JSONOutput.object(members).text.utf8), mode: mode, to: LayerRules.manifest)
    }
}

extension Site {
    /// The way to put what was changed at these paths of a root, and below them, into the machine's top layer.
    public func adopting(_ paths: [String], ofRoot number: Int?) throws(Failure) -> Adoption {
        let difference = try difference(ofRoot: number, beside: "'docker-btrfs setup --users' takes the people of this system")
        let root = difference.root
        guard let tree = try topLevel.directory(at: root.root.path) else { throw Failure("could not open '\(root.path)': it is not there") }
        let layer = try ownLayer(of: root)
        let asked = try difference.asked(paths, in: tree)
        var adopted = try AdoptedParts(self, difference, tree, layer: layer, named: asked)
        var (changes, notes) = try difference.changes(at: asked) { path throws(Failure) in try adopted.restore(path) }
        let people = try people(of: root, tree, named: asked, &changes, &notes)
        for path in people == nil ? [] : MachineUsers.sources where try topLevel.directory(at: layer)?.status(of: path) != nil {
            notes.append("'\(layer / path)' takes the place of each image's own, with the users of its packages: remove it")
        }
        if let left = people?.leftOut, !left.isEmpty {
            notes.append("\(left) stay as the image has them: what is no person's is for its Dockerfile")
        }
        for change in changes { try adopted.add(change) }
        notes += adopted.notes
        for later in difference.later where asked.contains(where: { $0.isTop || later.path.isBelow($0) }) {
            notes.append("'\(later.layer / later.path)' stays: it is newer than \(root.title)")
        }
        if root.root.mark.origin.topLayer != nil && !(adopted.parts.isEmpty && people == nil) {
            notes.append(
                "\(root.title) persists, and ends here: with another top layer the next boot makes a new root, without what else was changed in this one (docker-btrfs diff), which is kept"
            )
        }
        return Adoption(
            site: self, number: root.number, tree: tree, layer: layer, people: people, parts: adopted.parts,
            directories: adopted.directories, table: adopted.merged, notes: notes)
    }

    /// The people of a root, whose files are taken out of the changes where a top layer has people: they are laid over the image's own at
    /// boot, and the whole file would be in the way of those. Where none of these files is named, people whom nobody changed in the root stay
    /// as the top layer has them by now.
    private func people(
        of root: ListedRoot, _ tree: Directory, named: [Path], _ changes: inout [RootChange], _ notes: inout [String]
    ) throws(Failure) -> MachineUsers? {
        let others = changes.filter { !MachineUsers.sources.contains($0.path) }
        if others.count == changes.count { return nil }
        let origin = root.root.mark.origin
        let image = topLevel.held(origin.chainID)
        for layer in origin.topLayers.reversed() {
            guard let known = try topLevel.directory(at: layer / MachineUsers.folder) else { continue }
            changes = others
            let folder = layer / MachineUsers.folder
            let isNamed = named.contains { MachineUsers.sources.contains($0) }
            let people = try MachineUsers(in: tree, known: known, image: image)
            let missing = try people.missing(of: known)
            let isGiven = try MachineUsers.isGiven(to: tree)
            if !missing.isEmpty && !isGiven {
                if isNamed { throw MachineUsers.isLacking(missing, in: root.title, folder) }
                notes.append("the people of \(root.title) are left out: it was never given those of '\(folder)'")
                return nil
            }
            if !isNamed, let given = try tree.directory(at: MachineUsers.folder),
                try MachineUsers(in: tree, known: given, image: image).difference(from: given) == nil
            {
                if try people.difference(from: known) != nil {
                    notes.append("the people of \(root.title) are those that it was given, and are left out: name /etc/passwd to have them")
                }
                return nil
            }
            if !missing.isEmpty {
                let go = missing.count == 1 ? "goes" : "go"
                let who = missing.map { display($0.utf8) }.joined(separator: ", ")
                notes.append("\(who) \(go) out of '\(folder)': \(root.title) has nobody of that name")
            }
            return people
        }
        return nil
    }

    /// The layer that is this machine's alone.
    private func ownLayer(of root: ListedRoot) throws(Failure) -> Path {
        guard let layer = root.root.mark.origin.topLayers.last else {
            throw Failure("could not adopt anything: \(root.root.title) was made without a top layer", hint: "docker-btrfs setup makes one")
        }
        guard layer == settings.topLayer || layer.isBelow(settings.topLayer) else {
            throw Failure(
                "could not adopt anything: the top layer '\(layer)' is not on the root's filesystem at '\(settings.topLayer)'",
                hint: "copy the files there by hand")
        }
        if try topLevel.directory(at: layer) == nil {
            throw Failure("could not adopt anything: the top layer '\(layer)' is not there any more", hint: "docker-btrfs setup makes one")
        }
        if layer != settings.topLayer && layer == settings.topLayer / "common" {
            throw Failure(
                "could not adopt anything: '\(layer)' is for all machines",
                hint: "make '\(settings.topLayer / Layout.machineLayers)' a folder for this one")
        }
        return layer
    }
}

extension RootDifference {
    /// The paths that a person names, as `diff` has them.
    func asked(_ texts: [String], in tree: Directory) throws(Failure) -> [Path] {
        var asked: [Path] = []
        for text in texts {
            guard text.utf8.first == UInt8(ascii: "/"), let path = Path(text) else {
                throw Failure("could not adopt '\(text)': it is no path from the root's top", hint: "docker-btrfs diff shows them")
            }
            // An overlay may tell another device of each file.
            if root.isBooted, case let running = try Directory(opening: "/"), try running.isSubvolume() {
                if let there = try running.status(of: path), let top = try running.status(of: .top), there.device != top.device {
                    throw Failure(
                        "could not adopt '\(path)': it is not in the root but on another filesystem or subvolume, which stays as it is")
                }
            }
            asked.append(try tree.pathWithoutLinks(path))
        }
        return asked
    }

    /// The changes at these paths and below them. Fails where there are none, unless `unchanged` knows what to do there.
    func changes(
        at paths: [Path], unchanged: (Path) throws(Failure) -> Bool = { _ in false }
    ) throws(Failure) -> (changes: [RootChange], notes: [String]) {
        var found: [RootChange] = []
        var seen: Set<RootChange> = []
        var notes: [String] = []
        var (tooLong, routine) = (0, 0)
        // Where no init makes them, a person did.
        var hasMountPoints = false
        for path in paths {
            let isIn = { (one: Path) in one.isWithin(path) }
            let own = changes.filter { isIn($0.path) || $0.from.map(isIn) == true }
            if own.isEmpty, try !unchanged(path) {
                throw Failure("could not adopt '\(path)': nothing was changed there", hint: "docker-btrfs diff shows what was")
            }
            for change in own where !seen.contains(change) {
                if change.path.isTooLong || change.from?.isTooLong == true {
                    tooLong += 1
                } else if change.file != .subvolume {
                    // What systems write by themselves goes with a person's wish alone.
                    if change.isRoutine && change.path != path && !RootChange.isRoutine(path) {
                        routine += 1
                        if change.isMountPoint { hasMountPoints = true }
                        continue
                    }
                    found.append(change)
                    seen.insert(change)
                } else if change.path == path {
                    throw Failure(
                        "could not adopt '\(path)': it is a subvolume of its own", hint: "a top layer has only files and directories")
                } else {
                    notes.append("'\(change.path)' is a subvolume of its own, and is not adopted")
                }
            }
        }
        for (path, count) in nameless where paths.contains(where: path.isWithin) { tooLong += count }
        if tooLong > 0 { notes.append(Path.leftOut(tooLong)) }
        if routine > 0 && (found.isEmpty || hasMountPoints) {
            let which = routine == 1 ? "is left out: name it" : "are left out: name one"
            notes.append("\(counted(routine, "path")) there that systems write by themselves \(which) to have it")
        }
        return (found, notes)
    }
}
