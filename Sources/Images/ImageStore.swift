internal import Basics

/// A store of images, read by the reader for its kind. Paths in what this gives are from the top of the store's filesystem.
///
/// It is no protocol with three types: a list of stores would then be one of existentials (`any`), which Embedded Swift does not have.
/// Its stores are classes since copies of pointers take less code.
enum ImageStore: Sendable {
    case docker(DockerStore)
    case containerd(ContainerdStore)
    case containers(ContainersStore)

    var kind: StoreKind {
        switch self {
        case .docker(let store): store.kind
        case .containerd(let store): store.kind
        case .containers(let store): store.kind
        }
    }

    private var root: (directory: Directory, path: Path) {
        switch self {
        case .docker(let store): (store.root, store.path)
        case .containerd(let store): (store.root, store.path)
        case .containers(let store): (store.root, store.path)
        }
    }

    /// Where it is, from the top of its filesystem.
    var path: Path { root.path }

    /// For messages: `/docker (docker, overlay2 driver)`.
    var title: String { "\(root.directory.show(.top)) (\(kind.title))" }

    /// What a name, digest or id stands for; nil where there is no such image.
    func entry(for reference: ImageReference) throws(Failure) -> StoreEntry? {
        switch self {
        case .docker(let store): try store.entry(for: reference)
        case .containerd(let store): try store.entry(for: reference)
        case .containers(let store): try store.entry(for: reference)
        }
    }

    func image(_ id: ImageID, reference: ImageReference) throws(Failure) -> Image {
        switch self {
        case .docker(let store): placed(try store.image(id, reference: reference))
        case .containerd(let store): placed(try store.image(id, reference: reference))
        case .containers(let store): placed(try store.image(id, reference: reference))
        }
    }

    /// What a container became; nil where there is none. `id` is what Docker's own files have for the name.
    func container(_ name: String, _ id: ImageID?, reference: ImageReference) throws(Failure) -> Image? {
        switch self {
        case .docker(let store): try id.flatMap { id throws(Failure) in try store.container(id, reference: reference) }.map(placed)
        case .containerd(let store): try store.container(id?.digest.hex ?? name, reference: reference).map(placed)
        case .containers(let store): try store.container(name, reference: reference).map(placed)
        }
    }

    func listing(_ reading: LineReading) throws(Failure) -> [ListedImage] {
        let lines =
            switch self {
            case .docker(let store): try store.listing(reading)
            case .containerd(let store): try store.listing()
            case .containers(let store): try store.listing()
            }
        return lines.map { line in
            var line = line
            line.image = line.image.map(placed)
            return line
        }
    }

    /// Names as the engine prints them.
    func names() throws(Failure) -> [String] {
        switch self {
        case .docker(let store): try store.names().names
        case .containerd(let store): try store.records { !$0.isDangling }.map { $0.shown }
        case .containers(let store): try store.records().flatMap { $0.names.map { display($0.utf8) } }
        }
    }

    func ids() throws(Failure) -> [ImageID] {
        switch self {
        case .docker(let store): try store.ids()
        case .containerd(let store): try store.records().map { $0.entry.id }
        case .containers(let store): try store.records().map { $0.id }
        }
    }

    /// When something in it was last changed, in nanoseconds since 1970.
    func changed() throws(Failure) -> Int {
        switch self {
        case .docker(let store): try store.changed()
        case .containerd(let store): try store.changed()
        case .containers(let store): try store.changed()
        }
    }

    private func placed(_ image: Image) -> Image {
        var image = image
        image.tree = image.tree.below(root.path)
        return image
    }
}

/// The one id that begins with some digits; nil for none. Fails where there are more.
func onlyOne(of ids: [ImageID], beginning prefix: [UInt8], in root: Directory, _ kind: StoreKind) throws(Failure) -> ImageID? {
    if ids.count <= 1 { return ids.first }
    throw Failure(
        "could not choose an image: \(ids.count) ids in \(root.show(.top)) (\(kind.title)) begin with '\(display(prefix))'",
        hint: "they are " + shortList(ids.map { $0.digest.hex })
    )
}

/// The first of an image's names that is one, else its id.
func reference(to id: ImageID, _ names: [String]) -> ImageReference {
    for name in names {
        if let reference = try? ImageReference(name) { return reference }
    }
    return ImageReference(id)
}

/// The first six, and how many more there are.
func shortList(_ texts: [String]) -> String {
    let shown = texts.prefix(6).joined(separator: ", ")
    return texts.count > 6 ? "\(shown) and \(texts.count - 6) more" : shown
}
