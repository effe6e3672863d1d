internal import Basics
internal import Boot
internal import Files
internal import Linux
internal import Planning

/// A root's fstab with lines that the top layer was given since the root was made.
struct MergedTable {
    let content: [UInt8]
    /// What those are for, in quotes.
    let kept: [String]
}

/// What becomes of a root's changes in a machine's top layer.
struct AdoptedParts {
    private let site: Site
    private let root: ListedRoot
    /// When what the root has of the layers was laid over it, in seconds since 1970.
    private let laid: Int
    /// The root's fstab when it was made; nil where nobody knows it any more.
    private let table: [UInt8]?
    /// The root's.
    private let tree: Directory
    /// From the top level.
    private let layer: Path
    private let folder: Directory
    private let rules: LayerRules
    /// What was asked for itself, and not what it is in.
    private let named: [Path]
    /// Directories of the layer that are symlinks in the root, with where those lead: `lib` may be `usr/lib`.
    private let links: [(link: Path, target: Path)]
    private var found: [Adoption.Part] = []
    /// Directories that the image has too: the manifest is to say that theirs count.
    private(set) var directories: [Path] = []
    /// What becomes of the layer's fstab; nil where it is the root's as that is.
    private(set) var merged: MergedTable?
    private var stays: [String] = []
    private var losses: [String] = []
    private var tooLong = 0

    init(_ site: Site, _ difference: RootDifference, _ tree: Directory, layer: Path, named: [Path]) throws(Failure) {
        guard let folder = try site.topLevel.directory(at: layer) else { throw Failure("could not open the top layer '\(layer)'") }
        (self.site, self.tree, self.layer, self.folder, self.named) = (site, tree, layer, folder, named)
        (root, laid, table) = (difference.root, difference.laid, difference.table)
        rules = try LayerManifest(of: folder).rules
        var links: [(link: Path, target: Path)] = []
        try Self.addLinks(below: .top, of: folder, in: tree, to: &links)
        self.links = links
    }

    /// Each once, in the order in which they are done.
    var parts: [Adoption.Part] {
        var seen: Set<Adoption.Part> = []
        return found.filter { seen.insert($0).inserted }
    }

    var notes: [String] { stays + losses + (tooLong > 0 ? [Path.leftOut(tooLong)] : []) }

    mutating func add(_ change: RootChange) throws(Failure) {
        for path in [change.path, change.from].compactMap({ $0 }) { try checkName(path) }
        // What it was in may be gone as a whole, and its place may be taken.
        if let from = change.from, try tree.status(of: from.parent) != nil, try tree.status(of: from) == nil { try remove(from) }
        if change.kind == .deleted {
            // What it was in may be another directory now, with another of that name in it.
            if try tree.status(of: change.path) != nil { return }
            // What takes away the directory that it was in takes it away, too.
            if try tree.status(of: change.path.parent)?.kind == .directory { try remove(change.path) }
            return
        }
        let isStanding = change.kind == .changed && !change.aspects.contains(.type)
        if change.file == .directory && isStanding {
            if String(validating: change.path.bytes, as: UTF8.self) == nil {
                throw Failure("could not adopt '\(change.path)': a manifest can only name directories in UTF-8")
            }
            directories.append(change.path)
        } else if change.file == .directory {
            // A whiteout beside it: nothing of what the image has there is left in it.
            if try isBelow(change.path) { found.append(.hide(change.path)) }
            try clear(change.path)
        }
        try take(change.path, change.file)
        if change.kind == .renamed && change.file == .directory { try addAll(below: change.path) }
    }

    /// A path that was asked for and that nobody changed: the layer is to have it as the root does. Returns whether it is to be another one.
    mutating func restore(_ path: Path) throws(Failure) -> Bool {
        if path.isTop { return false }
        try checkName(path)
        let before = found.count
        let (here, there) = (try tree.status(of: path), try folder.status(of: path))
        let whiteout = LayerName.whiteout(of: path)
        if here != nil, try folder.status(of: whiteout) != nil { found.append(.remove(whiteout)) }
        if let here, let there {
            let isWithin = here.kind == .directory || there.kind == .directory
            if !isWithin, try !isSame(path, here, there) { try take(path, RootChange.FileKind(here)) }
        } else if there != nil {
            try remove(path)
        }
        return found.count > before
    }

