internal import Basics
internal import CLinux
internal import Files
internal import Planning

/// Compares a root with what it was made as, by what btrfs keeps of both.
///
/// A file of a snapshot has the number of the file that it was, and the transaction that made it: so it is known again under another
/// name. Where that leads nowhere, what has one path in both is compared.
struct TreeDifference {
    private let root: SubvolumeTree
    private let base: SubvolumeTree
    /// Whether one is a snapshot of the other, or both of a third.
    private let isRelated: Bool
    /// All that was changed, by number.
    private let changed: [InodeItem]
    /// What of the root is as it was made; nil where that is the base.
    private let untouched: UntouchedFiles?
    private(set) var changes: [RootChange] = []
    /// How much was changed below a directory that no program can name, by the path of the topmost such one. A user of the system can make
    /// them as deep as he likes, and what is in them is only counted.
    private(set) var nameless: [Path: Int] = [:]

    /// Where a name is: at a path, or in a directory that no program can name, below the topmost such one.
    private enum Spot: Equatable {
        case at(Path)
        case below(Path)

        var path: Path? { if case .at(let path) = self { path } else { nil } }
    }

    /// Of directories; of what is below one that no program can name, that of the topmost such one.
    private var rootPaths: [UInt64: Path] = [SubvolumeTree.top: .top]
    private var basePaths: [UInt64: Path] = [SubvolumeTree.top: .top]
    private var known: [UInt64: Bool] = [SubvolumeTree.top: true]
    private var moves: [UInt64: [NameItem: NameItem]] = [:]

    /// A file of more bytes whose content was written again is taken for changed; others are read.
    static let readLimit = 64 << 20

    /// With `byNumber` a file that has another name now is known again, where both have something in common.
    init(of root: Directory, from base: RootBase, byNumber: Bool = true) throws(Failure) {
        self.root = try SubvolumeTree(root)
        self.base = try SubvolumeTree(base.tree)
        isRelated = byNumber && base.since != nil
        let changed = if let transaction = base.since { try self.root.changedInodes(after: transaction) } else { [InodeItem]() }
        self.changed = changed
        untouched =
            if base.isOfLayersNow, let transaction = base.since { UntouchedFiles(changed, since: transaction, base.made) } else { nil }
        if isRelated {
            for inode in changed where inode.links > 0 {
                guard try isSame(inode.number) else { continue }
                try compareInPlace(inode)
                if inode.kind == .directory { try compareEntries(of: inode.number, with: inode.number, isPlaced: true) }
            }
        } else {
            if let top = try self.root.inode(SubvolumeTree.top) { try compareInPlace(top) }
            try compareEntries(of: SubvolumeTree.top, with: SubvolumeTree.top, isPlaced: true)
        }
        changes = changes.sortedByBytes { $0.path.bytes }
        for index in changes.indices where changes[index].path == RoutineChange.clock {
            for tree in [root, base.tree] {
                if let clock = try? tree.contents(of: RoutineChange.clock), RoutineChange.isChosen(clock) { changes[index].isChosen = true }
            }
        }
    }

    /// Whether this is one file in both.
    private mutating func isSame(_ number: UInt64) throws(Failure) -> Bool {
        if !isRelated { return false }
        if let known = known[number] { return known }
        let (new, old) = (try root.inode(number), try base.inode(number))
        let isSame = new != nil && new?.made == old?.made
        known[number] = isSame
        return isSame
    }

    /// What became of the names of a file that is in both: the new ones, with the one that each was before.
    private mutating func moves(of number: UInt64) throws(Failure) -> [NameItem: NameItem] {
        if let found = moves[number] { return found }
        let (new, old) = (try root.names(of: number), try base.names(of: number))
        let fresh = new.filter { !old.contains($0) }
        let gone = old.filter { !new.contains($0) }
        // The same path by another directory is no other name.
        var found: [NameItem: NameItem] = [:]
        for (one, other) in zip(fresh, gone) { found[one] = other }
        moves[number] = found
        return found
    }

