internal import Basics
internal import Images
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
        isShared = asked.device == request.rootDevice
    }

    func facts(_ host: Facts.Host) throws(Failure) -> Facts.TopLayer {
        let (state, extent) = try Self.state(of: folder, layers, host)
        let paths = described.map { " \($0.path)" }.joined()
        return Facts.TopLayer(layers: described, state: state + paths, extent: extent, isShared: isShared, note: note)
    }

    /// A subvolume knows when it was changed. Otherwise every file is looked at.
    private static func state(
        of folder: Directory, _ layers: [Directory], _ host: Facts.Host
    ) throws(Failure) -> (String, Facts.Extent?) {
        if let state = try folder.subvolumeState() { return (state, nil) }
        var walk = TreeWalk(knowing: host.time)
        for layer in layers { try walk.visit(layer, at: .top) }
        return (walk.digest().description, walk.extent)
    }

    /// What a copy takes.
    func extent() throws(Failure) -> Facts.Extent {
        var walk = TreeWalk(knowing: nil)
        for layer in layers { try walk.visit(layer, at: .top) }
        return walk.extent
    }
}

extension LayerManifest {
    fileprivate init(of layer: Directory) throws(Failure) {
        guard let content = try layer.contents(of: LayerRules.manifest) else {
            self = .none
            return
        }
        try self.init(parsing: content, name: layer.show(LayerRules.manifest))
    }
}

extension Directory {
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

/// Looks at every file of a tree, but not into it. What identifies the tree's state is the digest of all paths with type, mode,
/// owner, size, times of content and of attributes, and inode: `rsync --times` does not get past ctime.
///
/// Where a filesystem does not keep these, or a file was changed when the clock was wrong, its content counts too: a clock that
/// shows the same time twice would hide a change.
private struct TreeWalk {
    private(set) var extent = Facts.Extent(size: 0, files: 0)
    private var builder = Digest.Builder()
    /// Seconds since 1970; nil where only the extent is wanted.
    private let now: Int?
    /// No clock that is right shows less: 2026-01-01.
    private static let earliest = 1_767_225_600

    init(knowing now: Int?) {
        self.now = now
    }

    func digest() -> Digest { builder.digest() }

    mutating func visit(_ directory: Directory, at path: Path) throws(Failure) {
        for name in try directory.names() {
            let entry = Path.top.appending(name: name)
            guard let status = try directory.status(of: entry) else { continue }
            let place = path.appending(name: name)
            extent.files += 1
            extent.size += status.kind == .file ? status.size : 0
            if let now { try add(directory, entry, place, status, now) }
            if status.kind == .directory, let inner = try directory.directory(at: entry) { try visit(inner, at: place) }
        }
    }

    private mutating func add(
        _ directory: Directory, _ entry: Path, _ place: Path, _ status: Status, _ now: Int
    ) throws(Failure) {
        let numbers = [
            Int(status.permissions), Int(status.owner), Int(status.group), status.size, status.modified, status.changed,
            Int(truncatingIfNeeded: status.inode),
        ]
        builder.add(place.bytes + [0] + Array(numbers.map { "\($0)" }.joined(separator: " ").utf8) + [0])
        if status.kind != .file { return }
        let seconds = status.changed / 1_000_000_000
        if directory.keepsChangeTimes && (Self.earliest...max(now, Self.earliest)).contains(seconds) { return }
        var content = Digest.Builder()
        try directory.forEachPiece(of: entry) { content.add($0) }
        builder.add(Array(content.digest().hex.utf8))
    }
}
