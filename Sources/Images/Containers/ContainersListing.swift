internal import Basics

extension ContainersStore {
    /// The images that `podman images` lists, by their first name, and those without names after them.
    func listing() throws(Failure) -> [ListedImage] {
        let layers = try layers()
        return byFirstName(withoutBuildSteps(try records().map { line($0, layers) }))
    }

    /// Buildah keeps an image without a name for each line of a Dockerfile, and does not list those that others were built on: an image's
    /// history begins with that of the one below it.
    private func withoutBuildSteps(_ lines: [ListedImage]) -> [ListedImage] {
        if lines.allSatisfy({ !$0.names.isEmpty }) { return lines }
        let histories = lines.map { $0.id.map(history) ?? [] }
        return zip(lines, histories).filter { line, own in
            if !line.names.isEmpty || own.isEmpty { return true }
            return !histories.contains { $0.count > own.count && $0.starts(with: own) }
        }.map { $0.0 }
    }

    /// When each step of an image was done, and what it did.
    private func history(of id: ImageID) -> [String] {
        guard let content = try? root.contents(of: configurationFile(of: id).path, limit: ImageConfiguration.limit),
            let steps = try? JSON(parsing: content, name: "")["history"]?.elements
        else { return [] }
        return steps.map { "\($0["created"]?.string ?? "") \($0["created_by"]?.string ?? "")" }
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
