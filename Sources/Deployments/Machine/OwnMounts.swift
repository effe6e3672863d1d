public import Basics
internal import CDisk
internal import CLinux

/// Becomes this program once more, with mounts that nobody else sees and that end with it. Returns where that is so already.
public func enterOwnMounts() throws(Failure) {
    let sign = "DOCKER_BTRFS_MOUNTS"
    if getenv(sign) != nil {
        unsetenv(sign)
        return
    }
    if disk_own_mounts() != 0 { throw .system("get mounts of its own", hint: "run this as root") }
    setenv(sign, "1", 1)
    linux_become("/proc/self/exe")
    throw .system("start '/proc/self/exe' again")
}
