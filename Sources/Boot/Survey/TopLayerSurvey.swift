internal import Basics
internal import Planning

/// The top layer that a request names, open.
struct MachineFiles {
    /// What `toplayer_path=` names.
    let folder: Directory
    /// In the order in which they are laid over the root.
    let described: [Facts.Layer]
    /// The same, the uppermost first.
    let layers: [Directory]
    /// Why there is none that is this machine's alone.
    let note: String?
    /// Why everybody can read its files in the root.
    private let exposure: String?
    /// Whether it is on the roots' filesystem.
    let isShared: Bool
    /// Whether all of them are in the folder.
    private let areInFolder: Bool
    /// Where the folder is.
    private let path: Path

    /// nil where the request has none. Fails where nothing is there or for this machine, and where a manifest is wrong.
    init?(of request: Request, on filesystem: Directory?, besides topLevel: Directory, _ host: Facts.Host) throws(Failure) {
        guard let filesystem, let asked = request.topLayer else { return nil }
        guard let folder = try filesystem.directory(at: asked.path) else {
            throw try filesystem.absent(asked.path, as: "the top layer", key: "toplayer_path")
        }
        let choice = try LayerChoice(in: asked.path, on: filesystem, for: host)
        var layers: [Directory] = []
        var described: [Facts.Layer] = []
        for path in choice.paths {
            // As the copy opens it.
            guard let layer = try filesystem.directory(at: asked.path / path) else {
                throw Failure("could not open the top layer '\(filesystem.show(asked.path / path))': it is not there any more")
            }
            layers.insert(layer, at: 0)
            described.append(Facts.Layer(path: asked.path / path, manifest: try LayerManifest(of: layer)))
        }
        self.folder = folder
        path = asked.path
        areInFolder = !choice.hasLinks
        self.layers = layers
        self.described = described
        note = choice.note
        exposure = folder.keepsModes || asked.isMasked ? nil : Self.exposure
        // The root's filesystem may be meant by another of its names.
        let tops = (try filesystem.status(of: .top)?.device, try topLevel.status(of: .top)?.device)
        isShared = asked.device == request.root.device || tops.0 == tops.1 || filesystem.isOnBtrfs(of: topLevel)
    }

    /// All directories that it is made of: those in the folder are looked at with that.
    var places: [Directory] { areInFolder ? [folder] : [folder] + layers }

    /// A subvolume knows when it was changed. Of an ordinary directory, btrfs tells whether it was changed since the last root was made.
    /// Otherwise every file is looked at. `marks` are those of all roots; the last one is that of the newest root.
    func facts(marks: [Mark]) throws(Failure) -> Facts.TopLayer {
        if areInFolder, let state = try folder.subvolumeState(without: isLeftOut) { return facts(state: state) }
        // Only on the roots' own filesystem. Another one may be replaced by a copy of itself, with the same UUID and transaction numbers.
        guard isShared, areInFolder, let here = folder.place() else {
            let walk = try walk(hasState: true)
            return facts(state: walk.state, extent: walk.extent)
        }
        let known = marks.last { $0.knownLayer?.isOf(here.subvolume.uuid, here.inode) == true && $0.origin.isOver(paths) }?.knownLayer
        func next(_ state: String) -> KnownLayer {
            KnownLayer(subvolume: here.subvolume.uuid, inode: here.inode, transaction: here.subvolume.written, state: state)
        }
        if let known, known.transaction <= here.subvolume.written, folder.isUnchanged(since: known) {
            return facts(state: known.state, known: next(known.state))
        }
        let walk = try walk(hasState: true)
        return facts(state: walk.state, known: walk.devices == [here.device] ? next(walk.state) : nil, extent: walk.extent)
    }

    private func facts(state: String, known: KnownLayer? = nil, extent: Facts.Extent? = nil) -> Facts.TopLayer {
        Facts.TopLayer(
            layers: described, state: Self.short(state + paths.map { " \($0)" }.joined()), known: known, extent: extent,
            isShared: isShared, notes: [note, exposure, swapNote].compactMap { $0 })
    }

    private var paths: [Path] { described.map { $0.path } }

    /// Whether what is at a path in the folder is left out, where the folder is the only layer.
    private func isLeftOut(_ place: Path) -> Bool {
        described.contains { $0.path == path && !$0.manifest.rules.isCopied(place) }
    }

    private static let exposure = """
        the top layer's filesystem keeps no modes: everybody can read its files in the root; toplayerflags= with umask= \
        or fmask= sets them
        """

    /// A file whose data is another one's too cannot be swap (btrfs(5)), and roots share data with templates and with the layer.
    private var swapNote: String? {
        for layer in layers {
            for file in layer.swapFiles where layers.contains(where: { $0.hasFile(file) }) {
                return """
                    the swap file '\(file)' of the top layer cannot be used in a root, whose files share their data with others: make it \
                    with 'btrfs filesystem mkswapfile' in a subvolume of its own, which '/etc/fstab' mounts, and take it out of the layer
                    """
            }
        }
        return nil
    }

    /// A state has to fit in a mark, however many subvolumes a layer has and however long its path is.
    private static func short(_ state: String) -> String {
        state.utf8.count <= 1024 ? state : Digest.of(Array(state.utf8)).description
    }

    /// What a copy takes.
    func extent() throws(Failure) -> Facts.Extent { try walk(hasState: false).extent }

    private func walk(hasState: Bool) throws(Failure) -> TreeWalk {
        var walk = TreeWalk(hasState: hasState)
        try walk.visit(layers, described.reversed())
        return walk
    }
}

extension Request.TopLayer {
    /// Whether the options say which modes the files of a filesystem without modes have.
    fileprivate var isMasked: Bool { options.contains { $0.begins(with: "umask=") || $0.begins(with: "fmask=") } }

    /// What of its filesystem is mounted; nil where the options do not name it.
    var subvolume: Path? { options.last { $0.begins(with: "subvol=") }.flatMap { $0.after("subvol=") }.flatMap { Path($0) } }
}

extension Directory {
    /// The files that the `/etc/fstab` here has as swap (fstab(5)): none where it cannot be read.
    fileprivate var swapFiles: [Path] {
        let content = (try? contents(of: "etc/fstab", limit: 1 << 20)) ?? []
        return content.split(separator: UInt8(ascii: "\n")).compactMap { line in
            let fields = line.split(maxSplits: 3) { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
            guard fields.count > 2, fields[0].first == UInt8(ascii: "/"), fields[2].elementsEqual("swap".utf8) else { return nil }
            return Path(fields[0])
        }
    }

    fileprivate func hasFile(_ path: Path) -> Bool { (try? target(of: path))?.kind == .file }

    /// Where this directory is; nil where that is not btrfs, or cannot be found out.
    fileprivate func place() -> (subvolume: Subvolume, inode: UInt64, device: UInt64)? {
        guard let status = try? status(of: .top), let subvolume = try? surroundingSubvolume() else { return nil }
        return (subvolume, status.inode, status.device)
    }

    /// Only root may look at what btrfs has of it.
    fileprivate func isUnchanged(since known: KnownLayer) -> Bool {
        (try? SubvolumeTree(self).isChanged(known.inode, after: known.transaction)) == false
    }

    /// The state of this subvolume and of those nested in it that are not left out; nil where this is none.
    fileprivate func subvolumeState(without isLeftOut: (Path) -> Bool) throws(Failure) -> String? {
        guard let own = try subvolume() else { return nil }
        var states = own.state
        for path in try nestedSubvolumes() where !isLeftOut(path) {
            states += " " + (try directory(at: path)?.subvolume()?.state ?? "")
        }
        return states + " "
    }
}
