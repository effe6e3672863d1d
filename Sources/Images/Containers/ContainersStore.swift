internal import Basics

/// The images of Podman, Buildah, Skopeo and CRI-O: containers/storage, with one of its drivers below a graphroot.
final class ContainersStore: Sendable {
    let root: Directory
    /// Where that is, from the top of its filesystem.
    let path: Path
    let kind: StoreKind

    /// nil where the driver keeps no images in the directory.
    init?(at root: Directory, _ path: Path, kind: StoreKind) throws(Failure) {
        self.root = root
        self.path = path
        self.kind = kind
        if try root.target(of: imagesFile) == nil { return nil }
    }

    /// What is found for a reference: names as they are written down, then those of localhost, of docker.io, and those that end so; digests of
    /// manifests and indexes, and the beginning of an id.
    func entry(for reference: ImageReference) throws(Failure) -> StoreEntry? {
        let records = try records()
        guard let id = try find(reference, records) else { return nil }
        return StoreEntry(id: id, changed: try changed(id))
    }

    private func find(_ reference: ImageReference, _ records: [ContainersImage]) throws(Failure) -> ImageID? {
        switch reference.kind {
        case .container: return nil
        case .id(let id): return records.first { $0.id == id || $0.digests.contains(id.digest) }?.id
        case .name(let name):
            let isShort = name.host.utf8.elementsEqual("docker.io".utf8) && !reference.text.begins(with: "docker.io/")
            let repositories = (isShort ? ["localhost/\(name.repository)"] : []) + [name.fullRepository]
            if case .digest(let digest) = name.selector {
                return records.first { $0.digests.contains(digest) && $0.isOf(repositories) }?.id
            }
            for candidate in [reference.text] + repositories.map({ $0 + name.ending }) {
                if let record = records.first(where: { $0.names.contains(candidate) }) { return record.id }
            }
            if isShort, let id = try image(endingIn: "/\(name)", records) { return id }
            guard let prefix = reference.idPrefix else { return nil }
            let ids = records.map { $0.id }.filter { $0.digest.hex.utf8.starts(with: prefix) }
            return try onlyOne(of: ids, beginning: prefix, in: root, kind)
        }
    }

    /// The image that has a name with this end; nil where there is none. In which order Podman asks registries its configuration says, which no
    /// boot has: fails where there are several.
    private func image(endingIn ending: String, _ records: [ContainersImage]) throws(Failure) -> ImageID? {
        var names: [String] = []
        var (found, last): (ContainersImage?, ContainersImage?) = (nil, nil)
        for record in records {
            let fitting = record.names.filter { $0.ends(with: ending) }
            if fitting.isEmpty { continue }
            names += fitting
            (found, last) = (found ?? record, record)
        }
        if found === last { return found?.id }
        throw Failure(
            "could not choose an image: several in \(root.show(.top)) (\(kind.title)) have names that end in '\(ending)'",
            hint: "name one in full: " + shortList(names)
        )
    }

    /// The image of an id.
    func image(_ id: ImageID, reference: ImageReference) throws(Failure) -> Image {
        let records = try records()
        guard let record = records.first(where: { $0.id == id }) else {
            throw Failure("could not use image '\(reference.text)': it is not there", hint: repairHint)
        }
        guard let layer = record.layer else {
            let manifests = try manifest(of: id)?["manifests"]?.elements
            for digest in instances(of: manifests ?? []) {
                guard let found = records.first(where: { $0.layer != nil && $0.digests.contains(digest) }) else { continue }
                return try image(found.id, reference: reference)
            }
            let state = manifests == nil ? "has no layers, so there is nothing to boot" : "lists manifests, whose images are not there"
            throw Failure("could not use image '\(reference.text)': it \(state)")
        }
        let platform = try configuration(of: id)
        if let platform { try layers().check(platform.layers, from: layer) }
        return Image(
            reference: reference, id: id, chainID: ChainID(layer), tree: try tree(layer),
            os: platform?.os ?? "", architecture: platform?.architecture ?? "", store: kind
        )
    }

    /// What a container became, by its name, its id or the beginning of it; nil where there is none.
    func container(_ name: String, reference: ImageReference) throws(Failure) -> Image? {
        let containers = try containers()
        let found = containers.filter { $0.names.contains(name) }
        let begun = found.isEmpty ? containers.filter { $0.id.digest.hex.utf8.starts(with: name.utf8) } : found
        if begun.count > 1 {
            throw Failure(
                "could not choose a container: \(begun.count) ids in \(root.show(.top)) (\(kind.title)) begin with '\(name)'",
                hint: "they are " + shortList(begun.map { $0.id.digest.hex })
            )
        }
        guard let container = begun.first, let layer = container.layer else { return nil }
        return Image(
            reference: reference, id: container.id, chainID: ChainID(layer), tree: try tree(layer), os: "", architecture: "", store: kind,
            isContainer: true
        )
    }

    /// When an image or a name was last made or removed.
    func changed() throws(Failure) -> Int { try root.status(of: imagesFile)?.modified ?? 0 }

    /// When the image came into the store: its names have no times.
    private func changed(_ id: ImageID) throws(Failure) -> Int {
        if let status = try root.status(of: imagesFolder.appending(id.digest.hex)) { return status.modified }
        return try changed()
    }

    func records() throws(Failure) -> [ContainersImage] { try list(imagesFile) }

    private func containers() throws(Failure) -> [ContainersImage] {
        let folder = Path("\(kind.driver)-containers") ?? .top
        return try list(folder / "containers.json") + list(folder / "volatile-containers.json")
    }

