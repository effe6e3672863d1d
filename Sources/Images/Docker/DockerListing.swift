internal import Basics

extension DockerStore {
    /// The images that `docker images` lists, those with names first and by their first name, then the dangling ones by id: all
    /// but those without a name that another image was built from.
    ///
    /// It reads the files of all images. Fails only where the names or the ids cannot be read: what is wrong with one image is in
    /// its line.
    func listing() throws(Failure) -> [ListedImage] {
        var names: [ImageID: [String]] = [:]
        var lines: [ListedImage] = []
        for entry in try self.names().all() {
            switch entry.image {
            case .success(let id): names[id, default: []].append(entry.name)
            case .failure(let failure): lines.append(ListedImage(names: [entry.name], id: nil, store: kind, image: .failure(failure)))
            }
        }
        // Layers that images share are read once.
        var sizes: [ChainID: Int] = [:]
        for (id, names) in names { lines.append(line(id, names: names.sortedByBytes { $0.utf8 }, &sizes)) }
        lines = byFirstName(lines)
        let ids = try ids()
        let steps = try parents(of: ids)
        for id in ids where names[id] == nil && !steps.contains(id) { lines.append(line(id, names: [], &sizes)) }
        return lines
    }

    /// The images that others were built from: Docker's classic builder keeps one for each line of a Dockerfile.
    private func parents(of ids: [ImageID]) throws(Failure) -> Set<ImageID> {
        var parents: Set<ImageID> = []
        for id in ids {
            let file = (driver.metadata / "imagedb/metadata/sha256").appending(name: Array(id.digest.hex.utf8)) / "parent"
            guard let content = try root.contents(of: file, limit: 4096) else { continue }
            if let parent = Digest(String(decoding: trim(content), as: UTF8.self)) { parents.insert(ImageID(parent)) }
        }
        return parents
    }

    private func line(_ id: ImageID, names: [String], _ sizes: inout [ChainID: Int]) -> ListedImage {
        let reference = reference(to: id, names)
        do throws(Failure) {
            let configuration = try configuration(of: id, reference)
            return ListedImage(
                names: names, id: id, store: kind, image: .success(try image(id, configuration, reference: reference)),
                size: try layers.size(of: configuration, knowing: &sizes), created: configuration.created
            )
        } catch {
            return ListedImage(names: names, id: id, store: kind, image: .failure(error))
        }
    }
}
