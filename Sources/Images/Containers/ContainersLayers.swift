internal import Basics

/// The layers of a graphroot, `layers.json` (containers/storage, layers.go): each names the one below it.
struct ContainersLayers {
    private struct Layer {
        let parent: Digest?
        /// What it was unpacked from; nil where that was not noted, as after a pull of parts of it.
        let content: DiffID?
        let size: Int?
        /// Why it cannot be used.
        let state: String?
    }

    /// For 6,000 layers or images, in bytes.
    static let limit = 4 << 20
    private var layers: [Digest: Layer] = [:]
    private let name: String

    init(of store: ContainersStore) throws(Failure) {
        let folder = Path("\(store.kind.driver)-layers") ?? .top
        name = store.root.show(folder / "layers.json")
        for file: Path in ["volatile-layers.json", "layers.json"] {
            guard let content = try store.root.contents(of: folder / file, limit: Self.limit) else { continue }
            // Podman does not wait until this one is on the disk: after a power cut it may be empty, and no image is in it.
            if file == "volatile-layers.json" && content.isEmpty { continue }
            try JSON.forEachElement(of: content, name: store.root.show(folder / file)) { (json) throws(Failure) in
                guard let id = json["id"]?.string.flatMap({ Digest(hex: $0.utf8) }) else { return }
                layers[id] = try Self.layer(json, name: name)
            }
        }
    }

    private static func layer(_ json: JSON, name: String) throws(Failure) -> Layer {
        var parent: Digest?
        if let text = json["parent"]?.string, !text.isEmpty {
            guard let digest = Digest(hex: text.utf8) else {
                throw Failure("could not use '\(name)': '\(display(text.utf8))' is not the id of a layer", hint: containersHint)
            }
            parent = digest
        }
        var state: String?
        for map in ["uidmap", "gidmap"] where json[map]?.elements?.isEmpty == false { state = "its owners are shifted (\(map))" }
        if json["flags"]?["incomplete"]?.isTrue == true { state = "it is incomplete: its pull was interrupted" }
        let content = json["diff-digest"]?.string.flatMap { Digest($0) }.map { DiffID($0) }
        return Layer(parent: parent, content: content, size: json["diff-size"]?.integer, state: state)
    }

    /// The layer and those below it.
    func stack(from top: Digest) throws(Failure) -> [Digest] {
        var stack: [Digest] = []
        var next: Digest? = top
        while let id = next {
            guard let layer = layers[id] else { throw damage(id, "is not there") }
            if let state = layer.state { throw damage(id, "cannot be used: \(state)") }
            // After as many as there are one comes again.
            guard stack.count < layers.count else { throw damage(id, "is below itself") }
            stack.append(id)
            next = layer.parent
        }
        return stack
    }

    /// Fails where an image has other layers than these.
    func check(_ wanted: [DiffID], from top: Digest) throws(Failure) {
        let stack = try stack(from: top)
        if stack.count != wanted.count { throw damage(top, "lies on \(stack.count - 1) others, and the image has \(wanted.count) layers") }
        for (id, content) in zip(stack, wanted.reversed()) where layers[id]?.content.map({ $0 != content }) ?? false {
            throw damage(id, "has another content than the image says")
        }
    }

    private func damage(_ layer: Digest, _ state: String) -> Failure {
        Failure("could not use '\(name)': the layer '\(layer.hex)' \(state)", hint: containersHint)
    }

    /// What they take, in bytes; nil where that is not noted of all.
    func size(of stack: [Digest]) -> Int? {
        let sizes = stack.compactMap { layers[$0]?.size }
        return sizes.count == stack.count ? sizes.reduce(0) { $0.clampedSum(with: $1) } : nil
    }
}

let containersHint = "remove the image with podman rmi, then pull or build it again"
