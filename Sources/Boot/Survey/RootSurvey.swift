public import Basics
public import Planning

/// Looks at the roots that there are. What is wrong with one of them ends no boot: it is told, and the boot does without that root.
struct RootSurvey {
    let topLevel: Directory
    let host: Facts.Host
    let faults: Faults
    private let defaultSubvolume: UInt64?

    init(_ topLevel: Directory, _ host: Facts.Host, _ faults: Faults) {
        self.topLevel = topLevel
        self.host = host
        self.faults = faults
        defaultSubvolume = topLevel.defaultSubvolume()
    }

    /// The root at `path`; nil where that is no subvolume, or one without a mark of its own. Fails where that cannot be found out. A root
    /// whose mark has a number that is too high gets `number` instead; 0 makes it the oldest.
    private func root(at path: Path, as number: Int = 0) throws(Failure) -> Facts.Root? {
        guard let directory = try topLevel.directory(at: path), let (mark, subvolume) = try directory.markAndSubvolume() else { return nil }
        if mark.number > RootNumber.highest {
            faults.add("the mark of '\(path)' has the number \(mark.number), which is too high to count; it is taken for root \(number)")
        }
        let nested = NestedSubvolumes(of: directory)
        var root = Facts.Root(
            path: path, mark: mark.counted(as: number), isGood: false,
            modules: faults.without(.unknown, "whether that root has the kernel's modules is not known") { () throws(Failure) in
                try Facts.Modules(of: [ImageFiles(of: [directory])], host)
            },
            nested: nested.outermost, occupied: nested.occupied, unseen: nested.unseen, isDefault: subvolume.id == defaultSubvolume
        )
        do throws(Failure) {
            let good = try directory.attribute(GoodMark.attribute)
            root.isGood = good?.elementsEqual(GoodMark.text(subvolume: subvolume).utf8) ?? false
        } catch {
            faults.add(error, "that root is not known to boot well, and is not deleted")
            root.unseen = "whether it booted well could not be read"
        }
        return root
    }

    /// The roots called `name` that were replaced, oldest first, and the numbers that are taken in their folder.
    func kept(_ name: Path) -> (roots: [Facts.Root], numbers: [Int]) {
        var roots: [Facts.Root] = []
        var numbers: [Int] = []
        let folder = Layout.roots(of: name)
        for entry in names(in: folder) {
            let path = folder.appending(name: entry)
            guard let number = RootNumber.read(entry) else { continue }
            if number > RootNumber.highest {
                faults.add("'\(path)' has a number that is too high to be that of a root; it is left alone")
                continue
            }
            numbers.append(number)
            do throws(Failure) {
                guard try topLevel.status(of: path)?.kind == .directory else { continue }
                if let root = try root(at: path) {
                    roots.append(root)
                } else {
                    faults.add("'\(path)' has no mark of a root; it is left alone")
                }
            } catch {
                faults.addRoot(error, "it is left alone")
            }
        }
        return (Facts.inOrder(roots), numbers)
    }

    /// What is called `name`. `numbers` are those of the roots that were replaced. Where the name has a folder for these, docker-btrfs made
    /// what is called so: a subvolume without a mark lost it, as when files of a backup were put back onto `/`.
    func standing(_ name: Path, after numbers: [Int]) -> Facts.Standing {
        do throws(Failure) {
            guard let status = try topLevel.status(of: name) else { return .nothing }
            guard status.kind == .directory, let directory = try topLevel.directory(at: name) else {
                return .foreign(status.kind == .symlink ? "a symlink" : "a file")
            }
            if let root = try root(at: name, as: RootNumber.next(after: numbers)) { return .root(root) }
            if try directory.subvolume() == nil { return .foreign("a directory") }
            if try topLevel.status(of: Layout.roots(of: name)) == nil { return .foreign("a subvolume") }
            throw Failure("'\(name)' has no mark of its own any more")
        } catch {
            faults.addRoot(error, "what is called '\(name)' is not deleted")
            return .unreadable
        }
    }

