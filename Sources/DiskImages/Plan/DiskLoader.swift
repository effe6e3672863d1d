/// What starts a disk.
public enum DiskLoader: String, Sendable, CaseIterable {
    case grub
    case systemdBoot = "systemd-boot"
}
