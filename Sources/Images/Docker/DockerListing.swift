internal import Basics

extension DockerStore {
    /// The images that `docker images` lists, those with names first and by their first name, then the dangling ones by id: all
    /// but those without a name that another image was built from.
    ///
    /// It reads the files of all images. Fails only where the names or the ids cannot be read: what is wrong with one image is in
    /// its line.
    func listing(_ reading: LineReading) throws(Failure) -> [ListedImage] {
        var names: [ImageID: [String]] = [:]
        var broken: [ListedImage] = []
        for entry in try self.names().all() {
            switch entry.image {
            case .success(let id): names[id, default: []].append(entry.name)
            case .failure(let failure): broken.append(ListedImage(names: [entry.name], id: nil, store: kind, image: .failure(failure)))
            }
        }
        // Images that share layers often have names beside each other.
        var wanted = names.map { (id: $0.key, names: $0.value.sortedByBytes { $0.utf8 }) }.sortedByBytes { $0.names[0].utf8 }
        let ids = try ids()
        let nameless = ids.filter { names[$0] == nil }
        if !nameless.isEmpty {
            let steps = try parents(of: ids)
            wanted += nameless.filter { !steps.contains($0) }.map { (id: $0, names: []) }
        }
        let lines = reading(wanted.count) { [wanted] part in
            var sizes = LayerSizes(of: layers)
            return wanted[part].map { line($0.id, names: $0.names, &sizes) }
        }
        return byFirstName(lines + broken)
    }

    /// The images that others were built from: Docker's classic builder keeps one for each line of a Dockerfile.
    private func parents(of ids: [ImageID]) throws(Failure) -> Set<ImageID> {
        var parents: Set<ImageID> = []
        for id in ids {
            let file = (driver.metadata / "imagedb/metadata/sha256").appending(id.digest.hex) / "parent"
            guard let content = try root.contents(of: file, limit: 4096) else { continue }
            if let parent = Digest(String(decoding: trim(content), as: UTF8.self)) { parents.insert(ImageID(parent)) }
        }
        return parents
    }

    private func line(_ id: ImageID, names: [String], _ sizes: inout LayerSizes) -> ListedImage {
        let reference = reference(to: id, names)
        do throws(Failure) {
            let configuration = try configuration(of: id, reference)
            return ListedImage(
                names: names, id: id, store: kind, image: .success(try image(id, configuration, reference: reference)),
                size: try sizes.size(of: configuration.chains), created: configuration.created
            )
        } catch {
            return ListedImage(names: names, id: id, store: kind, image: .failure(error))
        }
    }
}

/// The sizes of layers with all that is below them: images of a store share most of that.
private struct LayerSizes {
    private let layers: LayerDatabase
    /// Open: the way to a layer's place is not looked up from the store's root each time.
    private var entries: Directory?
    private var sizes: [ChainID: Int] = [:]

    init(of layers: LayerDatabase) {
        self.layers = layers
    }

    /// In bytes; nil where it is not noted.
    mutating func size(of chains: [ChainID]) throws(Failure) -> Int? {
        let known = chains.lastIndex { sizes[$0] != nil }
        var sum = known.flatMap { sizes[chains[$0]] } ?? 0
        if entries == nil { entries = try layers.store.directory(at: layers.entries) }
        guard let entries else { return nil }
        for chain in chains[(known.map { $0 + 1 } ?? 0)...] {
            let file = Path.top.appending(chain.digest.hex) / "size"
            guard let text = try value(of: file, in: entries), let size = Int(String(decoding: text, as: UTF8.self)) else { return nil }
            sum = sum.clampedSum(with: size)
            sizes[chain] = sum
        }
        return sum
    }
}
