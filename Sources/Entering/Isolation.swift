internal import CEntering
internal import CLinux

/// What a process in a root has around it: all of it is here as data.
enum Isolation {
    private static let plain = MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV

    /// Where the root is put for the moment that pivot_root(2) takes. Every system has it, and nothing of it is needed any more.
    static let doorstep = "/proc"

    static let processes = EntryStep.mount(
        "proc", at: "/proc", "", plain | MOUNT_ATTR_NOEXEC, "it shows the processes of here, and no others")

    /// The filesystems that the kernel shows itself by. No symlink of the image is followed to any of these places.
    static let kernelFilesystems: [EntryStep] = [
        processes,
        // With devices, unlike all other mounts: those that are made here are all that there are.
        .mount("tmpfs", at: "/dev", "mode=0755,size=65536,nr_inodes=1024", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NOEXEC, ""),
        .node("null", 1, 3), .node("zero", 1, 5), .node("full", 1, 7), .node("random", 1, 8), .node("urandom", 1, 9), .node("tty", 5, 0),
        .link("/dev/fd", to: "/proc/self/fd"), .link("/dev/stdin", to: "/proc/self/fd/0"), .link("/dev/stdout", to: "/proc/self/fd/1"),
        .link("/dev/stderr", to: "/proc/self/fd/2"), .link("/dev/ptmx", to: "pts/ptmx"),
        .directory("/dev/pts", mode: 0o755), .directory("/dev/shm", mode: 0o1777),
        .mount("tmpfs", at: "/dev/shm", "mode=1777", plain | MOUNT_ATTR_NOEXEC, ""),
        .mount("sysfs", at: "/sys", "", plain | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_RDONLY, "read-only"),
    ]

    /// What of these reaches the machine, for whoever is root.
    static let closed: [EntryStep] = [
        .readOnly("/proc/sys", "the kernel's settings are the machine's, and core_pattern is run by it"),
        .readOnly("/proc/sysrq-trigger", "it restarts the machine"),
        .readOnly("/proc/irq", "the machine's interrupts"), .readOnly("/proc/bus", "the machine's devices"),
        .readOnly("/proc/fs", "settings of filesystems"), .readOnly("/proc/mtrr", "how the processor caches memory"),
        .readOnly("/proc/dynamic_debug", "what the kernel logs"),
        .hide("/proc/kcore", "the machine's memory"), .hide("/proc/keys", "the keyrings of all users"),
        .hide("/proc/timer_list", "addresses in the kernel"), .hide("/proc/kallsyms", "addresses in the kernel"),
        .hide("/proc/sched_debug", "all processes of the machine"), .hide("/proc/latency_stats", "all processes of the machine"),
        .cover("/proc/scsi", "disks, which a line written there takes away (CVE-2017-16539)"),
        .cover("/proc/acpi", "settings of the firmware"), .cover("/proc/asound", "the machine's sound"),
        .cover("/sys/firmware", "keys and tables of the firmware"),
        .cover("/sys/devices/virtual/powercap", "how much the processor takes, which tells what it does"),
    ]

    /// What a system expects to be empty when it begins.
    static let fresh: [EntryStep] = [
        .mount("tmpfs", at: "/run", "mode=0755", plain, ""), .mount("tmpfs", at: "/tmp", "mode=1777", plain, ""),
    ]

    /// The capabilities that a root user keeps: what a package's installation and a build need, on the files and the processes of here.
    /// All others reach the machine, or are not needed, and go: SYS_ADMIN (mounts, and all else), SYS_MODULE (the kernel's code),
    /// SYS_RAWIO and MKNOD (devices), SYS_BOOT (restart), SYS_TIME (the clock), DAC_READ_SEARCH (open_by_handle_at reads any file of the
    /// filesystem), SYS_PTRACE (process 1, whose program is the machine's), NET_ADMIN (with --network host the machine's network),
    /// SYSLOG, SYS_RESOURCE, SYS_NICE, BPF, PERFMON, LINUX_IMMUTABLE and the rest.
    static let kept: [(capability: Int32, why: String)] = [
        (CAP_CHOWN, "owners of files"), (CAP_DAC_OVERRIDE, "root opens what is another's"),
        (CAP_FOWNER, "modes and times of what is another's"),
        (CAP_FSETID, "setgid stays with a change"), (CAP_KILL, "signals to others here"), (CAP_SETGID, "su, and package scripts"),
        (CAP_SETUID, "su, and package scripts"), (CAP_SETPCAP, "to give up more"),
        (CAP_SETFCAP, "programs with capabilities are installed"),
        (CAP_NET_BIND_SERVICE, "ports below 1024"), (CAP_NET_RAW, "ping"), (CAP_SYS_CHROOT, "chroot, debootstrap, sshd"),
        (CAP_AUDIT_WRITE, "login and su write to the audit log"),
    ]

    static let keptMask = kept.reduce(UInt64(0)) { $0 | 1 << UInt64($1.capability) }

    static let namespaces: [(flag: Int32, name: String)] = [
        (CLONE_NEWNS, "CLONE_NEWNS"), (CLONE_NEWPID, "CLONE_NEWPID"), (CLONE_NEWUTS, "CLONE_NEWUTS"), (CLONE_NEWIPC, "CLONE_NEWIPC"),
        (CLONE_NEWCGROUP, "CLONE_NEWCGROUP"), (CLONE_NEWNET, "CLONE_NEWNET"),
    ]
}

extension EntryStep {
    /// Puts an empty directory over one.
    fileprivate static func cover(_ path: String, _ why: String) -> EntryStep {
        var step = mount("tmpfs", at: path, "mode=0555", MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV | MOUNT_ATTR_RDONLY, "hides \(why)")
        step.isOptional = true
        return step
    }
}
