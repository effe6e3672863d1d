public import Basics
internal import CLinux
public import Planning

extension Directory {
    /// What the btrfs filesystem of this directory has free.
    public func space() throws(Failure) -> Need {
        try need(of: readSpace())
    }

    /// What it could have free if it was empty. A chunk of data may be one of metadata once it is empty.
    public func capacity() throws(Failure) -> Need {
        let found = try readSpace()
        let used = Need(data: Int(clamping: found.data_used), metadata: Int(clamping: found.metadata_used))
        return need(of: found) + used + Need(data: 0, metadata: used.data, either: used.data)
    }

    private func need(of found: linux_space) -> Need {
        Need(data: Int(clamping: found.data), metadata: Int(clamping: found.metadata), either: Int(clamping: found.either))
    }

    private func readSpace() throws(Failure) -> linux_space {
        var found = linux_space()
        if linux_btrfs_space(descriptor, &found) != 0 { throw .system("tell the free space of '\(show(.top))'") }
        return found
    }

    /// Waits until the space of deleted subvolumes is free, half a minute at most.
    ///
    /// The kernel's cleaner sleeps up to 30 s after a deletion. BTRFS_IOC_SYNC wakes it; a remount did, before Linux 6.8.
    func waitForCleaner() throws(Failure) {
        if linux_btrfs_commit(descriptor) != 0 { throw .system("write '\(show(.top))' to the disk") }
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
