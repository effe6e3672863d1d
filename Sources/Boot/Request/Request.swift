public import Basics
public import Images

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

    /// What becomes of the root at the next boot: `docker_mode=`.
    public enum Mode: Equatable, Sendable {
        /// Each boot makes a new one.
        case fresh
        /// It stays for as long as the image and the top layer do.
        case persist
    }

    /// A root of an earlier boot: `docker_root=`.
    public enum EarlierRoot: Equatable, Sendable {
        /// The newest that was kept.
        case previous
        case number(Int)
    }

    /// The kernel that the root runs with: `docker_kernel=`.
    public enum KernelChoice: Equatable, Sendable {
        /// The one that the boot loader started.
        case loader
        /// The image's own, which is started from here where it is another one.
        case image
        /// It was started so: the root is made.
        case started
    }

    /// What to do where no new root can be made: `docker_onfail=`.
    public enum OnFailure: Equatable, Sendable {
        /// Boot the newest root that there is.
        case previous
        case stop, reboot, powerOff
    }

    /// What is said of the root for any boot.
    public let root: RootArguments
    /// `subvol=` of rootflags: the subvolume that is booted, from the top level.
    public let name: Path
    /// What else rootflags has, for every mount of the root's filesystem.
    public let rootOptions: [String]
    /// The device that the store is on; nil where that is the root's.
    public let dockerDevice: DeviceName?
    /// Docker's data-root, containerd's root or Podman's graphroot, from the top of its filesystem; nil where no store is to be read,
    /// and what was deployed is enough.
    public let dockerPath: Path?
    /// Which of the stores there may be read.
    public let store: StoreChoice
    /// What a program chose: `docker_deployed=`, unless a person names an image.
    public let deployed: ImageID?
    public let image: ImageReference
    /// Whether the kernel command line names the image. Such a choice is never overruled.
    public let isImageChosen: Bool
    public let topLayer: TopLayer?
    /// Which root is gone on with, in place of a new one of the image.
    public let earlierRoot: EarlierRoot?
    public let kernel: KernelChoice
    public let mode: Mode
    public let onFailure: OnFailure
    /// How many of the roots that were replaced are kept.
    public let keep: Int
    /// How often an image is tried before the last good one is booted instead.
    public let tries: Int
    /// Directories of the root's filesystem where the boot loader may have found the kernel.
    public let bootFolders: [Path]
    /// `systemd.hostname=`.
    public let hostname: String?
    /// `systemd.machine_id=`.
    public let machineID: String?
    /// What the person at the machine must know of the kernel command line.
    public let notes: [String]
    /// Whether a person boots to repair the system: such a boot says nothing about its image.
    public let isForRepair: Bool
}
