public import Basics

/// What a layer says beside its files: how it is laid over a root.
public struct LayerRules: Equatable, Sendable {
    /// Where a layer says it. This file is not copied.
    public static let manifest: Path = ".docker-btrfs.json"

    /// How many directories of a layer may be in one another: each takes open files and some of the stack.
    public static let deepest = 1500

    /// What a layer fails with that has more.
    public static var isTooDeep: Failure {
        Failure("there are more than \(deepest) directories in one another", hint: "take this tree out of the layer")
    }

    /// Whether a name of a layer is one of a file that goes into the root: not of a whiteout, nor of these rules.
    public static func isCopied(_ name: some Collection<UInt8>, atTop: Bool) -> Bool {
        LayerName(name) == .entry && !(atTop && name.elementsEqual(manifest.bytes))
    }

    /// Directories that get the layer's owner, mode, attributes and times although the root has them already. All others that
    /// it has keep its own.
    public let directories: [Path]

    /// A layer that says nothing.
    public static let none = LayerRules(directories: [])

    public init(directories: [Path]) {
        self.directories = directories
    }
}
