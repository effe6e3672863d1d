internal import Basics
internal import Planning

extension Rotation {
    /// Keeps the layer bootable whatever becomes of the image.
    func hold(_ source: Facts.Source) -> [Step] {
        facts.held.contains(source.chainID) ? [] : [.hold(layer: source.layer, at: Layout.hold(source.chainID))]
    }

    /// A root from a layer: first what the layer lacks, then the machine's own files over all of it.
    func build(_ source: Facts.Source, _ mark: Mark, _ modules: Path?) -> [Step] {
        let contents = source.contents
        var steps: [Step] = [.snapshot(of: source.layer, at: new), .mark(new, mark)]
        steps += contents.placeholders.map { .replacePlaceholder(new / $0) }
        steps += contents.missingDirectories.map { .createDirectory(new / $0, permissions: $0 == "tmp" ? 0o1777 : 0o755) }
        // systemd takes a root with this file for a container.
        if contents.hasContainerMark { steps.append(.removeFile(new / ".dockerenv")) }
        if let modules { steps.append(.copyModules(modules, to: (new / "lib/modules").appending(name: modules.name))) }
        if let layer = request.topLayer {
            steps.append(.copyTopLayer(source: layer.path, device: layer.device.description, destination: new))
        }
        return steps
    }

    /// Where there is no room for a new root, one that was not finished goes, and then older ones, but for the last good one.
    func makeRoom() throws(Failure) -> [Step] {
        guard let space = facts.space else { return [] }
        let layer = facts.topLayer
        let data = layer.map { $0.isShared ? 0 : $0.size } ?? 0
        // A file costs metadata for its inode, its name and its extents; 16 MiB is for all the rest.
        let metadata = (layer?.files ?? 0) * 2048 + 16 << 20
        if space.data >= data && space.metadata >= metadata { return [] }
        let good = facts.roots.last { $0.isGood }
        let unfinished = facts.leftover == .unfinished ? [new] : []
        let dispensable = unfinished + facts.kept.filter { $0 != good && $0.occupied.isEmpty }.map { $0.path }
        if dispensable.isEmpty {
            throw Failure(
                "could not make a new root: the filesystem has \(space.data >> 20) MiB free for data and \(space.metadata >> 20) MiB for metadata, and \(data >> 20) and \(metadata >> 20) are needed",
                hint: "remove images or files that are not needed"
            )
        }
        return [.makeRoom(Need(data: data, metadata: metadata), deleting: dispensable)]
    }
}
