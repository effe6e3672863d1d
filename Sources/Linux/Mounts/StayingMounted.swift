public import Basics
internal import CLinux

extension Directory {
    /// Keeps the filesystem of this directory mounted after this process, until `root` of a btrfs filesystem is mounted in the
    /// running system, and no longer than so many seconds.
    ///
    /// A child process does it that has nothing else of this one. Where there can be none, the filesystem is unmounted.
    public func stayMounted(until root: Path, seconds: Int) {
        if linux_fork_with(descriptor) != 0 { return }
        let end = microsecondsNow() + seconds * 1_000_000
        // From here on poll(2) tells of every change.
        let table = linux_open("/proc/self/mountinfo", O_RDONLY | O_CLOEXEC, 0)
        while !isMounted(root) {
            var changed = pollfd(fd: table, events: Int16(POLLPRI), revents: 0)
            let left = end - microsecondsNow()
            if table < 0 || left <= 0 || poll(&changed, 1, Int32(left / 1000 + 1)) <= 0 { break }
        }
        _exit(0)
    }
}

private func isMounted(_ root: Path) -> Bool {
    (try? MountTableEntry.all().contains { $0.isBtrfs && Path($0.root) == root }) ?? true
}
