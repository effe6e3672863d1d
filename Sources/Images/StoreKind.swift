internal import Basics

/// The kinds of stores that can be read, in the order in which they are looked for: what most people have comes first.
public enum StoreKind: CaseIterable, Sendable {
    case containerdOverlayfs, dockerOverlay2, podmanOverlay
    case containerdBtrfs, podmanBtrfs, dockerBtrfs
    case dockerVfs, podmanVfs, containerdNative

    /// Takes a word as `word` gives it.
    public init?(_ word: String) {
        guard let kind = Self.allCases.first(where: { $0.word == word }) else { return nil }
        self = kind
    }

    /// What a person writes for it: `docker-overlay2`.
    public var word: String { "\(names.engine)-\(names.driver)" }

    /// For messages: `docker, overlay2 driver`.
    var title: String { "\(names.engine), \(names.driver) \(isContainerd ? "snapshotter" : "driver")" }

    package var isContainerd: Bool { self == .containerdOverlayfs || self == .containerdBtrfs || self == .containerdNative }

    private var names: (engine: String, driver: String) {
        switch self {
        case .containerdOverlayfs: ("containerd", "overlayfs")
        case .containerdBtrfs: ("containerd", "btrfs")
        case .containerdNative: ("containerd", "native")
        case .dockerOverlay2: ("docker", "overlay2")
        case .dockerBtrfs: ("docker", "btrfs")
        case .dockerVfs: ("docker", "vfs")
        case .podmanOverlay: ("podman", "overlay")
        case .podmanBtrfs: ("podman", "btrfs")
        case .podmanVfs: ("podman", "vfs")
        }
    }

    /// The name that the engine has for it.
    var driver: String { names.driver }

    /// How a path in the store that is one layer becomes a tree.
    func tree(_ layers: [Path]) -> ImageTree {
        switch self {
        case .containerdBtrfs, .podmanBtrfs, .dockerBtrfs: .subvolume(layers.first ?? .top)
        default: .layers(layers)
        }
    }

    /// Whether each layer has a folder of its own files. Others have the whole tree in that of the top layer.
    package var isStacked: Bool { self == .containerdOverlayfs || self == .dockerOverlay2 || self == .podmanOverlay }
}
