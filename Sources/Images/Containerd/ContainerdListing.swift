internal import Basics

extension ContainerdStore {
    /// The images that `docker images` lists, by their first name, and the dangling ones after them.
    func listing() throws(Failure) -> [ListedImage] {
        var names: [ImageID: [String]] = [:]
        for record in try records() {
            names[record.entry.id, default: []] += record.isDangling ? [] : [record.shown]
        }
        return byFirstName(names.map { line($0.key, names: $0.value.sortedByBytes { $0.utf8 }) })
    }

    private func line(_ id: ImageID, names: [String]) -> ListedImage {
        let reference = reference(to: id, names)
        var created: Int?
        do throws(Failure) {
            let configuration = try content.configuration(of: id.digest, reference)
            created = configuration.created
            let image = try image(id, reference: reference)
            let stack = try snapshots().stack(of: configuration.chains, reference)
            let sizes = stack.compactMap { $0.size }
            return ListedImage(
                names: names, id: id, store: kind, image: .success(image),
                size: sizes.count == stack.count ? sizes.reduce(0) { $0.clampedSum(with: $1) } : nil, created: created
            )
        } catch {
            return ListedImage(names: names, id: id, store: kind, image: .failure(error), created: created)
        }
    }
}
