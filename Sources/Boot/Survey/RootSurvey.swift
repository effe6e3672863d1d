public import Basics
internal import Planning

extension Facts {
    /// The root that is at `path` now; nil where there is none of ours.
    public func root(at path: Path, on topLevel: Directory) throws(Failure) -> Root? {
        try Root(at: path, on: topLevel, host)
    }
}

extension Facts.Root {
    /// The root at `path`; nil where that is no subvolume, or one without a mark of its own.
    init?(at path: Path, on topLevel: Directory, _ host: Facts.Host) throws(Failure) {
        guard let directory = try topLevel.directory(at: path), let subvolume = try directory.subvolume() else { return nil }
        guard let value = try directory.attribute(Mark.attribute), let mark = Mark(parsing: value, subvolume: subvolume) else {
            return nil
        }
        self.path = path
        self.mark = mark
        isGood = try directory.attribute(GoodMark.attribute).map { $0.elementsEqual(GoodMark.text(subvolume: subvolume).utf8) } ?? false
        modules = try Facts.Modules(of: [directory], host)
        let subvolumes = try directory.nestedSubvolumes()
        nested = outermost(subvolumes)
        occupied = []
        for nested in subvolumes {
            if try directory.directory(at: nested)?.hasFiles() == true { occupied.append(nested) }
        }
    }

    /// The roots called `name` that were replaced, oldest first, and the highest number that any of their places has.
    static func kept(
        _ name: Path, on topLevel: Directory, _ host: Facts.Host
    ) throws(Failure) -> (roots: [Facts.Root], lastNumber: Int) {
        var roots: [Facts.Root] = []
        var last = 0
        for entry in try topLevel.directory(at: Layout.roots(of: name))?.names() ?? [] {
            guard let number = Layout.number(entry) else { continue }
            last = max(last, number)
            let path = Layout.roots(of: name).appending(name: entry)
            guard try topLevel.status(of: path)?.kind == .directory else { continue }
            if let root = try Facts.Root(at: path, on: topLevel, host) { roots.append(root) }
        }
        return (roots.sorted { $0.mark.number < $1.mark.number }, last)
    }

    /// The chain ids of what the roots of other names were made from.
    static func chains(but name: Path, on topLevel: Directory, _ host: Facts.Host) throws(Failure) -> [ChainID] {
        var chains: [ChainID] = []
        for entry in try topLevel.directory(at: Layout.allRoots)?.names() ?? [] {
            guard let other = Layout.name(ofRootsIn: entry), other != name else { continue }
            chains += try kept(other, on: topLevel, host).roots.map { $0.mark.origin.chainID }
            for place in [other, Layout.new(other)] where try topLevel.status(of: place)?.kind == .directory {
                if let root = try Facts.Root(at: place, on: topLevel, host) { chains.append(root.mark.origin.chainID) }
            }
        }
        return chains
    }
}

extension Facts.Standing {
    init(of name: Path, on topLevel: Directory, _ host: Facts.Host) throws(Failure) {
        guard let status = try topLevel.status(of: name) else {
            self = .nothing
            return
        }
        guard status.kind == .directory, let directory = try topLevel.directory(at: name) else {
            self = .foreign(status.kind == .symlink ? "a symlink" : "a file")
            return
        }
        if let root = try Facts.Root(at: name, on: topLevel, host) {
            self = .root(root)
        } else {
            self = .foreign(try directory.subvolume() == nil ? "a directory" : "a subvolume")
        }
    }
}

extension Directory {
    /// Whether anything but directories is below this one, or more of them in one another than are looked at.
    fileprivate func hasFiles(within depth: Int = 100) throws(Failure) -> Bool {
        if depth == 0 { return true }
        for name in try names() {
            let entry = Path.top.appending(name: name)
            guard try status(of: entry)?.kind == .directory else { return true }
            if try directory(at: entry)?.hasFiles(within: depth - 1) == true { return true }
        }
        return false
    }
}

/// Those of some paths that are below none of the others.
func outermost(_ paths: [Path]) -> [Path] {
    paths.filter { path in !paths.contains { $0 != path && path.bytes.starts(with: $0.bytes + [UInt8(ascii: "/")]) } }
}

extension Facts.Modules {
    /// `layers` lie over one another, the first on top.
    init(of layers: [Directory], _ host: Facts.Host) throws(Failure) {
        guard let release = host.kernelRelease, let name = Path(release) else {
            self = .notNeeded
            return
        }
        self = .notNeeded
        for layer in layers {
            for modules: Path in ["lib/modules", "usr/lib/modules"] {
                if try layer.target(of: modules / name)?.kind == .directory {
                    self = .present
                    return
                }
                if try layer.directory(at: modules)?.names().isEmpty == false { self = .absent }
            }
        }
    }
}
