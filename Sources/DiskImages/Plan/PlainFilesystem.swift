/// The filesystem of a disk that has all files in one.
public enum PlainFilesystem: String, Sendable, CaseIterable {
    case ext4, xfs, btrfs

    /// No smaller one is made, in bytes. Of the others each has room for files where it can be made at all.
    var least: Int { self == .xfs ? 300 << 20 : 0 }

    /// For fstab(5).
    func tableLine(_ layout: DiskLayout) -> String { "UUID=\(layout.rootUUID) / \(self) defaults 0 \(self == .ext4 ? 1 : 0)" }
}
