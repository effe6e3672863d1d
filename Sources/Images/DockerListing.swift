public import Basics

extension DockerStore {
    /// Every image, those with names first and by their first name, then the dangling ones by id. Unlike `image(_:)` it reads the
    /// files of all of them. Fails only where the names or the ids cannot be read: what is wrong with one image is in its line.
    public func listing() throws(Failure) -> [ListedImage] {
        var names: [ImageID: [String]] = [:]
        var lines: [ListedImage] = []
        for entry in try RepositoryNames(in: root).all() {
            switch entry.image {
            case .success(let id): names[id, default: []].append(entry.name)
            case .failure(let failure): lines.append(ListedImage(names: [entry.name], id: nil, image: .failure(failure)))
            }
        }
        for (id, names) in names { lines.append(line(id, names: names.sorted(by: precedes))) }
        lines.sort { precedes($0.names.first ?? "", $1.names.first ?? "") }
        for id in try ids() where names[id] == nil { lines.append(line(id, names: [])) }
        return lines
    }

    private func line(_ id: ImageID, names: [String]) -> ListedImage {
        let reference = names.first ?? id.description
        do throws(Failure) {
            if let image = try image(id, reference: reference) { return ListedImage(names: names, id: id, image: .success(image)) }
            throw Failure("could not use image '\(reference)': its configuration is not there", hint: repairHint)
        } catch {
            return ListedImage(names: names, id: id, image: .failure(error))
        }
    }
}

/// By bytes: Swift's own order of strings needs Unicode tables in the initramfs.
private func precedes(_ a: String, _ b: String) -> Bool {
    a.utf8.lexicographicallyPrecedes(b.utf8)
}
