public import Basics
internal import CLinux
public import Planning

extension Directory {
    /// What the btrfs filesystem of this directory has free.
    public func space() throws(Failure) -> Need {
        var data: UInt64 = 0
        var metadata: UInt64 = 0
        if linux_btrfs_space(descriptor, &data, &metadata) != 0 { throw .system("tell the free space of '\(show(.top))'") }
        return Need(data: Int(clamping: data), metadata: Int(clamping: metadata))
    }

    /// Waits until the space of deleted subvolumes is free, half a minute at most.
    ///
    /// The kernel's cleaner sleeps up to 30 s after a deletion; a remount to writable wakes it.
    func waitForCleaner() throws(Failure) {
        try makeWritable()
        for _ in 0..<300 {
            var ids: UnsafeMutablePointer<UInt64>?
            var count = 0
            if btrfs_util_deleted_subvolumes_fd(descriptor, &ids, &count) != BTRFS_UTIL_OK {
                throw .system("list the deleted subvolumes of '\(show(.top))'")
            }
            free(ids)
            if count == 0 { break }
            usleep(100_000)
        }
        // What is free counts when it is committed.
        if syncfs(descriptor) != 0 { throw .system("write '\(show(.top))' to the disk") }
    }
}
