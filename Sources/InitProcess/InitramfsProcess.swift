internal import CLinux

/// Whether this process is the first one of a kernel that has just started.
///
/// In a container it may have the number 1 too. There `/` is not in memory, and it is not called /init.
public func isInit() -> Bool {
    if getpid() != 1 { return false }
    return isInInitramfs() || linux_argument_count() > 0 && String(cString: linux_argument(0)) == "/init"
}

/// Whether `/` is in memory, as an initramfs is.
public func isInInitramfs() -> Bool {
    let top = linux_open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
    if top < 0 { return false }
    defer { close(top) }
    return linux_is_in_memory(top)
}
