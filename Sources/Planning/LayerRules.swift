public import Basics

/// What a layer says beside its files: how it is laid over a root.
public struct LayerRules: Equatable, Sendable {
    /// Where a layer says it. This file is not copied.
    public static let manifest: Path = ".docker-btrfs.json"

    /// Directories that get the layer's owner, mode, attributes and times although the root has them already. All others that
    /// it has keep its own.
    public let directories: [Path]

    /// A layer that says nothing.
    public static let none = LayerRules(directories: [])

    public init(directories: [Path]) {
        self.directories = directories
    }
}
