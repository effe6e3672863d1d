/// A situation: disks, a kernel command line, and a script that runs in the booted root and ends at what is not as it should be.
enum Column: CaseIterable {
    case boots, refuses, ordinary, twoDisks, ext4, vfat, late, encrypted, volumes, nested, spaces, raid, degraded, hibernation

    var title: String {
        switch self {
        case .boots: "boots"
        case .refuses: "refuses a wrong image"
        case .ordinary: "no `docker_path`"
        case .twoDisks: "two disks"
        case .ext4: "top layer on ext4"
        case .vfat: "top layer on vfat"
        case .late: "device that comes late"
        case .encrypted: "LUKS"
        case .volumes: "LVM, top layer on XFS"
        case .nested: "nested subvolumes in the old root"
        case .spaces: "words with spaces"
        case .raid: "btrfs on two devices"
        case .degraded: "btrfs without one of two devices"
        case .hibernation: "hibernation"
        }
    }

    /// The root's disk: as it was installed, after a boot, encrypted, and so on.
    var disk: String {
        switch self {
        case .boots, .twoDisks, .ext4, .vfat, .late, .spaces, .hibernation: "disk"
        case .refuses, .ordinary, .nested: "booted"
        case .encrypted: "luks"
        case .volumes: "lvm"
        case .raid, .degraded: "raid"
        }
    }

    /// A disk that comes before the root's: the one with the top layer, the other half of the root's filesystem, or swap.
    var otherDisk: String? {
        switch self {
        case .twoDisks: "btrfs"
        case .ext4, .late: "ext4"
        case .vfat: "vfat"
        case .spaces: "spaces"
        case .raid: "mirror"
        case .hibernation: "swap"
        default: nil
        }
    }

    private var rootFlags: String {
        switch self {
        case .ordinary: "subvol=ordinary"
        case .degraded: "subvol=docker_rwlayer,degraded"
        default: "subvol=docker_rwlayer"
        }
    }

    var line: String {
        let ownLayer = "toplayer=LABEL=matrix toplayer_path=boot_docker"
        let words =
            switch self {
            case .boots, .encrypted, .nested, .raid: "docker_path=docker \(ownLayer)"
            case .refuses: "docker_path=docker docker_image=matrx docker_onfail=stop"
            case .ordinary: ownLayer
            case .twoDisks, .ext4, .volumes: "docker_path=docker toplayer=LABEL=machine"
            case .vfat: "docker_path=docker toplayer=LABEL=MACHINE toplayerflags=umask=077"
            // Not rootdelay=, for which initramfs-tools sleeps first.
            case .late: "docker_path=docker toplayer=LABEL=machine rootwait=300"
            case .degraded: "docker_path=docker \(ownLayer) rootwait=2"
            // In QEMU it takes seconds to clear the pages that the kernel hibernates with.
            case .hibernation: "docker_path=docker \(ownLayer) init_on_alloc=0"
            case .spaces: #"docker_path=docker toplayer="LABEL=my disk" "toplayer_path=machine files""#
            }
        return "root=LABEL=matrix rootflags=\(rootFlags) rw console=ttyS0 \(words)"
    }

    var script: String {
        switch self {
        case .boots: Self.newRoot(number: 1, "from the top layer")
        case .refuses: "false"
        case .ordinary: Self.ordinaryRoot
        case .twoDisks, .ext4, .spaces: Self.newRoot(number: 1, "from the other disk") + Self.rootIsOnSecondDisk
        case .late: Self.newRoot(number: 1, "from the other disk") + Self.hadToWait
        case .vfat: Self.newRoot(number: 1, "from the other disk") + Self.rootIsOnSecondDisk + Self.filesAreRootsAlone
        case .encrypted: Self.newRoot(number: 1, "from the top layer") + Self.rootIsEncrypted
        case .volumes: Self.newRoot(number: 1, "from the other disk") + Self.rootIsOnVolume
        case .raid: Self.newRoot(number: 1, "from the top layer") + Self.rootIsOnTwoDevices
        case .degraded: Self.newRoot(number: 1, "from the top layer") + Self.rootLacksDevice + Self.hadToWait
        case .nested: Self.newRoot(number: 2, "from the top layer") + Self.oldRootIsKept
        case .hibernation: Self.newRoot(number: 1, "from the top layer") + Self.hibernates
        }
    }
}
