public import Basics

/// What the kernel command line and the configuration ask for.
public struct Request: Equatable, Sendable {
    /// The machine's own files, laid over the new root.
    public struct TopLayer: Equatable, Sendable {
        public let device: DeviceName
        /// From the top of that filesystem, as `options` has it mounted.
        public let path: Path
        /// nil: found by probing.
        public let filesystemType: String?
        public let options: [String]
    }

    /// How long to wait for the devices.
    public enum Patience: Equatable, Sendable {
        case seconds(Int)
        case forever
    }

    public let rootDevice: DeviceName
    /// `subvol=` of rootflags: the subvolume that is booted, from the top level.
    public let name: Path
    /// What else rootflags has, for every mount of the root's filesystem.
    public let rootOptions: [String]
    public let patience: Patience
    /// Docker's data-root, from the top level.
    public let dockerPath: Path
    /// As written; the store's reader knows what it means.
    public let image: String
    public let topLayer: TopLayer?
    /// `init=`, without the leading slash.
    public let initProgram: Path?
}
