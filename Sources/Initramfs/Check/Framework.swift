internal import Basics

/// What made an initramfs, and what runs at its boot.
public enum Framework: Sendable {
    /// docker-btrfs-init is /init itself.
    case none
    case dracut, dracutWithSystemd
    case mkinitcpio, mkinitcpioWithSystemd
    case initramfsTools
    /// Another one, by its systemd.
    case systemd

    /// nil where it is none that we know.
    init?(of image: InitramfsImage) {
        func has(_ path: Path) -> Bool { image.target(of: path) != nil }
        let hasSystemd = systemdPrograms.contains(where: has)
        if has(modulesListPath) || image.target(of: "init").map({ isInitProgram($0) }) == true {
            self = .none
        } else if has("scripts/functions") && has("conf/initramfs.conf") {
            self = .initramfsTools
        } else if has("buildconfig") || has("config") && has("hooks") {
            self = hasSystemd ? .mkinitcpioWithSystemd : .mkinitcpio
        } else if has("usr/lib/dracut") || has("lib/dracut") || has("var/lib/dracut") {
            self = hasSystemd ? .dracutWithSystemd : .dracut
        } else if hasSystemd {
            self = .systemd
        } else {
            return nil
        }
    }

    var name: String {
        switch self {
        case .none: "docker-btrfs-init as /init"
        case .dracut: "dracut without systemd"
        case .dracutWithSystemd: "dracut with systemd"
        case .mkinitcpio: "mkinitcpio with busybox"
        case .mkinitcpioWithSystemd: "mkinitcpio with systemd"
        case .initramfsTools: "initramfs-tools"
        case .systemd: "systemd"
        }
    }

    /// What to do where something is missing in the image.
    var remedy: String {
        switch self {
        case .none: "build it again with 'docker-btrfs initramfs build'"
        case .dracut, .dracutWithSystemd: "run 'docker-btrfs install', or build it again with 'dracut --force --add docker-btrfs'"
        case .mkinitcpio, .mkinitcpioWithSystemd:
            "run 'docker-btrfs install', or put 'docker-btrfs' into HOOKS, before 'filesystems' and where HOOKS is set last, and run "
                + "'mkinitcpio -P'"
        case .initramfsTools: "run 'docker-btrfs install', or build it again with 'update-initramfs -u'"
        case .systemd: "put docker-btrfs-init, docker-btrfs.service and its link in sysroot.mount.requires into it"
        }
    }

    /// Where it takes the kernel command line of a unified kernel image from.
    var commandLineSource: String {
        switch self {
        case .none: "--cmdline or /etc/kernel/cmdline"
        case .dracut, .dracutWithSystemd: "kernel_cmdline= in /etc/dracut.conf.d"
        case .mkinitcpio, .mkinitcpioWithSystemd: "/etc/kernel/cmdline or /etc/cmdline.d"
        case .initramfsTools, .systemd: "/etc/kernel/cmdline"
        }
    }
}

extension InitramfsImage {
    /// Whether docker-btrfs-init is its /init, and no framework has made it.
    package var isBuiltHere: Bool {
        if let framework = Framework(of: self), case .none = framework { return true }
        return false
    }
}
