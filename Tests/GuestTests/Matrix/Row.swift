/// What makes the initramfs; the name is that of its file in the lab.
enum Row: String, CaseIterable {
    case mkinitcpioBusybox = "mkinitcpio-busybox"
    case mkinitcpioSystemd = "mkinitcpio-systemd"
    case dracutSystemd = "dracut-systemd"
    case dracutPlain = "dracut-plain"
    case initramfsTools = "initramfs-tools"
    /// docker-btrfs-init itself.
    case alone = "init"
    /// The same in a unified kernel image.
    case unified = "uki"

    var title: String {
        switch self {
        case .mkinitcpioBusybox: "mkinitcpio busybox*"
        case .mkinitcpioSystemd: "mkinitcpio systemd*"
        case .dracutSystemd: "dracut systemd"
        case .dracutPlain: "dracut plain"
        case .initramfsTools: "initramfs-tools"
        case .alone: "/init"
        case .unified: "UKI"
        }
    }

    /// Its initramfs: what Tests/Lab/initramfs makes.
    var file: String { "\(Lab.folder)/initramfs/\(rawValue).img" }

    func offers(_ column: Column) -> Bool {
        switch self {
        case .alone, .unified: ![.encrypted, .volumes, .hibernation].contains(column)
        default: true
        }
    }

    /// The console shows it no later than docker-btrfs-init starts.
    var start: String {
        switch self {
        case .mkinitcpioBusybox: ":: running hook [docker-btrfs]"
        case .mkinitcpioSystemd, .dracutSystemd: "Root from a Docker image..."
        case .dracutPlain: "BTRFS: device label matrix"
        case .initramfsTools: "Begin: Running /scripts/local-premount"
        case .alone, .unified: "docker-btrfs-init: waiting for LABEL=matrix (root=)"
        }
    }

    /// The words on the kernel command line that have a LUKS device with this UUID unlocked.
    func unlocking(_ uuid: String) -> String {
        switch self {
        case .mkinitcpioBusybox: "cryptdevice=UUID=\(uuid):secret cryptkey=rootfs:/etc/matrix.key"
        case .mkinitcpioSystemd, .dracutSystemd, .dracutPlain: "rd.luks.uuid=\(uuid)"
        case .initramfsTools, .alone, .unified: ""
        }
    }

    /// The words on the kernel command line that have the volume group's volumes activated.
    var activating: String {
        switch self {
        case .dracutSystemd, .dracutPlain: "rd.lvm.vg=matrix"
        default: ""
        }
    }

    /// How a boot ends for which there is no root.
    enum End {
        /// In a shell. Who leaves it has it tried again.
        case shell
        /// The machine goes off by itself, where it was told to.
        case off
        /// It waits for someone at the console.
        case wait
    }

    var end: End {
        switch self {
        case .mkinitcpioBusybox, .initramfsTools: .shell
        case .dracutSystemd, .dracutPlain, .alone, .unified: .off
        case .mkinitcpioSystemd: .wait
        }
    }

    /// What the framework itself says then.
    var lastWords: String {
        switch self {
        case .mkinitcpioBusybox: "ERROR: docker-btrfs-init failed: no root to boot."
        case .mkinitcpioSystemd, .dracutSystemd: "Reached target emergency.target"
        case .dracutPlain: "dracut Warning: docker-btrfs-init failed: no root to boot."
        case .initramfsTools: "docker-btrfs-init failed: no root to boot."
        case .alone, .unified: "This machine could not be booted."
        }
    }
}
