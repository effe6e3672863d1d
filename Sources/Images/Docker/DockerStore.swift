internal import Basics

/// The images that Docker keeps with one of its graph drivers below a data-root. The format did not change from Docker 20.10 to 29.
///
/// To find an image, its own files are read and no others: the cost does not grow with the store, and damage elsewhere in it
/// does not matter.
final class DockerStore: Sendable {
    let root: Directory
    /// Where that is, from the top of its filesystem.
    let path: Path
    let driver: GraphDriver
    let layers: LayerDatabase

    /// nil where the driver keeps nothing in the directory.
    init?(at root: Directory, _ path: Path, driver: GraphDriver) throws(Failure) {
        guard try root.target(of: driver.metadata)?.kind == .directory else { return nil }
        self.root = root
        self.path = path
        self.driver = driver
        layers = LayerDatabase(store: root, driver: driver)
    }

    var kind: StoreKind { driver.kind }

    /// What the Docker daemon finds for a reference: an id in full is only ever an id, then names, then the beginning of an id if
    /// it is that of one image only. nil where there is no such image.
    func entry(for reference: ImageReference) throws(Failure) -> StoreEntry? {
        switch reference.kind {
        case .container: return nil
        case .id(let id): return try root.status(of: file(of: id)).map { StoreEntry(id: id, changed: $0.modified) }
        case .name(let name):
            var found = try names().image(name)
            if found == nil { found = try idBeginning(reference) }
            return try found.map { id throws(Failure) in StoreEntry(id: id, changed: try changed(id)) }
        }
    }

    /// The image of an id. Fails where it is not there and where something of it is damaged.
    func image(_ id: ImageID, reference: ImageReference) throws(Failure) -> Image {
        try image(id, configuration(of: id, reference), reference: reference)
    }

    func image(_ id: ImageID, _ configuration: ImageConfiguration, reference: ImageReference) throws(Failure) -> Image {
        guard let chain = configuration.chains.last else {
            throw Failure("could not use image '\(reference.text)': it has no layers, so there is nothing to boot")
        }
        return Image(
            reference: reference, id: id, chainID: chain, tree: try layers.tree(of: configuration),
            os: configuration.os, architecture: configuration.architecture, store: kind
        )
    }

    /// What a container became; nil where there is none of that id.
    func container(_ id: ImageID, reference: ImageReference) throws(Failure) -> Image? {
        guard let tree = try layers.tree(ofContainer: id) else { return nil }
        return Image(
            reference: reference, id: id, chainID: ChainID(id.digest), tree: tree, os: "", architecture: "", store: kind, isContainer: true
        )
    }

    /// The ids of all images, sorted.
    func ids() throws(Failure) -> [ImageID] {
        let names = try root.directory(at: configurations)?.names() ?? []
        return names.compactMap { Digest(hex: $0).map { ImageID($0) } }
    }

    func names() throws(Failure) -> RepositoryNames { try RepositoryNames(at: namesFile, in: root) }

    /// When a name was last given or taken.
    func changed() throws(Failure) -> Int { try root.status(of: namesFile)?.modified ?? 0 }

    func configuration(of id: ImageID, _ reference: ImageReference) throws(Failure) -> ImageConfiguration {
        if let configuration = try ImageConfiguration(of: id, at: file(of: id), in: root) { return configuration }
        throw Failure(
            "could not use image '\(reference.text)': its configuration '\(root.show(file(of: id)))' is not there", hint: repairHint)
    }

    private var namesFile: Path { driver.metadata / "repositories.json" }
    private var configurations: Path { driver.metadata / "imagedb/content/sha256" }

    func file(of id: ImageID) -> Path {
        configurations.appending(id.digest.hex)
    }

    /// When the image came into the store or got a name of `docker tag`.
    private func changed(_ id: ImageID) throws(Failure) -> Int {
        let tagged = (driver.metadata / "imagedb/metadata/sha256").appending(id.digest.hex) / "lastUpdated"
        let times = [try root.status(of: tagged)?.modified, try root.status(of: file(of: id))?.modified]
        return times.compactMap { $0 }.max() ?? 0
    }

    private func idBeginning(_ reference: ImageReference) throws(Failure) -> ImageID? {
        guard let prefix = reference.idPrefix else { return nil }
        return try onlyOne(of: ids().filter { $0.digest.hex.utf8.starts(with: prefix) }, beginning: prefix, in: root, kind)
    }
}
