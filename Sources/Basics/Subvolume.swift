internal import CLinux

/// The identity of a btrfs subvolume.
public struct Subvolume: Equatable, Sendable {
    /// 5 for the top level, 256 and up for all others.
    public let id: UInt64
    /// Unlike the id it is never used again, and a snapshot gets one of its own.
    public let uuid: String
    /// The transaction that last changed anything in it (ctransid). Taking a snapshot of it is no change.
    public let transaction: UInt64
    /// When that was, in nanoseconds since 1970.
    public let changed: Int
    /// What a snapshot is one of, by its UUID; of nothing that there is, where it is no snapshot.
    public var source = ""
    /// The transaction that made it (otransid): what is in it and not in its source was changed in a later one.
    public var made: UInt64 = 0
    /// The transaction that last wrote its tree (generation): any change from now on is one of a later transaction.
    package var written: UInt64 = 0
    /// Whether it is read-only, and nothing in it was changed since it was made.
    public var isPristine = false

    /// What is never the same again once anything in it changed. The time tells copies of a whole filesystem apart, which have
    /// the same UUID and count on alike.
    public var state: String { "\(uuid) \(transaction) \(changed)" }
}

extension Directory {
    public var isOnBtrfs: Bool { linux_is_btrfs(descriptor) }

    /// Whether both are on one btrfs, whatever subvolumes of it are mounted.
    package func isOnBtrfs(of other: Directory) -> Bool { linux_is_same_btrfs(descriptor, other.descriptor) }

    /// Whether a change of a file always changes its ctime or its inode number, also from one mount to the next. vfat keeps
    /// neither.
    public var keepsChangeTimes: Bool { linux_keeps_change_times(descriptor) }

    /// Whether files here have modes of their own. On vfat and exfat they have that of the mount.
    public var keepsModes: Bool { linux_keeps_modes(descriptor) }

    /// Whether this directory is the root of a subvolume.
    package func isSubvolume() throws(Failure) -> Bool {
        switch btrfs_util_is_subvolume_fd(descriptor) {
        case BTRFS_UTIL_OK: return true
        case BTRFS_UTIL_ERROR_NOT_BTRFS, BTRFS_UTIL_ERROR_NOT_SUBVOLUME: return false
        default: throw .system("look at the subvolume '\(show(.top))'")
        }
    }

    /// Which subvolume this directory is the root of; nil where it is an ordinary directory or not on btrfs.
    public func subvolume() throws(Failure) -> Subvolume? {
        try isSubvolume() ? subvolume(0) : nil
    }

    /// Which subvolume this directory lies in; nil where it is not on btrfs. Only root may ask.
    package func surroundingSubvolume() throws(Failure) -> Subvolume? {
        if !isOnBtrfs { return nil }
        var id: UInt64 = 0
        if btrfs_util_subvolume_id_fd(descriptor, &id) != BTRFS_UTIL_OK { throw .system("look at the subvolume of '\(show(.top))'") }
        return try subvolume(id)
    }

    /// 0 is the one that this directory is the root of.
    private func subvolume(_ id: UInt64) throws(Failure) -> Subvolume {
        var info = btrfs_util_subvolume_info()
        if btrfs_util_subvolume_info_fd(descriptor, id, &info) != BTRFS_UTIL_OK {
            throw .system("look at the subvolume '\(show(.top))'")
        }
        return Subvolume(
            id: info.id, uuid: withUnsafeBytes(of: info.uuid) { uuidText($0) }, transaction: info.ctransid,
            changed: Int(nanosecondsOf: info.ctime), source: withUnsafeBytes(of: info.parent_uuid) { uuidText($0) },
            made: info.otransid, written: info.generation,
            // BTRFS_ROOT_SUBVOL_RDONLY. A snapshot has the number of its source's last change, and its own making is a later one.
            isPristine: info.flags & 1 != 0 && info.ctransid <= info.otransid
        )
    }
}

extension Directory {
    /// The subvolumes that are nested in the subvolume with this root, by their paths; none where this is not one.
    public func nestedSubvolumes() throws(Failure) -> [Path] {
        var nested: [Path] = []
        try forEachNestedSubvolume { path in
            nested.append(path)
            return true
        }
        return nested
    }

    /// Hands out the subvolumes that are nested in the subvolume with this root, for as long as `body` says true. Each comes before
    /// those that are nested in it, and these before any other.
    public func forEachNestedSubvolume(while body: (Path) throws(Failure) -> Bool) throws(Failure) {
        if try subvolume() == nil { return }
        let reader = try SubvolumeReader(self)
        while let path = try reader.next() {
            if try !body(path) { return }
        }
    }

    /// The id of the subvolume that a mount without `subvol=` shows, which cannot be deleted; nil where that is not to be told: only
    /// root may ask.
    public func defaultSubvolume() -> UInt64? {
        var id: UInt64 = 0
        return btrfs_util_get_default_subvolume_fd(descriptor, &id) == BTRFS_UTIL_OK ? id : nil
    }
}

/// Reads the paths of the subvolumes that are nested in a subvolume, one after the other.
private final class SubvolumeReader {
    private let directory: Directory
    private var iterator: OpaquePointer?

    init(_ directory: Directory) throws(Failure) {
        self.directory = directory
        if btrfs_util_create_subvolume_iterator_fd(directory.descriptor, 0, 0, &iterator) != BTRFS_UTIL_OK {
            throw .system("list the subvolumes in '\(directory.show(.top))'")
        }
    }

    deinit {
        btrfs_util_destroy_subvolume_iterator(iterator)
    }

    func next() throws(Failure) -> Path? {
        while true {
            var path: UnsafeMutablePointer<CChar>?
            switch btrfs_util_subvolume_iterator_next(iterator, &path, nil) {
            case BTRFS_UTIL_OK: break
            case BTRFS_UTIL_ERROR_STOP_ITERATION: return nil
            default: throw .system("list the subvolumes in '\(directory.show(.top))'")
            }
            guard let path else { continue }
            defer { free(path) }
            if let found = Path(UnsafeRawBufferPointer(start: path, count: strlen(path))) { return found }
        }
    }
}

/// Sixteen bytes in the usual form, `8-4-4-4-12` hexadecimal digits.
package func uuidText(_ bytes: UnsafeRawBufferPointer) -> String {
    var groups: [String] = []
    var rest = bytes[...]
    for size in [4, 2, 2, 2, 6] {
        groups.append(hexadecimal(rest.prefix(size)))
        rest = rest.dropFirst(size)
    }
    return groups.joined(separator: "-")
}
