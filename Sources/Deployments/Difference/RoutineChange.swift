internal import Basics
internal import Files

/// What systems write by themselves, at every boot or every day: no change that a person made.
public enum RoutineChange {
    /// These, and all below them.
    static let trees: [Path] = [
        "dev", "proc", "run", "sys", "tmp",
        // Logs and caches.
        "var/cache", "var/log", "var/tmp", "var/spool/anacron", "var/spool/rsyslog",
        // systemd's state, but not who may linger, which a person says.
        "var/lib/systemd/backlight", "var/lib/systemd/catalog", "var/lib/systemd/coredump", "var/lib/systemd/ephemeral-trees",
        "var/lib/systemd/pstore", "var/lib/systemd/random-seed", "var/lib/systemd/rfkill", "var/lib/systemd/timers",
        "var/lib/systemd/timesync",
        // Package managers' lists, which they fetch again.
        "var/lib/apt/lists", "var/lib/apt/periodic", "var/lib/dnf", "var/lib/pacman/sync", "var/lib/PackageKit", "var/lib/update-notifier",
        "var/lib/command-not-found",
        // Leases, clocks and indexes.
        "var/lib/NetworkManager", "var/lib/chrony", "var/lib/dhcp", "var/lib/dhclient", "var/lib/dhcpcd", "var/lib/logrotate",
        "var/lib/man-db", "var/lib/mlocate", "var/lib/ntp", "var/lib/plocate", "var/lib/sudo", "var/lib/upower",
        // What is made of other files.
        "etc/.pwd.lock", "etc/.updated", "etc/adjtime", "etc/blkid.tab", "etc/ld.so.cache", "etc/udev/hwdb.bin", "usr/lib/udev/hwdb.bin",
        "var/.updated",
        // Who the machine is and where its network leads: from the boot, or from the network.
        "etc/docker-btrfs/users.given", "etc/machine-id", "etc/mtab", "etc/network/run", "etc/resolv.conf", "var/lib/dbus/machine-id",
        // The copies that passwd(1) and its like leave.
        "etc/group-", "etc/gshadow-", "etc/passwd-", "etc/shadow-", "etc/subgid-", "etc/subuid-",
    ]

    /// Whether a person chose what hwclock(8) writes beside the clock's drift: that the hardware's clock shows local time.
    static func isChosen(_ clock: [UInt8]) -> Bool {
        let lines = clock.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false)
        return lines.count > 2 && lines[2].starts(with: "LOCAL".utf8)
    }

    static let clock: Path = "etc/adjtime"

    /// Directories of these names, wherever they are.
    static let names = ["__pycache__"]
}

extension RootChange {
    /// Whether systems make this change by themselves.
    public var isRoutine: Bool { isMountPoint || !isChosen && Self.isRoutine(path) && from.map(Self.isRoutine) != false }

    static func isRoutine(_ path: Path) -> Bool {
        RoutineChange.trees.contains { path.isWithin($0) }
            || path.components.contains { component in RoutineChange.names.contains { component.elementsEqual($0.utf8) } }
    }
}

extension [RootChange] {
    /// Tells which directories an init made for the mounts of the fstab that a root was given: those are empty, or have only such in them. Not
    /// each init makes them: what a new line of the root is to mount has its place from a person.
    mutating func tellMountPoints(of table: MountsFile, in root: Directory) {
        let targets = Set(table.lines.compactMap { Path($0.target) })
        var found: Set<Path> = []
        // What is in a directory comes after it.
        for index in indices.reversed() where self[index].kind == .added && self[index].file == .directory {
            let path = self[index].path
            guard targets.contains(path) || found.contains(where: { $0.parent == path }),
                let names = try? root.directory(withoutLinks: path).names(),
                names.allSatisfy({ found.contains(path.appending(name: $0)) })
            else { continue }
            self[index].isMountPoint = true
            found.insert(path)
        }
    }
}
