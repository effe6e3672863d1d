public import Basics
public import Images
public import Planning

/// What the survey found on the disk; all that the plan depends on beside the request.
public struct Facts: Equatable, Sendable {
    /// What stands where the new root is to be.
    public enum Standing: Equatable, Sendable {
        case nothing
        /// A root that docker-btrfs made.
        case root(Origin)
        /// Anything else, in words: `a subvolume`.
        case foreign(String)
    }

    /// What the image's filesystem has and lacks.
    public struct Contents: Equatable, Sendable {
        /// Those of `proc`, `sys`, `dev`, `run` and `tmp` that the image lacks.
        public var missingDirectories: [Path]
        public var hasContainerMark: Bool
        public var hasOSRelease: Bool
        /// The init that the image or the top layer has; nil for none.
        public var initProgram: Path?
    }

    public var image: Image
    public var contents: Contents
    public var standing: Standing
    /// What lies above the root's name and is not there yet, from the top down.
    public var missingParents: [Path]
    public var hasWorkshop: Bool
    /// A boot was interrupted: something lies where the new root is to be built.
    public var hasLeftover: Bool
}
