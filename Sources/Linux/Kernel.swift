internal import Basics
internal import CLinux

/// `uname -r`; nil for a kernel that takes no modules, or where /proc does not tell.
public func kernelRelease() -> String? {
    var name = utsname()
    if uname(&name) != 0 || access("/proc/modules", F_OK) != 0 { return nil }
    return withUnsafeBytes(of: name.release) { display($0.prefix { $0 != 0 }) }
}

/// Seconds since 1970 by the machine's clock, which may be wrong.
public func secondsNow() -> Int {
    time(nil)
}

/// Whether this program may mount filesystems and read devices.
public func isRunByRoot() -> Bool { geteuid() == 0 }

/// Restarts the machine at once or switches it off. Returns only where that is not allowed.
public func endMachine(poweringOff: Bool) {
    sync()
    _ = poweringOff ? linux_power_off() : linux_reboot()
}
