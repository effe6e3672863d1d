internal import Basics

extension ContainersStore {
    /// The images that `podman images` lists, by their first name, and those without names after them.
    func listing() throws(Failure) -> [ListedImage] {
        let layers = try layers()
        let lines = try records().map { line($0, layers) }
        return byFirstName(
            withoutBuildSteps(lines) { id in try? root.contents(of: configurationFile(of: id).path, limit: ImageConfiguration.limit) })
    }

    private func line(_ record: ContainersImage, _ layers: ContainersLayers) -> ListedImage {
        let names = record.names.map { display($0.utf8) }.sortedByBytes { $0.utf8 }
        let id = record.id
        do throws(Failure) {
            let image = try image(id, reference: reference(to: id, names))
            let size = try record.layer.flatMap { layer throws(Failure) in layers.size(of: try layers.stack(from: layer)) }
            return ListedImage(names: names, id: id, store: kind, image: .success(image), size: size, created: record.created)
        } catch {
            return ListedImage(names: names, id: id, store: kind, image: .failure(error), created: record.created)
        }
    }
}
