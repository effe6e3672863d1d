package import Basics
package import Images
internal import Planning

/// Looks at what an image gives a root, under a machine's own files.
package struct ImageSurvey {
    let topLevel: Directory
    /// What the store is on; nil for the root's filesystem.
    let store: StoreFilesystem?
    let topLayer: [Directory]
    /// What `init=` names.
    let initProgram: Path?
    let host: Facts.Host

    package init(
        topLevel: Directory, store: StoreFilesystem? = nil, topLayer: [Directory], initProgram: Path?, host: Facts.Host
    ) {
        self.topLevel = topLevel
        self.store = store
        self.topLayer = topLayer
        self.initProgram = initProgram
        self.host = host
    }

    /// What a boot of an image of a store would make its root from: the layer that is held, where its layers were merged already.
    package func stored(_ image: Image, as reference: ImageReference) throws(Failure) -> Facts.Source {
        try checkPlatform(image)
        let layers = { () throws(Failure) in try image.layers(in: store?.top ?? topLevel) }
        let chainID = image.isContainer ? try state(of: image, in: layers()[0]) : image.chainID
        if case .subvolume(let path) = image.tree, store == nil {
            let layers = try layers()
            return try source(reference, image.id, chainID, layers, .subvolume(Place(path)), layers[0].subvolume()?.state)
        }
        if let source = try held(chainID, image.id, reference) { return source }
        let filesystem = store.map { Filesystem.store($0.device) } ?? .root
        let root: RootSource =
            switch image.tree {
            case .subvolume(let path): .subvolume(Place(path, on: filesystem))
            case .layers(let paths): .layers(paths.map { Place($0, on: filesystem) }, .overlay)
            }
        let opened = try layers()
        var source = try source(reference, image.id, chainID, opened, root, nil)
        // A copy has what is in nested subvolumes.
        source.contents.placeholders = []
        var walk = TreeWalk(hasState: false)
        try walk.visit(opened)
        source.extent = walk.extent
        return source
    }

    /// What names the tree that a container is now: its id stays. All but its topmost layer is never changed.
    private func state(of container: Image, in layer: Directory) throws(Failure) -> ChainID {
        var state = try layer.subvolume()?.state
        if state == nil {
            var walk = TreeWalk(hasState: true)
            try walk.visit([layer])
            state = walk.state
        }
        return ChainID(Digest.of(Array("docker-btrfs container 1\n\(container.chainID)\n\(state ?? "")\n".utf8)))
    }

    /// The layer that was held when an image was booted or deployed; nil where it is not held any more.
    func held(_ chainID: ChainID, _ imageID: ImageID, _ reference: ImageReference) throws(Failure) -> Facts.Source? {
        guard let layer = topLevel.held(chainID) else { return nil }
        return try source(reference, imageID, chainID, [layer], .subvolume(Place(Layout.hold(chainID))), layer.subvolume()?.state)
    }

    private func source(
        _ reference: ImageReference, _ imageID: ImageID, _ chainID: ChainID, _ layers: [Directory], _ root: RootSource, _ state: String?
    ) throws(Failure) -> Facts.Source {
        return Facts.Source(
            reference: reference, imageID: imageID, chainID: chainID, root: root, layerState: state,
            contents: try Facts.Contents(of: ImageFiles(of: layers), under: topLayer, of: reference.text, initProgram: initProgram, host)
        )
    }
}
