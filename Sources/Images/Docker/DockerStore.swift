public import Basics

/// The images that Docker keeps with its graph driver "btrfs" below a data-root. The format did not change from Docker 20.10 to 29.
///
/// To find an image, its own files are read and no others: the cost does not grow with the store, and damage elsewhere in it
/// does not matter.
public struct DockerStore: Sendable {
    let root: Directory
    static let configurations: Path = "image/btrfs/imagedb/content/sha256"

    /// Takes a directory for a data-root. Fails where Docker's btrfs driver keeps nothing there, with what is there instead.
    public init(at root: Directory) throws(Failure) {
        self.root = root
        guard try root.target(of: "image/btrfs")?.kind == .directory else { throw try refusal(of: root) }
    }

    /// The image that the Docker daemon finds for a reference: an id in full is only ever an id, then names, then the beginning
    /// of an id if it is that of one image only.
    ///
    /// Fails where there is no such image (with the nearest names) and where the store is damaged.
    public func image(_ reference: ImageReference) throws(Failure) -> Image {
        switch reference.kind {
        case .id(let id):
            if let image = try image(id, reference: reference) { return image }
            throw try missing(reference, among: [])
        case .name(let name):
            let names = try RepositoryNames(in: root)
            var found = try names.image(name)
            if found == nil { found = try idBeginning(reference) }
            guard let id = found else { throw try missing(reference, among: names.all().map { $0.name }) }
            if let image = try image(id, reference: reference) { return image }
            throw Failure(
                "could not use image '\(reference)': its configuration '\(root.show(path(of: id)))' is not there", hint: repairHint)
        }
    }

    /// The image of that id; nil where its configuration is not there.
    func image(_ id: ImageID, reference: ImageReference) throws(Failure) -> Image? {
        guard let configuration = try ImageConfiguration(of: id, at: path(of: id), in: root) else { return nil }
        guard let chain = ChainID(of: configuration.layers) else {
            throw Failure("could not use image '\(reference.text)': it has no layers, so there is nothing to boot")
        }
        let layer = try LayerDatabase(store: root).directory(of: configuration.layers, chain: chain)
        return Image(
            reference: reference, id: id, chainID: chain, layer: layer,
            os: configuration.os, architecture: configuration.architecture
        )
    }

    /// The ids of all images, sorted.
    func ids() throws(Failure) -> [ImageID] {
        let names = try root.directory(at: Self.configurations)?.names() ?? []
        return names.compactMap { Digest(hex: $0).map { ImageID($0) } }
    }

    private func path(of id: ImageID) -> Path {
        Self.configurations.appending(name: Array(id.digest.hex.utf8))
    }

    private func idBeginning(_ reference: ImageReference) throws(Failure) -> ImageID? {
        guard let prefix = reference.idPrefix else { return nil }
        let found = try ids().filter { $0.digest.hex.utf8.starts(with: prefix) }
        if found.count <= 1 { return found.first }
        throw Failure(
            "could not choose an image: \(found.count) ids in \(root.show(.top)) (docker, btrfs driver) begin with '\(display(prefix))'",
            hint: "they are " + shortList(found.map { $0.digest.hex })
        )
    }

    private func missing(_ reference: ImageReference, among names: [String]) throws(Failure) -> Failure {
        Failure(
            "could not find image '\(reference)' in \(root.show(.top)) (docker, btrfs driver)",
            hint: try hint(reference, among: names)
        )
    }

    private func hint(_ reference: ImageReference, among names: [String]) throws(Failure) -> String {
        let tags = names.filter { !$0.utf8.contains(UInt8(ascii: "@")) }
        if case .name(let name) = reference.kind, !names.isEmpty {
            return "images there: " + shortList(nearest(tags.isEmpty ? names : tags, to: name, count: names.count))
        }
        let ids = try ids()
        if ids.isEmpty { return "no image is there yet: docker pull or docker build makes one" }
        return "image ids there: " + shortList(ids.map { $0.digest.hex })
    }
}

/// The first six, and how many more there are.
func shortList(_ texts: [String]) -> String {
    let shown = texts.prefix(6).joined(separator: ", ")
    return texts.count > 6 ? "\(shown) and \(texts.count - 6) more" : shown
}
