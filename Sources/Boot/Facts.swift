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

        public init(kernelRelease: String?, time: Int) {
            self.kernelRelease = kernelRelease
            self.time = time
        }
    }

    /// A layer that a root can be made from.
    public struct Source: Equatable, Sendable {
        public var reference: String
        public var imageID: String
        public var chainID: String
        public var layer: Path
        public var contents: Contents
        /// Why it is not the layer of the image in the store.
        public var note: String?
    }

    /// What a layer's filesystem has and lacks.
    public struct Contents: Equatable, Sendable {
        /// Those of `proc`, `sys`, `dev`, `run` and `tmp` that it lacks.
        public var missingDirectories: [Path]
        /// Empty places of nested subvolumes, which a snapshot leaves out.
        public var placeholders: [Path]
        public var hasContainerMark: Bool
        public var modules: Modules
    }

    /// The modules of the running kernel.
    public enum Modules: Equatable, Sendable {
        case present
        /// There are others.
        case absent
        /// None at all: it is not meant to have any, or the kernel takes none.
        case notNeeded
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
    }

    /// What stands where the new root is to be.
    public enum Standing: Equatable, Sendable {
        case nothing
        case root(Root)
        /// Anything else, in words: `a subvolume`.
        case foreign(String)
    }

    /// The state of the top layer's directory.
    public struct TopLayer: Equatable, Sendable {
        public var fingerprint: String
        /// Of all files, in bytes.
        public var size: Int
        public var files: Int
        /// Whether a copy shares its data: both are on one filesystem.
        public var isShared: Bool
    }

    public var host: Host
    /// What the image that is asked for gives, or why it gives nothing.
    public var wanted: Result<Source, Failure>
    /// What the last image gives whose boot was good, where that is another one.
    public var lastGood: Source?
    public var topLayer: TopLayer?
    public var standing: Standing
    /// The roots that were replaced, oldest first.
    public var kept: [Root]
    /// The highest number that one of their places has, whatever lies there; 0 where there is none.
    public var lastNumber: Int
    /// The chain ids of the layers that are held.
    public var held: [String]
    /// Those that roots of other names were made from.
    public var heldForOthers: [String]
    public var record: Record
    /// Why the record counts for nothing.
    public var recordDamage: String?
    /// Kernel modules that lie beside the kernel.
    public var modulesBesideKernel: Path?
    /// What the root's filesystem has free; nil where that is not known.
    public var space: Need?
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
    }
}