    private func isSame(_ path: Path, _ one: Status, _ other: Status) throws(Failure) -> Bool {
        if one.kind != other.kind || one.size != other.size || one.permissions != other.permissions { return false }
        if one.owner != other.owner || one.group != other.group || one.size > TreeDifference.readLimit { return false }
        switch one.kind {
        case .file:
            let limit = TreeDifference.readLimit
            return try tree.content(ofFile: path, limit: limit) == folder.content(ofFile: path, limit: limit)
        case .symlink: return try tree.linkTarget(of: path) == folder.linkTarget(of: path)
        case .directory, .other: return false
        }
    }

    private mutating func take(_ path: Path, _ kind: RootChange.FileKind) throws(Failure) {
        if kind != .directory {
            var outgoing: [Path] = []
            if try folder.status(of: path)?.kind == .directory, try !addOutgoing(path, &outgoing) {
                throw Failure(
                    "could not adopt '\(path)': the top layer has the directory '\(layer / path)', of which something is to stay",
                    hint: "move that away: \(stays.last ?? "the manifest's 'ignore' names it")")
            }
            // Of two names of one file in a layer either may win.
            for other in try otherNames(of: path) { found.append(.remove(other)) }
        }
        if path == FilesystemTable.path && kind == .file { try mergeTables() }
        found.append(.take(path, kind))
    }

    /// Of what the layer's fstab mounts and the root's does not, data that setup added after the root was made stays, and it is said what else
    /// is lost. So stays a line of the layer's where the root's, which nobody gave another device, names one that is gone. Of other lines and
    /// files nobody can tell whether an earlier adopt of the same root wrote what is replaced.
    private mutating func mergeTables() throws(Failure) {
        let path = FilesystemTable.path
        guard let standing = try folder.status(of: path), standing.kind == .file, standing.isNewer(than: laid),
            !found.contains(.take(path, .file))
        else { return }
        let own = try MountsFile(parsing: tree.contents(of: path) ?? [])
        let layers = try MountsFile(parsing: folder.contents(of: path) ?? [])
        let former = try table.map { bytes throws(Failure) in try MountsFile(parsing: bytes) }
        let missing = layers.lines.filter { own.line(at: $0.target) == nil }
        var kept = try keepLines(of: layers, in: own, since: former)
        var lost: [String] = []
        for line in missing {
            let place = "'\(display(line.target.utf8))'"
            if DataDirectory.isMounted(by: line), try isLater(line, than: former) {
                if try own.add(line, isReplacing: false) { kept.append(place) }
            } else {
                lost.append(place)
            }
        }
        if !kept.isEmpty { merged = MergedTable(content: try own.content(), kept: kept) }
        if lost.isEmpty { return }
        losses.append(
            "'\(layer / path)' was changed since \(root.title) was made, and the root's takes its place: "
                + "it mounts \(lost.joined(separator: ", ")) no more")
    }

    /// Puts the layer's lines into the root's fstab for those that name a device which is gone, as another UUID of the same btrfs: the next boot
    /// might stop there. Returns the places.
    private mutating func keepLines(
        of layers: MountsFile, in own: MountsFile, since former: MountsFile?
    ) throws(Failure) -> [String] {
        var kept: [String] = []
        try own.renew { line throws(Failure) in
            guard line.target.hasPrefix("/"), let standing = layers.line(at: line.target), standing.source != line.source,
                former.map({ $0.line(at: line.target)?.source == line.source }) != false,
                let device = line.device, (try? BlockDevices.has(device)) == false,
                standing.device.map({ (try? BlockDevices.has($0)) == true }) != false
            else { return nil }
            kept.append("'\(display(line.target.utf8))'")
            return standing
        }
        if !kept.isEmpty {
            losses.append(
                "\(root.title) and '\(layer / FilesystemTable.path)' have different lines for \(kept.joined(separator: ", ")): "
                    + "those of the top layer stay, for what the root's name is not here")
        }
        return kept
    }

    /// Whether a line for data is not one that a person took out of the root's fstab: that had none when it was made, which `former` is. Where
    /// nobody knows that any more, the data came after the root.
    private func isLater(_ line: MountsFile.Line, than former: MountsFile?) throws(Failure) -> Bool {
        if let former { return former.line(at: line.target) == nil }
        guard let path = line.subvolume, let data = try site.topLevel.directory(at: path)?.subvolume(), let own = try tree.subvolume()
        else {
            return false
        }
        return data.made > own.made
    }

    /// Takes away what the root lacks: what is below the layer by a whiteout, and what the layer has, but for what came there later.
    private mutating func remove(_ path: Path) throws(Failure) {
        if try isBelow(path) { found.append(.hide(path)) }
        for own in [path] + (try otherNames(of: path)) { try takeOut(own) }
    }

    private mutating func takeOut(_ path: Path) throws(Failure) {
        var outgoing: [Path] = []
        _ = try addOutgoing(path, &outgoing)
        found += outgoing.map { .remove($0) }
    }

    /// What the layer has in a directory that is a new one in the root, and the root does not.
    private mutating func clear(_ path: Path) throws(Failure) {
        guard try folder.status(of: path)?.kind == .directory else { return }
        for name in try folder.directory(withoutLinks: path).names() where !rules.ignores(name, in: path) {
            let inner = path.appending(name: name)
            let there = try tree.status(of: inner)
            if there == nil { try takeOut(inner) }
            if there?.kind == .directory { try clear(inner) }
        }
    }

    /// What goes of a path of the layer. Returns whether all of it does: what is newer than the root was never in it.
    private mutating func addOutgoing(_ path: Path, _ outgoing: inout [Path]) throws(Failure) -> Bool {
        guard let standing = try folder.status(of: path) else { return true }
        if standing.kind != .directory {
            if standing.isNewer(than: laid) && !named.contains(path) {
                stays.append("'\(layer / path)' stays: it is newer than \(root.title)")
                return false
            }
            outgoing.append(path)
            return true
        }
        var inner: [Path] = []
        var isWhole = true
        for name in try folder.directory(withoutLinks: path).names() {
            if rules.ignores(name, in: path) {
                isWhole = false
            } else if try !addOutgoing(path.appending(name: name), &inner) {
                isWhole = false
            }
        }
        outgoing += isWhole ? [path] : inner
        return isWhole
    }

    /// Whether the image, or a layer below the machine's own, has something at a path; true where that cannot be told.
    private func isBelow(_ path: Path) throws(Failure) -> Bool {
        let origin = root.root.mark.origin
        guard let image = site.topLevel.held(origin.chainID) else { return true }
        if try image.status(of: path) != nil { return true }
        for other in origin.topLayers where other != layer {
            if try site.topLevel.directory(at: other)?.status(of: path) != nil { return true }
        }
        return false
    }

    /// Where else the layer has what is at a path of the root.
    private func otherNames(of path: Path) throws(Failure) -> [Path] {
        var others: [Path] = []
        for (link, target) in links where path.isBelow(target) {
            guard let rest = path.path(below: target) else { continue }
            if try folder.status(of: link / rest) != nil { others.append(link / rest) }
        }
        return others
    }

    private static func addLinks(
        below path: Path, of folder: Directory, in tree: Directory, to links: inout [(link: Path, target: Path)]
    ) throws(Failure) {
        for name in try folder.directory(withoutLinks: path).names() {
            let inner = path.appending(name: name)
            guard try folder.status(of: inner)?.kind == .directory, let there = try tree.status(of: inner) else { continue }
            if there.kind == .directory { try addLinks(below: inner, of: folder, in: tree, to: &links) }
            if there.kind == .symlink, let target = try tree.resolved(inner) { links.append((inner, target)) }
        }
    }

    private func checkName(_ path: Path) throws(Failure) {
        let isWhiteout = path.components.contains { LayerName($0) != .entry }
        if path.components.count > LayerRules.deepest { throw LayerRules.isTooDeep.located(at: path) }
        if isWhiteout || path == LayerRules.manifest {
            throw Failure("could not adopt '\(path)': in a top layer that name says something else", hint: "rename it, or leave it out")
        }
        var place = path
        while !place.isTop {
            if rules.ignores(place.name, in: place.parent) {
                throw Failure(
                    "could not adopt '\(path)': '\(place)' is left out of what a root gets from the top layer",
                    hint: "'ignore' in '\(LayerRules.manifest)' of the top layer says what is")
            }
            place = place.parent
        }
    }

    private mutating func addAll(below path: Path) throws(Failure) {
        let left = try tree.forAll(below: path) { (path, status) throws(Failure) in
            try checkName(path)
            if let status { try take(path, RootChange.FileKind(status)) }
        }
        tooLong += left
    }
}
