public import Basics
public import Planning

/// What the survey found; all that the plan depends on beside the request.
public struct Facts: Sendable {
    /// The machine that is about to boot, as its running kernel shows it.
    public struct Host: Sendable {
        /// `uname -r`; nil for a kernel that takes no modules.
        public let kernelRelease: String?
        /// Seconds since 1970.
        public let time: Int
        /// What may stand for this machine in a folder of top layers, from what is shared by most to what is only its own.
        public let names: [String]
        /// Why no other kernel can be started; nil where that is to be tried.
        public let kernelObstacle: String?

        public init(kernelRelease: String?, time: Int, names: [String] = [], kernelObstacle: String? = nil) {
            self.kernelRelease = kernelRelease
            self.kernelObstacle = kernelObstacle
            self.time = time
            self.names = names
        }
    }

    /// A layer that a root can be made from.
    public struct Source: Equatable, Sendable {
        public var reference: ImageReference
        public var imageID: ImageID
        public var chainID: ChainID
        /// What the store has, or a layer that was held.
        public var root: RootSource
        /// A text that is another one after any change in the layer; nil where it is no subvolume.
        public var layerState: String?
        public var contents: Contents
        /// What is in its layers, where they are to be merged; nil where that was not looked at.
        public var extent: Extent?
        /// Why it is not the layer of the image in the store.
        public var note: String?
    }

    /// A kernel in the tree of an image, by its paths from there.
    public struct Kernel: Equatable, Sendable {
        public let path: Path
        public let initramfs: Path
        /// What that tree is.
        public let chainID: ChainID
    }

    /// What a layer's filesystem has and lacks.
    public struct Contents: Equatable, Sendable {
        /// Those of `proc`, `sys`, `dev`, `run` and `tmp` that it lacks.
        public var missingDirectories: [Path]
        /// Empty places of nested subvolumes, which a snapshot leaves out.
        public var placeholders: [Path]
        /// What a container engine left that a machine must not have.
        public var leftovers: [Path]
        /// Files that are one machine's own, and are those of all that boot this image: the top layer has none in their place.
        public var identity: [Path]
        public var modules: Modules
        /// Of its topmost directory.
        public var owner: UInt32 = 0
        public var permissions: UInt32 = 0o755
        /// Whether its init is systemd, and neither it nor the top layer has an /etc/machine-id: to systemd each boot is the first.
        public var lacksMachineID = false
        /// Whether `init=` names another program than the one that is the image's init.
        public var startsOther = false
        /// What could not be looked at, and is not needed.
        public var notes: [String] = []
        /// Whether it asks for SELinux, so that its files need labels.
        public var usesSELinux = false
    }

    /// The modules of the running kernel.
    public enum Modules: Equatable, Sendable {
        case present
        /// There are others.
        case absent
        /// None at all: it is not meant to have any, or the kernel takes none.
        case notNeeded
        /// They could not be looked at.
        case unknown
    }

    /// A root that docker-btrfs made.
    public struct Root: Equatable, Sendable {
        public var path: Path
        public var mark: Mark
        public var isGood: Bool
        public var modules: Modules
        /// The outermost subvolumes in it, whose places are left empty in a copy of the root.
        public var nested: [Path]
        /// Subvolumes in it that somebody put something into: no such root is deleted.
        public var occupied: [Path]
        /// Why nobody knows what else is in its subvolumes; no such root is deleted either.
        public var unseen: String? = nil
        /// Whether it is what a mount without `subvol=` shows, which btrfs does not delete.
        public var isDefault = false
    }

    /// What stands where the new root is to be.
    public enum Standing: Equatable, Sendable {
        case nothing
        case root(Root)
        /// Anything else, in words: `a subvolume`.
        case foreign(String)
        /// What could not be looked at: it makes way, and is not deleted.
        case unreadable
    }

    /// A directory of files that are laid over the root.
    public struct Layer: Equatable, Sendable {
        /// From the top of its filesystem.
        public var path: Path
        public var manifest: LayerManifest

        package init(path: Path, manifest: LayerManifest) {
            self.path = path
            self.manifest = manifest
        }
    }

    /// The top layer: one directory, or several that were chosen for this machine.
    public struct TopLayer: Equatable, Sendable {
        /// In the order in which they are laid over the root.
        public var layers: [Layer]
        /// A text that is another one after any change in them.
        public var state: String
        /// By what the next boot finds that nothing changed; nil where it looks at each file, and where the state alone tells.
        public var known: KnownLayer? = nil
        /// What a copy of them takes; nil where that was not looked at, for a template has it.
        public var extent: Extent?
        /// Whether a copy shares its data: both are on one filesystem.
        public var isShared: Bool
        /// What the person at the machine must know of them.
        public var notes: [String]
    }

    /// The files of a directory tree.
    public struct Extent: Equatable, Sendable {
        /// What the contents of all files take on a disk, in bytes.
        public var size: Int
        public var files: Int
        /// The file that takes most of it, by its path from the top layer.
        public var largest: Path?
        /// What that takes, in bytes.
        public var largestSize = 0
    }

    public var host: Host
    /// What the image that is asked for gives, or why it gives nothing.
    public var wanted: Result<Source, Failure>
    /// The kernel of that image, or of one that stands in for it, where it is asked for and another one runs, which can start it.
    public var kernel: Kernel?
    /// What the last image gives whose boot was good, where that is another one.
    public var lastGood: Source?
    public var topLayer: TopLayer?
    public var standing: Standing
    /// The roots that were replaced, oldest first.
    public var kept: [Root]
    /// The numbers that are taken in their folder, by whatever lies there.
    public var takenNumbers: [Int]
    /// The chain ids of the layers that are held.
    public var held: [ChainID]
    /// Holds whose copy or merge was cut off.
    public var unfinishedHolds: [Path] = []
    /// Those that roots of other names were made from, and that were deployed.
    public var heldForOthers: [ChainID]
    /// Roots without a mark of their own that were prepared from a layer and the top layer: read-only snapshots.
    public var templates: [Path]
    /// What is called as a template is, and is none.
    var strayTemplates: [Path] = []
    /// Whether roots of other names may be on this filesystem.
    var hasOtherNames = false
    /// Files that the standing root's system made for this machine, and the top layer is to have.
    public var minted: [Path]
    public var record: Record
    /// Why the record counts for nothing.
    public var recordDamage: String?
    /// The running kernel's modules that lie beside it, or in a layer that is held.
    public var modulesElsewhere: Path?
    /// What the root's filesystem has free; nil where that is not known.
    public var space: Need?
    /// What it could have free if nothing at all was on it: no deletion frees more. nil where that is not known.
    public var capacity: Need?
    /// What is to be made before a root can be: from the top down, the directories that are not there yet.
    public var missingDirectories: [Path]
    /// What a boot that was interrupted left where the new root is to be built.
    public var leftover: Leftover

    public enum Leftover: Equatable, Sendable {
        case nothing
        /// A root that was replaced and not put away: older than the one in its place. `path` is where it is to be put.
        case replaced(Root)
        /// A root that was not finished.
        case unfinished
        /// What could not be looked at, and where it is to be put.
        case unreadable(Path)
    }

    /// What is wrong with things that a boot can do without, a sentence each.
    public var faults: [String] = []
    /// Whether each root that there is was looked at.
    public var areRootsKnown = true
}
