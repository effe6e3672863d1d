/// What an image's store has that a root can be made from.
public enum RootSource: Equatable, Sendable {
    /// A subvolume with the image's whole tree, as Docker's btrfs driver keeps it.
    case subvolume(Place)
    /// Directories that lie over one another, the topmost first.
    case layers([Place], LayerConvention)
}

/// How a store's layer says that something of the layers below it is gone.
public enum LayerConvention: Equatable, Sendable {
    /// As overlayfs has it: character devices 0/0, and extended attributes of directories.
    case overlay
}
