internal import CLinux

/// Whether this process sees only some of the machine's processes. Needs /proc.
public func isInContainer() -> Bool {
    var namespace = stat()
    // PROC_PID_INIT_INO: the first namespace of processes has this number on every machine.
    return stat("/proc/self/ns/pid", &namespace) == 0 && namespace.st_ino != 0xefff_fffc
}
