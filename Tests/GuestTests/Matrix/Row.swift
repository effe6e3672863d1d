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
    /// Two of these on Debian 13, and all of Debian 13 is booted.
    case dracutSystemd13 = "dracut-systemd 13"
    case initramfsTools13 = "initramfs-tools 13"

    var title: String {
        switch self {
        case .mkinitcpioBusybox: "mkinitcpio busybox*"
        case .mkinitcpioSystemd: "mkinitcpio systemd*"
        case .dracutSystemd: "dracut systemd"
        case .dracutPlain: "dracut plain"
        case .initramfsTools: "initramfs-tools"
        case .alone: "/init"
        case .unified: "UKI"
        case .dracutSystemd13: "dracut systemd, Debian 13"
        case .initramfsTools13: "initramfs-tools, Debian 13"
        }
    }

    private var is13: Bool { [.dracutSystemd13, .initramfsTools13].contains(self) }
    /// What the folders' names end with for which the lab's scripts were told a suite.
    private var suite: String { is13 ? "-trixie" : "" }

    /// What Tests/Lab/initramfs makes: its initramfs, and the kernel for it.
    var file: String {
        let name =
            switch self {
            case .dracutSystemd13: Self.dracutSystemd.rawValue
            case .initramfsTools13: Self.initramfsTools.rawValue
            default: rawValue
            }
        return "\(Lab.folder)/initramfs\(suite)/\(name).img"
    }
    var kernel: String { "\(Lab.folder)/initramfs\(suite)/vmlinuz" }

    /// Where the disks are: what Tests/Lab/matrix makes.
    var disks: String { "\(Lab.folder)/matrix\(suite)" }

    /// Why it has no cell in this column, if it has none.
    func lacks(_ column: Column) -> String? {
        switch self {
        case .alone, .unified: [.encrypted, .volumes, .hibernation].contains(column) ? "not offered" : nil
        case .dracutSystemd13, .initramfsTools13: [.boots, .refuses, .late, .encrypted, .nested].contains(column) ? nil : "not tried"
        default: nil
        }
    }

    /// What its system asserts in every column.
    var script: String {
        guard is13 else { return "" }
        return """
            grep '^VERSION_CODENAME=trixie$' /etc/os-release
            [ "$(uname -r | cut -d . -f 1,2)" = 6.12 ]
            [ "$(cat /proc/1/comm)" = systemd ]
            [ -z "$(systemctl list-units --failed --plain --no-legend)" ]

            """
    }

    /// The console shows it no later than docker-btrfs-init starts.
    var start: String {
        switch self {
        case .mkinitcpioBusybox: ":: running hook [docker-btrfs]"
        case .mkinitcpioSystemd, .dracutSystemd, .dracutSystemd13: "Root from a Docker image..."
        case .dracutPlain: "BTRFS: device label matrix"
        case .initramfsTools, .initramfsTools13: "Begin: Running /scripts/local-premount"
        case .alone, .unified: "docker-btrfs-init: waiting for LABEL=matrix (root=)"
        }
    }

    /// The words on the kernel command line that have a LUKS device with this UUID unlocked.
    func unlocking(_ uuid: String) -> String {
        switch self {
        case .mkinitcpioBusybox: "cryptdevice=UUID=\(uuid):secret cryptkey=rootfs:/etc/matrix.key"
        case .mkinitcpioSystemd, .dracutSystemd, .dracutPlain, .dracutSystemd13: "rd.luks.uuid=\(uuid)"
        case .initramfsTools, .alone, .unified, .initramfsTools13: ""
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
        case .mkinitcpioBusybox, .initramfsTools, .initramfsTools13: .shell
        case .dracutSystemd, .dracutPlain, .alone, .unified, .dracutSystemd13: .off
        case .mkinitcpioSystemd: .wait
        }
    }

    /// What the framework itself says then.
    var lastWords: String {
        switch self {
        case .mkinitcpioBusybox: "ERROR: docker-btrfs-init failed: no root to boot."
        case .mkinitcpioSystemd, .dracutSystemd, .dracutSystemd13: "Reached target emergency.target"
        case .dracutPlain: "dracut Warning: docker-btrfs-init failed: no root to boot."
        case .initramfsTools, .initramfsTools13: "docker-btrfs-init failed: no root to boot."
        case .alone, .unified: "This machine could not be booted."
        }
    }
}
