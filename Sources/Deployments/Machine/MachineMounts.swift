internal import Basics
internal import CMount

/// What is mounted in the running system, as libmount reads it: all that mount(8) knows of it. The program in the initramfs needs less,
/// and has a small parser of its own, since it is linked without libmount.
final class MachineMounts {
    struct Entry {
        let source: String
        let target: String
        let type: String
        /// What of the filesystem is mounted, from its top.
        let root: String
        /// Whether nothing of it may be believed: as udisks mounts what anybody at the machine brings, a file of his own, or a stick.
        let isAnybodys: Bool

        fileprivate init?(_ entry: OpaquePointer?) {
            guard let entry, let target = mnt_fs_get_target(entry), let type = mnt_fs_get_fstype(entry) else { return nil }
            // libmount leaves that word out.
            source = mnt_fs_get_source(entry).map { String(cString: $0) } ?? "none"
            self.target = String(cString: target)
            self.type = String(cString: type)
            root = mnt_fs_get_root(entry).map { String(cString: $0) } ?? "/"
            let options = mnt_fs_get_vfs_options(entry).map { String(cString: $0) }?.parts(at: ",") ?? []
            isAnybodys = options.contains("nosuid") && options.contains("nodev")
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

    /// Of what root has mounted himself: those that anybody could have brought are left out, unless root's fstab mounts them there.
    static func entriesOfRoot() throws(Failure) -> [Entry] {
        let table = try MountsFile(parsing: fileContents("/etc/fstab") ?? [])
        return try MachineMounts().entries.filter { !$0.isAnybodys || table.isOfRoot(at: $0.target) }
    }

    /// What an absolute path is on: what was mounted last hides the others.
    func entry(of path: String) -> Entry? { Entry(mnt_table_find_mountpoint(table, path, Int32(MNT_ITER_BACKWARD))) }
}
