internal import Basics
internal import CLinux

/// The copies of files that have more than one name.
///
/// They are remembered by file handle and not by path: a path has a limit in length, and may by now lead to another file,
/// where two paths of the layer lead to one place of the destination.
struct HardLinks {
    private struct FileID: Hashable {
        let device: UInt64
        let inode: UInt64

        init(_ status: stat) {
            device = UInt64(status.st_dev)
            inode = UInt64(status.st_ino)
        }
    }

    private struct Copy {
        let handle: linux_file_handle
        /// How many names may still come.
        var names: UInt64
    }

    private var copies: [FileID: Copy] = [:]

    /// Opens the copy of a file for one more name; nil where there was none or it is gone.
    mutating func copy(of status: stat, in directory: Int32) throws(Failure) -> Int32? {
        if status.st_nlink < 2 { return nil }
        let id = FileID(status)
        guard var copy = copies[id] else { return nil }
        copy.names -= 1
        copies[id] = copy.names == 0 ? nil : copy
        var handle = copy.handle
        let opened = linux_open_handle(directory, &handle, O_PATH | O_CLOEXEC)
        if opened < 0 && linux_errno() == ESTALE { return nil }
        try check(opened < 0 ? -1 : 0)
        return opened
    }

    /// Remembers the copy of a file, which may have more names to come.
    mutating func add(_ name: [CChar], in directory: Int32, of status: stat) throws(Failure) {
        if status.st_nlink < 2 { return }
        var handle = linux_file_handle()
        try check(linux_handle_of(directory, name, &handle))
        copies[FileID(status)] = Copy(handle: handle, names: UInt64(status.st_nlink) - 1)
    }
}
