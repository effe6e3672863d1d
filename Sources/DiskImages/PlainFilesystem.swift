/// The filesystem of a disk that has all files in one.
public enum PlainFilesystem: String, Sendable, CaseIterable {
    case ext4, xfs, btrfs

    /// For fstab(5).
    func tableLine(_ layout: DiskLayout) -> String { "UUID=\(layout.rootUUID) / \(self) defaults 0 \(self == .ext4 ? 1 : 0)" }
}
