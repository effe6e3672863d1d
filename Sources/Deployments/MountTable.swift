internal import Basics
internal import CMount

/// What is mounted in the running system, as libmount reads it.
final class MountTable {
    struct Entry {
        let source: String
        let target: String
        let type: String
        /// What of the filesystem is mounted, from its top.
        let root: String

        fileprivate init?(_ entry: OpaquePointer?) {
            guard let entry, let source = mnt_fs_get_source(entry), let target = mnt_fs_get_target(entry),
                let type = mnt_fs_get_fstype(entry)
            else { return nil }
            self.source = String(cString: source)
            self.target = String(cString: target)
            self.type = String(cString: type)
            root = mnt_fs_get_root(entry).map { String(cString: $0) } ?? "/"
        }
    }

    private let table: OpaquePointer
    /// In the order in which they were mounted.
    let entries: [Entry]

    init() throws(Failure) {
        guard let table = mnt_new_table(), let iterator = mnt_new_iter(Int32(MNT_ITER_FORWARD)) else {
            throw Failure("could not read the mount table: there is no memory")
        }
        defer { mnt_free_iter(iterator) }
        self.table = table
        let isRead = mnt_table_parse_file(table, "/proc/self/mountinfo") == 0
        var entries: [Entry] = []
        var entry: OpaquePointer?
        while isRead, mnt_table_next_fs(table, iterator, &entry) == 0 { entries += [Entry(entry)].compactMap { $0 } }
        self.entries = entries
        if !isRead { throw Failure("could not read '/proc/self/mountinfo'") }
    }

    deinit { mnt_unref_table(table) }

    /// What an absolute path is on: what was mounted last hides the others.
    func entry(of path: String) -> Entry? { Entry(mnt_table_find_mountpoint(table, path, Int32(MNT_ITER_BACKWARD))) }
}