    /// A file that is in both, under the names that it had before.
    private mutating func compareInPlace(_ inode: InodeItem) throws(Failure) {
        if inode.number == SubvolumeTree.top {
            let aspects = try aspects(of: inode.number, from: inode.number)
            if !aspects.isEmpty { changes.append(RootChange(.changed, .top, .directory, aspects)) }
            return
        }
        if untouched?.has(inode) == true { return }
        let old = try base.names(of: inode.number)
        let names = try root.names(of: inode.number).filter { old.contains($0) }
        if names.isEmpty { return }
        let aspects = try aspects(of: inode.number, from: inode.number)
        if aspects.isEmpty { return }
        for name in names {
            if let spot = try rootSpot(name) { add(.changed, spot, inode.kind, aspects) }
        }
    }

    /// `isPlaced`: whether the directory is for certain where a boot put it.
    private mutating func compareEntries(of directory: UInt64, with old: UInt64, isPlaced: Bool) throws(Failure) {
        var before: [[UInt8]: EntryItem] = [:]
        for entry in try base.entries(of: old) { before[entry.name] = entry }
        for entry in try root.entries(of: directory) {
            let (here, there) = (NameItem(directory: directory, name: entry.name), NameItem(directory: old, name: entry.name))
            guard let standing = before.removeValue(forKey: entry.name) else {
                try appear(entry, here, isPlaced: isPlaced)
                continue
            }
            if try !isOther(entry, standing) { continue }
            let isMoved = try isMoved(standing, there)
            let hasOrigin = try origin(of: entry, here) != nil
            if hasOrigin || isMoved {
                try appear(entry, here, isPlaced: isPlaced)
                if !isMoved && standing.kind == .directory && entry.kind == .directory {
                    try deleteEntries(of: standing.number, where: entry.number)
                }
            } else {
                try replace(standing, by: entry, here, isPlaced: isPlaced)
            }
        }
        // Nothing was taken out of a directory that is as it was made: what it lacks came into the top layer later.
        if isPlaced, let untouched, let inode = try root.inode(directory), untouched.has(inode) { return }
        for entry in before.values {
            let name = NameItem(directory: old, name: entry.name)
            if try isMoved(entry, name) { continue }
            if let spot = try baseSpot(name) { add(.deleted, spot, entry.kind) }
        }
    }

    /// What was in a directory of the base that is gone, and is not in the one that came into its place.
    private mutating func deleteEntries(of old: UInt64, where directory: UInt64) throws(Failure) {
        var here: [[UInt8]: EntryItem] = [:]
        for entry in try root.entries(of: directory) { here[entry.name] = entry }
        for entry in try base.entries(of: old) {
            let name = NameItem(directory: old, name: entry.name)
            if try isMoved(entry, name) { continue }
            guard let other = here[entry.name] else {
                if let spot = try baseSpot(name) { add(.deleted, spot, entry.kind) }
                continue
            }
            if entry.kind == .directory && other.kind == .directory { try deleteEntries(of: entry.number, where: other.number) }
        }
    }

    /// Whether a name stands for another file than before.
    private mutating func isOther(_ entry: EntryItem, _ old: EntryItem) throws(Failure) -> Bool {
        // A snapshot has the name of a nested subvolume, too, and in its place an empty directory.
        if entry.kind == .subvolume && old.kind == .subvolume { return false }
        if entry.kind == .subvolume || old.kind == .subvolume { return true }
        if entry.number != old.number { return true }
        return try !isSame(entry.number)
    }

    /// The name that a file had which has this one now; nil where it is a new file, or a new name beside those that it has.
    private mutating func origin(of entry: EntryItem, _ name: NameItem) throws(Failure) -> NameItem? {
        guard entry.kind != .subvolume, try isSame(entry.number) else { return nil }
        return try moves(of: entry.number)[name]
    }

    /// Whether a file of the base has another name now in place of this one.
    private mutating func isMoved(_ entry: EntryItem, _ name: NameItem) throws(Failure) -> Bool {
        guard entry.kind != .subvolume, try isSame(entry.number) else { return false }
        return try moves(of: entry.number).values.contains(name)
    }