    /// The image's configuration; nil where the store has none.
    func configuration(of id: ImageID) throws(Failure) -> ImageConfiguration? {
        let (file, digest) = try configurationFile(of: id)
        return try ImageConfiguration(of: ImageID(digest), at: file, in: root)
    }

    /// It lies under its digest, in base64. That is the image's id, but of an image that was pulled in parts (zstd:chunked): there the
    /// manifest beside it names the configuration.
    func configurationFile(of id: ImageID) throws(Failure) -> (path: Path, digest: Digest) {
        let folder = imagesFolder.appending(id.digest.hex)
        func place(_ digest: Digest) -> Path { folder.appending(name: Array("=".utf8) + base64(Array(digest.description.utf8))) }
        let own = (place(id.digest), id.digest)
        if try root.status(of: own.0) != nil { return own }
        guard let digest = try manifest(of: id)?["config"]?["digest"]?.string.flatMap({ Digest($0) }) else { return own }
        return (place(digest), digest)
    }

    private func manifest(of id: ImageID) throws(Failure) -> JSON? {
        let file = imagesFolder.appending(id.digest.hex) / "manifest"
        guard let content = try root.contents(of: file, limit: ImageConfiguration.limit) else { return nil }
        return try JSON(parsing: content, name: root.show(file))
    }

    func layers() throws(Failure) -> ContainersLayers { try ContainersLayers(of: self) }

    private var imagesFolder: Path { Path("\(kind.driver)-images") ?? .top }
    private var imagesFile: Path { imagesFolder / "images.json" }

    private func tree(_ layer: Digest) throws(Failure) -> ImageTree {
        let stack = try layers().stack(from: layer)
        var folders: [Path] = []
        for id in kind.isStacked ? stack[...] : stack.prefix(1) {
            if kind == .podmanOverlay { try checkOverlay(id) }
            folders.append(folder(id))
        }
        return try LayerFolders(root: root, kind: kind).tree(folders)
    }

    func folder(_ layer: Digest) -> Path {
        let name = Array(layer.hex.utf8)
        switch kind {
        case .podmanOverlay: return ("overlay" as Path).appending(name: name) / "diff"
        case .podmanBtrfs: return ("btrfs/subvolumes" as Path).appending(name: name)
        default: return ("vfs/dir" as Path).appending(name: name)
        }
    }

    /// What looks like a layer of overlayfs and is none.
    private func checkOverlay(_ layer: Digest) throws(Failure) {
        if let content = try root.contents(of: "overlay/.has-mount-program", limit: 4096), trim(content).elementsEqual("true".utf8) {
            throw Failure(
                "could not use '\(root.show("overlay"))': its layers are mounted by a program (mount_program in storage.conf), as fuse-overlayfs",
                hint: "take mount_program out of storage.conf, run 'podman system reset', then pull or build the image again"
            )
        }
        let blob = ("overlay" as Path).appending(layer.hex) / "composefs-data/composefs.blob"
        if try root.status(of: blob) == nil { return }
        throw Failure(
            "could not use the image's layer '\(root.show(folder(layer)))': its files are kept by composefs",
            hint: "take use_composefs out of storage.conf, then pull or build the image again"
        )
    }

    private func list(_ file: Path) throws(Failure) -> [ContainersImage] {
        guard let content = try root.contents(of: file, limit: ContainersLayers.limit) else { return [] }
        var records: [ContainersImage] = []
        try JSON.forEachElement(of: content, name: root.show(file)) { (json) throws(Failure) in
            if let record = ContainersImage(json) { records.append(record) }
        }
        return records
    }
}

/// An image, or a container, of `images.json` and `containers.json` (containers/storage, images.go and containers.go). It
/// is a class since copies of pointers take less code.
final class ContainersImage {
    let id: ImageID
    let names: [String]
    /// Of its manifest, and of the index that this was chosen from.
    let digests: [Digest]
    /// The top layer; none for a list of manifests.
    let layer: Digest?
    let created: Int?

    /// nil where it has no id.
    init?(_ json: JSON) {
        guard let id = json["id"]?.string.flatMap({ Digest(hex: $0.utf8) }) else { return nil }
        self.id = ImageID(id)
        names = (json["names"]?.elements ?? []).compactMap { $0.string }
        layer = json["layer"]?.string.flatMap { Digest(hex: $0.utf8) }
        created = json["created"]?.string.flatMap { seconds(ofTimestamp: $0) }
        let manifests = "manifest".utf8
        let listed = (json["big-data-digests"]?.members ?? []).filter { $0.key.utf8.starts(with: manifests) }.map { $0.value.string }
        digests = ([json["digest"]?.string] + listed).compactMap { $0.flatMap { Digest($0) } }
    }

    /// Whether one of its names is in one of these repositories.
    func isOf(_ repositories: [String]) -> Bool {
        names.contains { name in
            repositories.contains { repository in
                let rest = name.utf8.dropFirst(repository.utf8.count)
                return name.utf8.starts(with: repository.utf8) && (rest.first == UInt8(ascii: ":") || rest.first == UInt8(ascii: "@"))
            }
        }
    }
}

/// RFC 4648, with padding.
func base64(_ bytes: [UInt8]) -> [UInt8] {
    let digits = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    for start in stride(from: 0, to: bytes.count, by: 3) {
        let group = bytes[start..<min(start + 3, bytes.count)]
        let value = group.reduce(0) { $0 << 8 | Int($1) } << (8 * (3 - group.count))
        for place in 0..<4 {
            text.append(place <= group.count ? digits[value >> (18 - 6 * place) & 63] : UInt8(ascii: "="))
        }
    }
    return text
}