    /// What lies where the new root is to be built. A root gets its number when its building begins. So one that was not finished has the
    /// highest number of all.
    func leftover(of name: Path, among others: [Facts.Root], taken: [Int]) -> Facts.Leftover {
        let path = Layout.new(name)
        do throws(Failure) {
            guard let status = try topLevel.status(of: path) else { return .nothing }
            guard status.kind == .directory, var left = try root(at: path) else { return .unfinished }
            let number = left.mark.number
            if !left.isGood && !others.contains(where: { $0.mark.number >= number }) { return .unfinished }
            let free = taken.contains(number) ? RootNumber.next(after: taken + others.map { $0.mark.number } + [number]) : number
            left.path = Layout.kept(name, free)
            return .replaced(left)
        } catch {
            let free = Layout.kept(name, RootNumber.next(after: taken + others.map { $0.mark.number }))
            faults.addRoot(error, "it is put aside as '\(free)'")
            return .unreadable(free)
        }
    }

    /// The chain ids of what the roots of other names were made from; nil where there is no other name.
    func chains(but name: Path) -> [ChainID]? {
        var chains: [ChainID]?
        for entry in names(in: Layout.allRoots) {
            guard let other = Layout.name(ofRootsIn: entry), other != name else { continue }
            let folder = Layout.allRoots.appending(name: entry)
            let isFolder = faults.without(false, "it is left alone") { () throws(Failure) in
                try topLevel.status(of: folder)?.kind == .directory
            }
            if !isFolder {
                faults.add("'\(folder)' is no folder of roots; it is left alone")
                continue
            }
            if chains == nil { chains = [] }
            for place in names(in: folder).map({ folder.appending(name: $0) }) + [other] {
                if let mark = mark(at: place) { chains?.append(mark.origin.chainID) }
            }
        }
        return chains
    }

    private func mark(at path: Path) -> Mark? {
        do throws(Failure) {
            guard try topLevel.status(of: path)?.kind == .directory else { return nil }
            return try topLevel.directory(at: path)?.markAndSubvolume()?.mark
        } catch {
            faults.addRoot(error, "no layer that is held is deleted")
            return nil
        }
    }

    private func names(in folder: Path) -> [[UInt8]] {
        do throws(Failure) {
            return try topLevel.directory(at: folder)?.names() ?? []
        } catch {
            faults.addRoot(error, "what is in it is left alone")
            return []
        }
    }
}

extension Facts {
    /// The roots called `name`, oldest first: those that were kept, and the one that stands. And what is wrong with any.
    package static func roots(of name: Path, on topLevel: Directory) -> (roots: [Root], faults: [String]) {
        let faults = Faults()
        let survey = RootSurvey(topLevel, Host(kernelRelease: nil, time: 0), faults)
        let (kept, numbers) = survey.kept(name)
        let standing = survey.standing(name, after: numbers + kept.map { $0.mark.number })
        return (inOrder(kept, .nothing, standing), faults.notes)
    }

    /// The mark of the root that is at `path` now, and its subvolume; nil where there is none of ours.
    public static func markedRoot(at path: Path, on topLevel: Directory) throws(Failure) -> (mark: Mark, subvolume: Subvolume)? {
        try topLevel.directory(at: path)?.markAndSubvolume()
    }
}

extension Directory {
    /// The mark of this root, and the subvolume that it is; nil where this is none of ours.
    @inline(never)
    fileprivate func markAndSubvolume() throws(Failure) -> (mark: Mark, subvolume: Subvolume)? {
        guard let subvolume = try subvolume(), let value = try attribute(Mark.attribute),
            var mark = Mark(parsing: value, subvolume: subvolume)
        else { return nil }
        mark.knownLayer = try attribute(KnownLayer.attribute).flatMap { KnownLayer(parsing: $0, root: subvolume) }
        return (mark, subvolume)
    }
}
