public import Basics

/// A layer of an image as a store has it, with paths from the top of the store's filesystem.
public struct StoredLayer: Equatable, Sendable {
    /// What the store knows of the files in it.
    public enum Record: Equatable, Sendable {
        /// Names, sizes and checksums: https://github.com/vbatts/tar-split, compressed by gzip.
        case tarSplit(Path)
        /// The archive that it was unpacked from, maybe compressed by gzip or zstd.
        case archive(Path)

        func below(_ base: Path) -> Record {
            switch self {
            case .tarSplit(let path): .tarSplit(base / path)
            case .archive(let path): .archive(base / path)
            }
        }
    }

    public let folder: Path
    /// nil where the store kept nothing.
    public let record: Record?
}

extension ImageStores {
    /// The layers of an image, the lowest first. Fails where the store does not have it any more.
    public func layers(of image: Image) throws(Failure) -> [StoredLayer] {
        for store in stores where store.kind == image.store {
            guard let layers = try store.layers(of: image), !layers.isEmpty else { continue }
            return layers.map { StoredLayer(folder: store.path / $0.folder, record: $0.record?.below(store.path)) }
        }
        throw Failure(
            "could not find the layers of '\(image.reference)': its store does not have it any more", hint: "pull or build it again")
    }
}

extension ImageStore {
    fileprivate func layers(of image: Image) throws(Failure) -> [StoredLayer]? {
        switch self {
        case .docker(let store): try store.layers(of: image)
        case .containerd(let store): try store.layers(of: image)
        case .containers(let store): try store.layers(of: image)
        }
    }
}

extension DockerStore {
    /// nil where it does not have the image.
    fileprivate func layers(of image: Image) throws(Failure) -> [StoredLayer]? {
        guard try entry(for: ImageReference("\(image.id)")) != nil else { return nil }
        let configuration = try configuration(of: image.id, image.reference)
        return try layers.records(of: configuration.chains)
    }
}

extension LayerDatabase {
    fileprivate func records(of chains: [ChainID]) throws(Failure) -> [StoredLayer] {
        var records: [StoredLayer] = []
        for chain in chains {
            let record = directory(of: chain) / "tar-split.json.gz"
            let isThere = try store.status(of: record) != nil
            records.append(StoredLayer(folder: try folder(of: chain), record: isThere ? .tarSplit(record) : nil))
        }
        return records
    }
}

extension ContainerdStore {
    /// nil where it does not have the image.
    fileprivate func layers(of image: Image) throws(Failure) -> [StoredLayer]? {
        guard try entry(for: ImageReference("\(image.id)")) != nil else { return nil }
        guard let (configuration, archives) = try content.layers(of: image.id.digest) else { return nil }
        let snapshots = try snapshots()
        var layers: [StoredLayer] = []
        for (index, chain) in configuration.chains.enumerated() {
            guard let snapshot = try snapshots.snapshot(chain.description) else { return nil }
            // The archives are named by the manifest, the layers by the configuration; pulled content may be removed after it was unpacked.
            let archive = archives.count == configuration.layers.count ? archives[index] : nil
            let isThere = try archive.map { path throws(Failure) in try root.status(of: path) != nil } ?? false
            layers.append(StoredLayer(folder: snapshot.folder(of: kind), record: isThere ? archive.map { .archive($0) } : nil))
        }
        return layers
    }
}

extension ContainersStore {
    /// nil where it does not have the image.
    fileprivate func layers(of image: Image) throws(Failure) -> [StoredLayer]? {
        guard let top = try records().first(where: { $0.id == image.id })?.layer else { return nil }
        var layers: [StoredLayer] = []
        for id in try self.layers().stack(from: top).reversed() {
            let record = (Path("\(kind.driver)-layers") ?? .top).appending("\(id.hex).tar-split.gz")
            layers.append(StoredLayer(folder: folder(id), record: try root.status(of: record) == nil ? nil : .tarSplit(record)))
        }
        return layers
    }
}