    /// A name that was not there, or stands for another file.
    private mutating func appear(_ entry: EntryItem, _ name: NameItem, isPlaced: Bool = false) throws(Failure) {
        guard let spot = try rootSpot(name) else { return }
        if let origin = try origin(of: entry, name), let from = try baseSpot(origin) {
            let aspects = try aspects(of: entry.number, from: entry.number)
            if from != spot, from.path == nil {
                // From where no program can name it.
                add(.added, spot, entry.kind)
            } else if from != spot {
                add(.renamed, spot, from: from.path, entry.kind, aspects)
            } else if !aspects.isEmpty {
                add(.changed, spot, entry.kind, aspects)
            }
            // What is in it was looked at where it changed.
            return
        }
        let isUntouched = isPlaced ? try self.isUntouched(entry) : false
        if !isUntouched { add(.added, spot, entry.kind) }
        if entry.kind == .directory { try addEntries(of: entry.number, isPlaced: isPlaced && isOfBoot(entry)) }
    }

    /// Takes a change, or counts it.
    private mutating func add(
        _ kind: RootChange.Kind, _ spot: Spot, from: Path? = nil, _ file: EntryItem.Kind, _ aspects: [RootChange.Aspect] = []
    ) {
        switch spot {
        case .at(let path): changes.append(RootChange(kind, path, from: from, RootChange.FileKind(file), aspects))
        case .below(let top): nameless[top, default: 0] += 1
        }
    }

    /// Whether a boot gave it its name: what came into a directory since, or went out of it, is no change of where that is.
    private func isOfBoot(_ entry: EntryItem) -> Bool { untouched?.isOfBoot(entry) == true }

    /// Of what is in a directory that was moved this says nothing: all that is in it is as it was.
    private func isUntouched(_ entry: EntryItem) throws(Failure) -> Bool {
        guard let untouched, entry.kind != .subvolume, let inode = try root.inode(entry.number) else { return false }
        return untouched.has(inode)
    }

    private mutating func addEntries(of directory: UInt64, isPlaced: Bool) throws(Failure) {
        // However deep they are in one another, this takes no stack.
        var waiting = [(directory, isPlaced)]
        while let (next, isPlaced) = waiting.popLast() {
            for entry in try root.entries(of: next) {
                let name = NameItem(directory: next, name: entry.name)
                let isMoved = try origin(of: entry, name) != nil
                if isMoved || entry.kind != .directory {
                    try appear(entry, name, isPlaced: isPlaced)
                } else if let spot = try rootSpot(name) {
                    let isUntouched = isPlaced ? try self.isUntouched(entry) : false
                    if !isUntouched { add(.added, spot, .directory) }
                    waiting.append((entry.number, isPlaced && isOfBoot(entry)))
                }
            }
        }
    }

    /// Another file of the same name.
    private mutating func replace(_ old: EntryItem, by entry: EntryItem, _ name: NameItem, isPlaced: Bool) throws(Failure) {
        guard let spot = try rootSpot(name) else { return }
        let isUntouched = isPlaced ? try self.isUntouched(entry) : false
        if old.kind != entry.kind {
            if !isUntouched { add(.changed, spot, entry.kind, [.type]) }
            if entry.kind == .directory { try addEntries(of: entry.number, isPlaced: isPlaced && isOfBoot(entry)) }
            return
        }
        let aspects = isUntouched ? [] : try aspects(of: entry.number, from: old.number)
        if !aspects.isEmpty { add(.changed, spot, entry.kind, aspects) }
        if entry.kind == .directory {
            // A directory of the image that has its name is where it was.
            let isImages =
                isPlaced && entry.number == old.number ? try root.inode(entry.number)?.made == base.inode(old.number)?.made : false
            try compareEntries(of: entry.number, with: old.number, isPlaced: isPlaced && isOfBoot(entry) || isImages)
        }
    }

    /// What is different in a file of the root from one of the base that is of the same kind.
    private mutating func aspects(of number: UInt64, from old: UInt64) throws(Failure) -> [RootChange.Aspect] {
        guard let new = try root.inode(number), let before = try base.inode(old) else { return [] }
        var found: [RootChange.Aspect] = []
        if new.kind == before.kind {
            if try isContentOther(new, before) { found.append(.content) }
        } else {
            found.append(.type)
        }
        if new.mode & 0o7777 != before.mode & 0o7777 { found.append(.mode) }
        if new.owner != before.owner || new.group != before.group { found.append(.owner) }
        let isTop = number == SubvolumeTree.top
        let (newAttributes, oldAttributes) = (try attributes(root, number, isTop), try attributes(base, old, isTop))
        if new.flags != before.flags || newAttributes != oldAttributes { found.append(.attributes) }
        return found
    }

