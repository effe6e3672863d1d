public import Basics
internal import CLinux
internal import Planning

/// One root from the layers of an overlay store, whose files share their contents with the store's where both are on one
/// filesystem.
///
/// It is a read-only subvolume. It is made aside, under its name and `.new`, and gets its name when all of it is on the disk: a
/// merge that ends early, by an error or by a power cut, leaves nothing under the name, and the next one starts anew.
public struct LayerMerge {
    private let layers: [Directory]
    private let folder: Directory
    private let name: [UInt8]

    /// `layers`: the directories with the files of the layers, the topmost first. `folder` is on a btrfs and can be written.
    public init(of layers: [Directory], into folder: Directory, as name: [UInt8]) {
        self.layers = layers
        self.folder = folder
        self.name = name
    }

    /// Returns what was made, and tells how far it is at most once a second. Fails with the reason alone, and where the name is
    /// taken.
    public func run(_ tell: @escaping (MergeCount) throws(Failure) -> Void) throws(Failure) -> MergeCount {
        try removeDrafts()
        do throws(Failure) {
            return try make(tell)
        } catch {
            // What cannot be removed now, the next merge removes.
            try? removeDrafts()
            throw error
        }
    }

    private func make(_ tell: @escaping (MergeCount) throws(Failure) -> Void) throws(Failure) -> MergeCount {
        let root = try makeDraft()
        var merge = try TreeMerge(of: layers, into: root, tell)
        let count = try merge.run()
        try check(syncfs(root.descriptor))
        try checkBtrfs(btrfs_util_set_subvolume_read_only_fd(root.descriptor, true))
        try check(renameat2(folder.descriptor, draft, folder.descriptor, cString(name), UInt32(RENAME_NOREPLACE)))
        return count
    }

    private var draft: [CChar] { cString(Draft.name(of: name)) }

    /// An empty subvolume without anything that the folder gives to what is made in it.
    private func makeDraft() throws(Failure) -> Directory {
        try checkBtrfs(btrfs_util_create_subvolume_fd(folder.descriptor, draft, 0, nil, nil))
        let root = try folder.child(draft)
        try check(fchmod(root.descriptor, 0o700))
        try Inode.open(root.descriptor).removeAttributes(.ofOverlay)
        try setInodeFlags(of: root.descriptor, to: inodeFlags(of: layers[0].descriptor))
        return root
    }

    /// Those of other roots too: an image whose merge was interrupted may never be asked for again.
    private func removeDrafts() throws(Failure) {
        let recursive = Int32(BTRFS_UTIL_DELETE_SUBVOLUME_RECURSIVE)
        for name in try folder.names() where Draft.isOfLayer(name) || name == Draft.name(of: self.name) {
            // What is no subvolume is none of ours.
            let isDeleted = btrfs_util_delete_subvolume_fd(folder.descriptor, cString(name), recursive) == BTRFS_UTIL_OK
            if !isDeleted { _ = try folder.putAside(name) }
        }
    }
}
