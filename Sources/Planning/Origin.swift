public import Basics

/// What a root was made from.
public struct Origin: Equatable, Sendable {
    /// What the image was asked for as.
    public let reference: ImageReference
    public let imageID: ImageID
    public let chainID: ChainID
    /// The subvolume that it was a snapshot of.
    public let layer: Path
    /// What identifies the state of the top layer that was laid over it, where it persists; nil where it does not.
    public let topLayer: String?
    /// The top layers, in their order, by their paths from the top of their filesystem.
    public let topLayers: [Path]

    public init(
        reference: ImageReference, imageID: ImageID, chainID: ChainID, layer: Path, topLayer: String?, topLayers: [Path] = []
    ) {
        self.reference = reference
        self.imageID = imageID
        self.chainID = chainID
        self.layer = layer
        self.topLayer = topLayer
        self.topLayers = topLayers
    }
}

extension Origin {
    /// ` and '/boot_docker'`; nothing where there is no top layer.
    var topLayersText: String {
        topLayers.isEmpty ? "" : " and \(topLayers.map { "'\($0)'" }.joined(separator: ", "))"
    }

    /// Whether these are the top layers, also where they were too long to be written down.
    public func isOver(_ paths: [Path]) -> Bool {
        topLayers == paths || topLayers == [Mark.short(paths)]
    }
}
