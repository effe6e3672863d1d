internal import Basics
internal import Boot
internal import Linux
internal import Planning

/// What a root was before anything was changed in it.
struct RootBase {
    let tree: Directory
    /// The transaction after which the root went its own way; nil where it is no relative of the tree.
    let since: UInt64?
    /// When what the root has of the layers was laid over it, in seconds since 1970: of a root that is a copy of another one, when that was
    /// made.
    let made: Int
    /// Whether the top layers in it are as they are now, and may have what the root was never given.
    var isOfLayersNow = false
    let notes: [String]

    /// The template that a root is a snapshot of, or that is a snapshot of it before its first boot.
    static func template(of root: Subvolume, made: Int, on topLevel: Directory) throws(Failure) -> RootBase? {
        for name in try topLevel.directory(at: Layout.templates)?.names() ?? [] {
            let path = Layout.templates.appending(name: name)
            guard try topLevel.status(of: path)?.kind == .directory, let tree = try topLevel.directory(at: path),
                let template = try tree.subvolume(), template.isPristine
            else { continue }
            if template.uuid == root.source { return RootBase(tree: tree, since: root.made, made: made, notes: []) }
            if template.source == root.uuid { return RootBase(tree: tree, since: template.made, made: made, notes: []) }
        }
        return nil
    }
}

extension Site {
    /// Where a base is made that there is none of; it goes when it was looked at. One that is there was left by a run that was killed.
    private static let draft = Place(Layout.base)

    /// Hands out the base of a root: its template; where that is not there any more, what a boot would make of its layer and of the top
    /// layers as they are now.
    func withBase<Result>(of root: ListedRoot, _ body: (RootBase) throws(Failure) -> Result) throws(Failure) -> Result {
        guard let own = try topLevel.directory(at: root.root.path)?.subvolume() else {
            throw Failure("could not compare \(root.title): it is not there any more")
        }
        if !root.hasRecord {
            throw Failure(
                "could not compare \(root.title): only its mark says what it was made of, which whoever is in it can write",
                hint: "docker-btrfs enter --project OTHER makes one that has it written down; what is to stay is copied there")
        }
        let (line, made) = try lineage(of: own, root)
        for link in line {
            if let base = try RootBase.template(of: link, made: made, on: topLevel) { return try body(base) }
        }
        let origin = root.root.mark.origin
        if let (path, layer, subvolume) = try layer(of: root) {
            // What is held is a snapshot of the layer, as the root may be.
            let link = line.last { subvolume.uuid == $0.source || !$0.source.isEmpty && subvolume.source == $0.source }
            // Of what is only entered no init is asked.
            let program: Path? = root.project == nil ? nil : "bin/sh"
            return try withDraft(of: path, layer, root, initProgram: program, since: link?.made, made: made, body)
        }
        throw Failure(
            "could not compare \(root.title): neither its template nor the layer of '\(origin.reference.text)' is there any more",
            hint: "docker-btrfs deploy \(origin.reference.text) holds the layer again, if the image is the same")
    }

    /// The layer that a root was made from, as it is held or as the store has it; nil where it is gone.
    func layer(of root: ListedRoot) throws(Failure) -> (path: Path, tree: Directory, subvolume: Subvolume)? {
        let origin = root.root.mark.origin
        for path in [Layout.hold(origin.chainID), origin.layer] {
            if let tree = try topLevel.directory(at: path), let subvolume = try tree.subvolume() { return (path, tree, subvolume) }
        }
        return nil
    }

    /// A root, and those that it is a copy of, from root to root; and when the first of them was made.
    private func lineage(of own: Subvolume, _ root: ListedRoot) throws(Failure) -> (line: [Subvolume], made: Int) {
        var others: [(subvolume: Subvolume, made: Int)] = []
        for one in try roots().roots {
            if let subvolume = try topLevel.directory(at: one.root.path)?.subvolume() { others.append((subvolume, one.made)) }
        }
        var (line, made) = ([own], root.made)
        while let source = others.first(where: { $0.subvolume.uuid == line[line.count - 1].source }), !line.contains(source.subvolume) {
            line.append(source.subvolume)
            made = source.made
        }
        return (line, made)
    }

    private func withDraft<Result>(
        of path: Path, _ layer: Directory, _ root: ListedRoot, initProgram: Path?, since: UInt64?, made: Int,
        _ body: (RootBase) throws(Failure) -> Result
    ) throws(Failure) -> Result {
        let lock = lock == nil ? try FilesystemLock(on: topLevel, seconds: 0) { _ in } : nil
        defer { withExtendedLifetime(lock) {} }
        var (layers, notes): ([Facts.Layer], [String]) = ([], [])
        var opened: [Directory] = []
        for path in root.root.mark.origin.topLayers {
            guard let layer = try topLevel.directory(at: path) else {
                notes.append("the top layer '\(path)' is not there any more: its files count as added")
                continue
            }
            layers.append(Facts.Layer(path: path, manifest: try LayerManifest(of: layer)))
            opened.insert(layer, at: 0)
        }
        let contents = try Facts.Contents(
            of: ImageFiles(of: [layer]), under: opened, of: root.root.mark.origin.reference.text, initProgram: initProgram,
            Facts.Host(kernelRelease: nil, time: 0)
        )
        var steps: [Step] = [.snapshot(of: Place(path), at: Self.draft)]
        steps += contents.preparation(of: Self.draft, from: Place(path), removingIdentity: layers.removeIdentity)
        steps += layers.map { .copyTopLayer(Place($0.path), $0.manifest.rules, over: Self.draft) }
        try topLevel.makeWritableHere()
        var machine = LinuxMachine(topLevel: topLevel, topLayer: .success(nil))
        try remove(&machine)
        do throws(Failure) {
            for step in steps { try machine.carryOut(step) }
            guard let tree = try topLevel.directory(at: Self.draft.path) else { throw Failure("'\(Self.draft.path)' is gone") }
            let result = try body(RootBase(tree: tree, since: since, made: made, isOfLayersNow: !layers.isEmpty, notes: notes))
            try remove(&machine)
            return result
        } catch {
            try? remove(&machine)
            throw error
        }
    }

    private func remove(_ machine: inout LinuxMachine) throws(Failure) {
        if try topLevel.status(of: Self.draft.path) == nil { return }
        try machine.carryOut(.deleteSubvolume(Self.draft))
    }
}
