internal import Basics
internal import CLinux

/// `uname -r`; nil for a kernel that takes no modules, or where /proc does not tell.
public func kernelRelease() -> String? {
    var name = utsname()
    if uname(&name) != 0 || access("/proc/modules", F_OK) != 0 { return nil }
    return withUnsafeBytes(of: name.release) { display($0.prefix { $0 != 0 }) }
}

/// Whether this program may mount filesystems and read devices.
public func isRunByRoot() -> Bool { geteuid() == 0 }

/// Why the running kernel cannot start another one; nil where it may.
public func kernelObstacle() -> String? {
    if access("/sys/kernel/kexec_loaded", F_OK) != 0 { return "the running kernel has no kexec" }
    return firstLine(of: "/proc/sys/kernel/kexec_load_disabled") == "1" ? "kernel.kexec_load_disabled is set" : nil
}

/// Loads a kernel that takes the place of the running one. Fails with the reason alone.
func loadKernel(_ kernel: Path, _ initramfs: Path, of tree: Directory, _ line: [UInt8]) throws(Failure) {
    if linux_load_kernel(tree.descriptor, kernel.cString, initramfs.cString, cString(line)) == 0 { return }
    if linux_errno() != EPERM { throw .reason() }
    throw Failure("the running kernel is locked down (Secure Boot), and starts only what it can verify")
}

/// Returns only where that is not possible, as system calls do.
func startLoadedKernel() -> Int32 {
    // All filesystems: the top layer's may have got a file.
    sync()
    return linux_start_kernel()
}

/// Takes a loaded kernel back.
public func forgetKernel() {
    linux_forget_kernel()
}

/// Restarts the machine at once or switches it off. Returns only where that is not allowed.
public func endMachine(poweringOff: Bool) {
    sync()
    _ = poweringOff ? linux_power_off() : linux_reboot()
}
