internal import Basics
internal import Planning

extension MachineFiles {
    /// More files than any machine makes for itself: a pattern may fit what users of the system make.
    private static let most = 1000

    /// The create-only files that the standing root's system made and no layer has. What the root has from its image is none.
    func minted(by standing: Facts.Standing, on topLevel: Directory, _ faults: Faults) -> [Path] {
        // Without a folder of its own, nothing is this machine's. Version 0.1 did not write down what a root was made with.
        guard case .root(let root) = standing, note == nil, !root.mark.origin.topLayers.isEmpty else { return [] }
        let consequence = "what the system of \(root.title) made for this machine is not carried over"
        return faults.without([], consequence) { () throws(Failure) in
            let patterns = described.flatMap { $0.manifest.createOnly }
            guard !patterns.isEmpty, let system = try topLevel.directory(at: root.path) else { return [] }
            guard let image = topLevel.held(root.mark.origin.chainID) else { throw Failure("the layer of \(root.title) is not held") }
            var found: [Path] = []
            for pattern in patterns {
                for path in minted(pattern, system, image, faults) where !found.contains(path) { found.append(path) }
            }
            // It may be the root of another machine.
            if found.isEmpty || root.mark.origin.isOver(described.map { $0.path }) { return found }
            throw Failure("'\(found[0])' is in no top layer, and \(root.title) was not made with these")
        }
    }

    /// Those that fit one pattern, sorted.
    private func minted(_ pattern: PathPattern, _ system: Directory, _ image: Directory, _ faults: Faults) -> [Path] {
        var found: [Path] = []
        do throws(Failure) {
            guard try system.target(of: pattern.parent)?.kind == .directory else { return [] }
            // Any user can make a symlink: one to a directory that he cannot enter would bring him copies of what is in it.
            if (try? system.child(pattern.parent.cString)) == nil {
                throw Failure("'\(system.show(pattern.parent))' is reached by a symlink: create_only has to name what it leads to")
            }
            try ImageFiles(of: [system]).forEachFile(fitting: pattern) { path throws(Failure) in
                if found.count > Self.most { return }
                if try image.hasSame(path, as: system) { return }
                if !isCopied(path) {
                    faults.add("'\(path)' is not stored in the top layer: with that name it would not be a file there")
                } else if try !brings(path) {
                    found.append(path)
                }
            }
        } catch {
            faults.add(error, "what else is to be stored in the top layer from '\(pattern.parent)' is not known")
        }
        if found.count > Self.most {
            found.removeLast()
            faults.add("more than \(Self.most) files in '\(pattern.parent)' are to be stored in the top layer; the others are not")
        }
        return found.sortedByBytes { $0.bytes }
    }

    private func isCopied(_ path: Path) -> Bool {
        for layer in described where !layer.manifest.rules.isCopied(path) { return false }
        return true
    }

    /// Whether a layer has anything at that path.
    private func brings(_ path: Path) throws(Failure) -> Bool {
        for layer in layers where try layer.status(of: path) != nil { return true }
        return false
    }
}

extension LayerRules {
    /// Whether what a layer has at a path goes into the root: what a directory is left out with, is left out too.
    @inline(never)
    func isCopied(_ path: Path) -> Bool {
        var place = path
        while !place.isTop {
            if !isCopied(place.name, in: place.parent) { return false }
            place = place.parent
        }
        return true
    }
}

extension Directory {
    /// Whether both have the same regular file.
    fileprivate func hasSame(_ path: Path, as other: Directory) throws(Failure) -> Bool {
        guard let own = try status(of: path), own.kind == .file, let status = try other.status(of: path), own.size == status.size else {
            return false
        }
        return try contents(of: path) == other.contents(of: path)
    }
}
