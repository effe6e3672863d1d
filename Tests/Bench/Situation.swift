/// What a boot meets: the sizes of the store, of the image and of the top layer.
struct Situation: Hashable {
    /// In the whole store. The image has 20 of them.
    var layers = 100
    var imageFiles = 50_000
    var topLayer = TopLayer(files: 10)

    /// The name of the image, beside those of the other images of the same store.
    var tag: String { "\(imageFiles)" }
    var store: Store { Store(layers: layers) }

    static let usual = Situation()
    static let small: [Situation] = [
        usual, Situation(layers: 1_000), Situation(layers: 5_000), Situation(imageFiles: 5_000), Situation(imageFiles: 200_000),
        Situation(topLayer: TopLayer(files: 1_000)),
    ]
    static let large = TopLayer.large.map { Situation(topLayer: $0) }
}

/// The machine's own files.
struct TopLayer: Hashable {
    enum Kind: String {
        case directory
        case subvolume
    }

    enum Change: String {
        /// Since the boot before.
        case unchanged
        /// One of its files, before each boot.
        case changed
    }

    let files: Int
    var kind = Kind.directory
    var change = Change.unchanged

    /// From the disk's top level: `toplayer_path=`.
    var path: String { "top-layers/\(files)-\(kind)-\(change)" }

    static let large = [Kind.directory, .subvolume].flatMap { kind in
        [Change.unchanged, .changed].map { TopLayer(files: 20_000, kind: kind, change: $0) }
    }
}
