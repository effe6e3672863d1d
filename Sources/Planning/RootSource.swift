/// What an image's store has that a root can be made from.
public enum RootSource: Equatable, Sendable {
    /// A subvolume with the image's whole tree, as Docker's btrfs driver keeps it.
    case subvolume(Place)
    /// Directories that lie over one another, the topmost first.
    case layers([Place], LayerConvention)

    /// All that it is made of.
    public var places: [Place] {
        switch self {
        case .subvolume(let place): [place]
        case .layers(let places, _): places
        }
    }

    /// Whether a root can share its data.
    public var isOnRoot: Bool { places.allSatisfy { $0.filesystem == .root } }
}

/// How a store's layer says that something of the layers below it is gone.
public enum LayerConvention: Equatable, Sendable {
    /// As overlayfs has it: character devices 0/0, and extended attributes of directories.
    case overlay
}
