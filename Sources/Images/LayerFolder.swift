internal import Basics

/// The layers of an image as folders in a store, the topmost first.
struct LayerFolders {
    let root: Directory
    let kind: StoreKind

    /// Takes paths from the store's root. Fails where one of them is not what the driver made, and where the files belong to
    /// others than the image says.
    func tree(_ layers: [Path]) throws(Failure) -> ImageTree {
        for (index, layer) in layers.enumerated() {
            let sentence = "could not use the image's \(index == 0 ? "top layer" : "layer") '\(root.show(layer))'"
            try check(layer, isTop: index == 0, sentence)
        }
        return kind.tree(layers)
    }

    private func check(_ layer: Path, isTop: Bool, _ sentence: String) throws(Failure) {
        guard let status = try root.status(of: layer) else { throw Failure("\(sentence): it is not there", hint: repairHint) }
        guard status.kind == .directory, let directory = try root.directory(at: layer) else {
            throw Failure("\(sentence): it is not a directory", hint: repairHint)
        }
        if case .subvolume = kind.tree([layer]) { try checkSubvolume(directory, status, sentence) }
        if isTop { try checkOwner(directory, status, sentence) }
    }

    private func checkSubvolume(_ directory: Directory, _ status: Status, _ sentence: String) throws(Failure) {
        guard root.isOnBtrfs else { return }
        if try directory.isSubvolume() { return }
        // Where a snapshot is taken of a subvolume with others in it, those are left out: btrfs shows an empty directory of inode 2.
        if status.inode == 2 {
            throw Failure(
                "\(sentence): it is only the empty place of a subvolume, since the store is in a snapshot",
                hint: "snapshots leave out the engine's layers, which are subvolumes: docker_path must name the original store"
            )
        }
        throw Failure("\(sentence): it is an ordinary directory, not a btrfs subvolume", hint: repairHint)
    }

    /// A rootless engine and one with userns-remap give all files to others than root.
    private func checkOwner(_ directory: Directory, _ status: Status, _ sentence: String) throws(Failure) {
        if status.owner != 0 {
            throw Failure(
                "\(sentence): its '/' belongs to the user \(status.owner), as in a rootless store or with userns-remap",
                hint: """
                    copy the image to root's store, as with 'podman save NAME | sudo podman load'; where the image itself is so, add \
                    'RUN chown 0:0 /' to its Dockerfile
                    """
            )
        }
        if try directory.attribute("user.containers.override_stat") != nil {
            throw Failure(
                "\(sentence): owners and modes are only noted in it (force_mask in podman's storage.conf)",
                hint: "take force_mask out of storage.conf, then pull or build the image again"
            )
        }
    }
}

/// What helps against a store that lost files or content: the daemon forgets such an image when it starts.
let repairHint = "the store is damaged, as after a power failure: restart docker, then pull or build the image again"
