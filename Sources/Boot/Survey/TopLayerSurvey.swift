package import Basics
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
    private let isShared: Bool

    /// nil where the request has none. Fails where nothing is there or for this machine, and where a manifest is wrong.
    init?(of request: Request, on filesystem: Directory?, _ host: Facts.Host) throws(Failure) {
        guard let filesystem, let asked = request.topLayer else { return nil }
        guard let folder = try filesystem.directory(at: asked.path) else {
            throw try filesystem.absent(asked.path, as: "the top layer", key: "toplayer_path")
        }
        let choice = try LayerChoice(in: folder, for: host)
        var layers: [Directory] = []
        var described: [Facts.Layer] = []
        for path in choice.paths {
            guard let layer = try folder.directory(at: path) else { continue }
            layers.insert(layer, at: 0)
            described.append(Facts.Layer(path: asked.path / path, manifest: try LayerManifest(of: layer)))
        }
        self.folder = folder
        self.layers = layers
        self.described = described
        note = choice.note
        exposure = folder.keepsModes || asked.isMasked ? nil : Self.exposure
        isShared = asked.device == request.root.device
    }

    func facts(_ host: Facts.Host) throws(Failure) -> Facts.TopLayer {
        let (state, extent) = try Self.state(of: folder, layers, described, host)
        let paths = described.map { " \($0.path)" }.joined()
        let notes = [note, exposure, swapNote].compactMap { $0 }
        return Facts.TopLayer(layers: described, state: Self.short(state + paths), extent: extent, isShared: isShared, notes: notes)
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

    /// A subvolume knows when it was changed. Otherwise every file is looked at.
    private static func state(
        of folder: Directory, _ layers: [Directory], _ described: [Facts.Layer], _ host: Facts.Host
    ) throws(Failure) -> (String, Facts.Extent?) {
        if let state = try folder.subvolumeState() { return (state, nil) }
        var walk = TreeWalk(knowing: host.time)
        try walk.visit(layers, described.reversed())
        return (walk.state, walk.extent)
    }

    /// What a copy takes.
    func extent() throws(Failure) -> Facts.Extent {
        var walk = TreeWalk(knowing: nil)
        try walk.visit(layers, described.reversed())
        return walk.extent
    }
}

extension Request.TopLayer {
    /// Whether somebody thought of the modes that a filesystem without any is to show.
    fileprivate var isMasked: Bool { options.contains { $0.begins(with: "umask=") || $0.begins(with: "fmask=") } }
}

extension LayerManifest {
    /// That of a layer; an empty one where it has none.
    package init(of layer: Directory) throws(Failure) {
        guard let content = try layer.contents(of: LayerRules.manifest, limit: 1 << 20) else {
            self = .none
            return
        }
        try self.init(parsing: content, name: layer.show(LayerRules.manifest))
    }
}

extension Directory {
    /// The files that the `/etc/fstab` here has as swap (fstab(5)): none where it cannot be read.
    fileprivate var swapFiles: [Path] {
        var content: [UInt8]?
        do throws(Failure) { content = try contents(of: "etc/fstab", limit: 1 << 20) } catch {}
        return (content ?? []).split(separator: UInt8(ascii: "\n")).compactMap { line in
            let fields = line.split(maxSplits: 3) { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\t") }
            guard fields.count > 2, fields[0].first == UInt8(ascii: "/"), fields[2].elementsEqual("swap".utf8) else { return nil }
            return Path(fields[0])
        }
    }

    fileprivate func hasFile(_ path: Path) -> Bool {
        do throws(Failure) { return try target(of: path)?.kind == .file } catch { return false }
    }

    /// The state of this subvolume and of those nested in it; nil where this is none.
    fileprivate func subvolumeState() throws(Failure) -> String? {
        guard let own = try subvolume() else { return nil }
        var states = own.state
        for path in try nestedSubvolumes() {
            states += " " + (try directory(at: path)?.subvolume()?.state ?? "")
        }
        return states + " "
    }
}
