/// A situation: disks, a kernel command line, and a script that runs in the booted root and ends at what is not as it should be.
enum Column: CaseIterable {
    case boots, refuses, ordinary, twoDisks, ext4, late, encrypted, nested, spaces, raid

    var title: String {
        switch self {
        case .boots: "boots"
        case .refuses: "refuses a wrong image"
        case .ordinary: "no `docker_path`"
        case .twoDisks: "two disks"
        case .ext4: "top layer on ext4"
        case .late: "device that comes late"
        case .encrypted: "LUKS"
        case .nested: "nested subvolumes in the old root"
        case .spaces: "words with spaces"
        case .raid: "btrfs on two devices"
        }
    }

    /// The root's disk: as it was installed, after a boot, or encrypted.
    var disk: String {
        switch self {
        case .boots, .twoDisks, .ext4, .late, .spaces: "disk"
        case .refuses, .ordinary, .nested: "booted"
        case .encrypted: "luks"
        case .raid: "raid"
        }
    }

    /// A disk that comes before the root's: the one with the top layer, or the other half of the root's filesystem.
    var otherDisk: String? {
        switch self {
        case .twoDisks: "btrfs"
        case .ext4, .late: "ext4"
        case .spaces: "spaces"
        case .raid: "mirror"
        default: nil
        }
    }

    var line: String {
        let root = "root=LABEL=matrix rootflags=subvol=\(self == .ordinary ? "ordinary" : "docker_rwlayer") rw console=ttyS0"
        let words =
            switch self {
            case .boots, .encrypted, .nested, .raid: "docker_path=docker toplayer=LABEL=matrix toplayer_path=boot_docker"
            case .refuses: "docker_path=docker docker_image=matrx docker_onfail=stop"
            case .ordinary: "toplayer=LABEL=matrix toplayer_path=boot_docker"
            case .twoDisks, .ext4: "docker_path=docker toplayer=LABEL=machine"
            // Not rootdelay=, for which initramfs-tools sleeps first.
            case .late: "docker_path=docker toplayer=LABEL=machine rootwait=300"
            case .spaces: #"docker_path=docker toplayer="LABEL=my disk" "toplayer_path=machine files""#
            }
        return "\(root) \(words)"
    }

    var script: String {
        switch self {
        case .boots: Self.newRoot(number: 1, "from the top layer")
        case .refuses: "false"
        case .ordinary: Self.ordinaryRoot
        case .twoDisks, .ext4, .spaces: Self.newRoot(number: 1, "from the other disk") + Self.rootIsOnSecondDisk
        case .late: Self.newRoot(number: 1, "from the other disk") + Self.hadToWait
        case .encrypted: Self.newRoot(number: 1, "from the top layer") + Self.rootIsEncrypted
        case .raid: Self.newRoot(number: 1, "from the top layer") + Self.rootIsOnTwoDevices
        case .nested: Self.newRoot(number: 2, "from the top layer") + Self.oldRootIsKept
        }
    }
}
