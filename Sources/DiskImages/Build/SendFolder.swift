internal import Basics
internal import Boot
internal import CLinux
internal import Files
internal import Linux
internal import Programs

/// Read-only snapshots of layers for `btrfs send`, which takes no others, on the filesystem that has them. They are deleted at the end; what
/// a run that was killed left, the next one deletes.
final class SendFolder {
    let path = Layout.send
    private let topLevel: Directory
    private let lock: FilesystemLock

    init(on topLevel: Directory, tell: (String) -> Void) throws(Failure) {
        self.topLevel = topLevel
        // Nobody prunes a layer under us.
        lock = try FilesystemLock(on: topLevel, seconds: FilesystemLock.patience, until: Interruption.check, telling: tell)
        try topLevel.makeMissing([Layout.home, path])
        try clear()
    }

    deinit { do throws(Failure) { try end() } catch {} }

    func hold(_ layer: Path, as name: String) throws(Failure) {
        guard let source = try topLevel.directory(at: layer), let folder = try topLevel.directory(at: path) else {
            throw Failure("could not open the layer '\(layer)': it is not there")
        }
        let flags = Int32(BTRFS_UTIL_CREATE_SNAPSHOT_READ_ONLY)
        if btrfs_util_create_snapshot_fd2(source.descriptor, folder.descriptor, name, flags, nil, nil) != BTRFS_UTIL_OK {
            throw .system("snapshot the layer '\(layer)'")
        }
    }

    /// The folder goes too, and ours where it is empty then.
    func end() throws(Failure) {
        try clear()
        try topLevel.removeEmptyDirectory(path)
        try topLevel.removeEmptyDirectory(Layout.home)
    }

    private func clear() throws(Failure) {
        guard let folder = try topLevel.directory(at: path) else { return }
        for name in try folder.names() {
            var isDeleted = false
            // Of a run that was killed, `btrfs send` may go on for a moment, and the kernel lets nobody delete what it reads.
            for attempt in 0..<100 where !isDeleted {
                if attempt > 0 { usleep(100_000) }
                isDeleted = btrfs_util_delete_subvolume_fd(folder.descriptor, cString(name), 0) == BTRFS_UTIL_OK
            }
            if !isDeleted { throw .system("delete the snapshot '\(path.appending(name: name))'") }
        }
    }
}