    private func attributes(_ tree: SubvolumeTree, _ number: UInt64, _ isTop: Bool) throws(Failure) -> [[UInt8]: [UInt8]] {
        var found: [[UInt8]: [UInt8]] = [:]
        for (name, value) in try tree.attributes(of: number) {
            // What docker-btrfs writes on a root is no change of it.
            if !isTop || !Mark.prefixes.contains(where: { name.starts(with: "\($0)".utf8) }) { found[name] = value }
        }
        return found
    }

    private mutating func isContentOther(_ new: InodeItem, _ old: InodeItem) throws(Failure) -> Bool {
        switch new.kind {
        case .directory, .fifo, .socket, .subvolume: return false
        case .device: return new.device != old.device || (new.mode ^ old.mode) & 0o170000 != 0
        case .file, .symlink: break
        }
        if new.size != old.size { return true }
        if try root.content(of: new.number) == base.content(of: old.number) { return false }
        if new.kind == .symlink || new.size > Self.readLimit { return true }
        guard let name = try root.names(of: new.number).first, let path = try rootSpot(name)?.path,
            let oldName = try base.names(of: old.number).first, let oldPath = try baseSpot(oldName)?.path
        else { return true }
        do throws(Failure) {
            return try root.directory.content(ofFile: path, limit: Self.readLimit)
                != base.directory.content(ofFile: oldPath, limit: Self.readLimit)
        } catch {
            // It was replaced in the meantime.
            return true
        }
    }
}

/// Files of a root that nobody changed since a boot made it: where the top layer has something else there now, that was changed in the layer.
struct UntouchedFiles {
    /// What a boot laid over the root.
    private let transaction: UInt64
    /// When it ended with that, as btrfs has times; nil where the clock was set back since.
    private let time: UInt64?

    /// `changed` are those that have changed since the transaction that made the snapshot, `start` is when the boot began, in seconds since
    /// 1970.
    init(_ changed: [InodeItem], since made: UInt64, _ start: Int) {
        // A snapshot ends a transaction, and what a boot writes to its root is in the next one: it writes that to the disk before it ends.
        let own = made + 1
        // Of what was only read since, the time at which it was made is still that of the boot.
        let times = changed.map { $0.written <= own ? $0.changed : $0.made == own ? $0.born : 0 }
        let time = max(times.max() ?? 0, UInt64(clamping: start) &* 1_000_000_000)
        transaction = own
        self.time = changed.contains { $0.made > own && $0.changed <= time } ? nil : time
    }

    func isOfBoot(_ entry: EntryItem) -> Bool { entry.named <= transaction }

    /// A file that was only read was written too, for the time of that.
    func has(_ inode: InodeItem) -> Bool {
        if inode.written <= transaction { return true }
        guard let time, inode.made <= transaction else { return false }
        return inode.changed <= time
    }
}

extension TreeDifference {
    private mutating func rootSpot(_ name: NameItem) throws(Failure) -> Spot? { try Self.spot(name, root, &rootPaths) }

    private mutating func baseSpot(_ name: NameItem) throws(Failure) -> Spot? { try Self.spot(name, base, &basePaths) }

    private static func spot(_ name: NameItem, _ tree: SubvolumeTree, _ known: inout [UInt64: Path]) throws(Failure) -> Spot? {
        guard let directory = try path(name.directory, tree, &known) else { return nil }
        return directory.isTooLong ? .below(directory) : .at(directory.appending(name: name.name))
    }

    /// The path of a directory, or of the topmost one above it that no program can name; nil where it went in the meantime.
    private static func path(_ directory: UInt64, _ tree: SubvolumeTree, _ known: inout [UInt64: Path]) throws(Failure) -> Path? {
        var above: [(number: UInt64, name: [UInt8])] = []
        var next = directory
        while known[next] == nil {
            // A directory that is renamed while this is read may seem to be in itself.
            guard above.count < 100_000, let name = try tree.names(of: next).first else { return nil }
            above.append((next, name.name))
            next = name.directory
        }
        var path = known[next] ?? .top
        for (number, name) in above.reversed() {
            if !path.isTooLong { path = path.appending(name: name) }
            known[number] = path
        }
        return path
    }
}
