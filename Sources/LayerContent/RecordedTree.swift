internal import Basics
internal import Planning

/// The files that layers have together, as they were recorded.
final class RecordedTree {
    private(set) var folders: [[UInt8]: RecordedTree] = [:]
    private(set) var files: [[UInt8]: RecordedFile] = [:]
    /// The first names of all paths that layers had something below: of the topmost tree alone.
    private var touched: Set<[UInt8]> = []

    /// Lays a layer over those that are there: what it hides goes first, whatever the order in its archive.
    /// https://github.com/opencontainers/image-spec/blob/main/layer.md
    func add(_ layer: [RecordedFile]) {
        let named = layer.compactMap { file in Self.path(file).map { (path: $0, file: file) } }
        for (path, _) in named {
            if !path.parent.isTop { touched.insert(path.components[0]) }
            switch LayerName(path.name) {
            case .opaque: folder(path.parent, isMade: false)?.clear()
            case .whiteout(let hidden?): folder(path.parent, isMade: false)?.remove(hidden)
            case .whiteout(nil), .reserved, .entry: break
            }
        }
        for (path, file) in named where LayerName(path.name) == .entry {
            let parent = folder(path.parent, isMade: file.size > 0)
            if file.name.last == UInt8(ascii: "/") {
                parent?.files[path.name] = nil
            } else {
                parent?.remove(path.name)
                if file.size > 0 { parent?.files[path.name] = file }
            }
        }
    }

    /// Forgets what a link at the top leads to, where a layer named something by way of it: whether `lib/x` came before `usr/lib/x` or
    /// after it is not known.
    func forget(_ target: Path, behind link: [UInt8]) {
        if touched.contains(link) { folder(target, isMade: false)?.clear() }
    }

    private func folder(_ path: Path, isMade: Bool) -> RecordedTree? {
        var tree = self
        for name in path.components {
            if let folder = tree.folders[name] {
                tree = folder
            } else if isMade {
                let folder = RecordedTree()
                tree.folders[name] = folder
                tree.files[name] = nil
                tree = folder
            } else {
                return nil
            }
        }
        return tree
    }

    private func remove(_ name: [UInt8]) {
        files[name] = nil
        folders[name] = nil
    }

    private func clear() {
        files = [:]
        folders = [:]
    }

    /// nil where engines unpack nothing: what AUFS noted for itself, at the top and all below.
    private static func path(_ file: RecordedFile) -> Path? {
        guard let path = Path(file.name), let first = path.components.first else { return nil }
        switch LayerName(first) {
        case .reserved: return nil
        case .opaque: return path.parent.isTop ? path : nil
        case .entry, .whiteout: return path
        }
    }
}
