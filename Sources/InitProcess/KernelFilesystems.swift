public import Basics
internal import CLinux

/// What the kernel shows as files, and every program expects at its place.
public enum KernelFilesystem: CaseIterable, Sendable {
    case devices, processes, system, run

    public var place: String {
        switch self {
        case .devices: "/dev"
        case .processes: "/proc"
        case .system: "/sys"
        case .run: "/run"
        }
    }

    /// As systemd's INITRD_INTERFACE says. The type of the flags differs from one glibc to the next.
    private var parameters: (type: String, flags: UInt, options: String) {
        switch self {
        case .devices: ("devtmpfs", UInt(MS_NOSUID), "mode=0755")
        case .processes: ("proc", UInt(MS_NOSUID | MS_NODEV | MS_NOEXEC), "")
        case .system: ("sysfs", UInt(MS_NOSUID | MS_NODEV | MS_NOEXEC), "")
        case .run: ("tmpfs", UInt(MS_NOSUID | MS_NODEV | MS_STRICTATIME), "mode=0755")
        }
    }

    /// Mounts it, unless something is mounted there.
    public func mountIfMissing() throws(Failure) {
        mkdir(place, 0o755)
        var top = stat()
        var found = stat()
        if stat("/", &top) == 0 && stat(place, &found) == 0 && top.st_dev != found.st_dev { return }
        let (type, flags, options) = parameters
        if CLinux.mount(type, place, type, flags, options) != 0 {
            throw .system("mount the \(type) at '\(place)'", hint: buildAgain)
        }
    }
}
