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

    /// Whether a name of a layer's directory is one of a file that goes into the root: not of a whiteout, nor of these rules.
    public func isCopied(_ name: [UInt8], in directory: Path) -> Bool {
        !isLayer || LayerName(name) == .entry && !Self.isManifest(name, in: directory) && !ignores(name, in: directory)
    }

    private static func isManifest(_ name: [UInt8], in directory: Path) -> Bool { directory.isTop && name == manifest.bytes }

    /// Whether it is left out with all that is in it. The rules themselves never are: they count, whatever they fit.
    public func ignores(_ name: [UInt8], in directory: Path) -> Bool {
        if Self.isManifest(name, in: directory) { return false }
        for pattern in ignored where pattern.parent == directory && pattern.fits(name) { return true }
        return false
    }

    /// Directories that get the layer's owner, mode, attributes and times although the root has them already. All others that
    /// it has keep its own.
    public let directories: [Path]

    private let ignored: [PathPattern]

    /// Whether names have the meanings that they have in a layer.
    public let isLayer: Bool

    /// What filesystems, desktops, snapper and git leave at the top of what is theirs.
    public static let usuallyIgnored = ["lost+found", ".Trash-*", ".snapshots", ".git"].compactMap { PathPattern($0) }

    /// A layer that says nothing.
    public static let none = LayerRules(directories: [], ignored: usuallyIgnored)

    /// Of an image all is taken.
    public static let ofImages = LayerRules(directories: [], ignored: [])

    /// A directory that is no layer is copied with all that it has, whatever the names in it are.
    public static let noLayer = LayerRules(directories: [.top], ignored: [], isLayer: false)

    public init(directories: [Path], ignored: [PathPattern] = usuallyIgnored, isLayer: Bool = true) {
        self.directories = directories
        self.ignored = ignored
        self.isLayer = isLayer
    }
}
