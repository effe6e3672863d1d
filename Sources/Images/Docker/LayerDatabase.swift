internal import Basics

/// Where a store's layers are (moby, layer/filestore.go): one directory for each chain id, with the files `cache-id`, `diff` and,
/// but for a lowest layer, `parent`, each with one value.
struct LayerDatabase {
    let store: Directory
    let driver: GraphDriver
    /// The directories by chain ids.
    let entries: Path

    init(store: Directory, driver: GraphDriver) {
        self.store = store
        self.driver = driver
        entries = driver.metadata / "layerdb/sha256"
    }

    /// The tree of an image's layers. Fails where the database and the image do not agree, and where a folder is not what the
    /// driver made.
    func tree(of image: ImageConfiguration) throws(Failure) -> ImageTree {
        let (layers, chains) = (image.layers, image.chains)
        var folders: [Path] = []
        for index in layers.indices.reversed() where folders.isEmpty || driver.kind.isStacked {
            let parent = index == 0 ? nil : chains[index - 1]
            folders.append(try folder(of: layers[index], chains[index], on: parent, isTop: folders.isEmpty))
        }
        return try LayerFolders(root: store, kind: driver.kind).tree(folders)
    }

    /// The tree of a container: its own folder, and below it those of an image. nil where there is no such container.
    func tree(ofContainer id: ImageID) throws(Failure) -> ImageTree? {
        let entry = (driver.metadata / "layerdb/mounts").appending(id.digest.hex)
        guard try store.status(of: entry)?.kind == .directory else { return nil }
        let mount = try cacheID(in: entry / "mount-id").name
        var folders = [driver.folder(mount)]
        if driver.kind.isStacked {
            let initial = driver.folder(mount + Array("-init".utf8))
            if try store.status(of: initial) != nil { folders.append(initial) }
            folders += try self.folders(below: entry)
        }
        return try LayerFolders(root: store, kind: driver.kind).tree(folders)
    }

    /// The folders of the layer that the `parent` in an entry names, and of those below it. A chain id is made of the one below:
    /// no such list comes back to where it was.
    private func folders(below entry: Path) throws(Failure) -> [Path] {
        var folders: [Path] = []
        var next = try digest(in: entry / "parent")
        while let chain = next {
            let place = directory(of: ChainID(chain))
            next = try digest(in: place / "parent")
            guard let layer = try digest(in: place / "diff").map({ DiffID($0) }),
                ChainID(of: layer, on: next.map { ChainID($0) }).digest == chain
            else { throw Failure("could not use '\(store.show(place))': its layer and its place do not agree", hint: repairHint) }
            folders.append(driver.folder(try cacheID(in: place / "cache-id").name))
        }
        return folders
    }

    func directory(of chain: ChainID) -> Path {
        entries.appending(chain.digest.hex)
    }

    private func folder(of layer: DiffID, _ chain: ChainID, on parent: ChainID?, isTop: Bool) throws(Failure) -> Path {
        let entry = directory(of: chain)
        let diff = try value(of: entry / "diff")
        // What has a file in it is a directory.
        if diff == nil, try store.status(of: entry)?.kind != .directory {
            throw Failure(
                "could not find the image's \(isTop ? "top layer" : "layer"): there is no directory '\(store.show(entry))'",
                hint: repairHint)
        }
        try check(diff, in: entry / "diff", is: layer.digest)
        try check(value(of: entry / "parent"), in: entry / "parent", is: parent?.digest)
        return try self.folder(of: chain)
    }

    func folder(of chain: ChainID) throws(Failure) -> Path {
        driver.folder(try cacheID(in: directory(of: chain) / "cache-id").name)
    }

    private func cacheID(in file: Path) throws(Failure) -> CacheID {
        let name = try value(of: file)
        if let cache = name.flatMap({ CacheID($0) }) { return cache }
        let state = name.map { "'\(display($0))' is not a cache id" } ?? "it is not there"
        throw Failure("could not use '\(store.show(file))': \(state)", hint: repairHint)
    }

    private func digest(in file: Path) throws(Failure) -> Digest? {
        guard let text = try value(of: file) else { return nil }
        if let digest = Digest(String(decoding: text, as: UTF8.self)) { return digest }
        throw Failure("could not use '\(store.show(file))': '\(display(text))' is not a digest", hint: repairHint)
    }

    private func check(_ found: [UInt8]?, in file: Path, is expected: Digest?) throws(Failure) {
        let wanted = expected.map { Array($0.description.utf8) }
        if found == wanted { return }
        let state = found.map { "it says '\(display($0))'" } ?? "it is not there"
        throw Failure(
            "could not use '\(store.show(file))': \(state), the image says \(expected.map { "'\($0)'" } ?? "that nothing is below")",
            hint: repairHint
        )
    }

    private func value(of file: Path) throws(Failure) -> [UInt8]? { try Images.value(of: file, in: store) }
}
