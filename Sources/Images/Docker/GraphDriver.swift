internal import Basics

/// Docker's drivers for layers (moby, daemon/graphdriver). All have the same metadata below `image/DRIVER`.
enum GraphDriver: CaseIterable {
    case overlay2, btrfs, vfs

    var kind: StoreKind {
        switch self {
        case .overlay2: .dockerOverlay2
        case .btrfs: .dockerBtrfs
        case .vfs: .dockerVfs
        }
    }

    /// Where the metadata is.
    var metadata: Path {
        switch self {
        case .overlay2: "image/overlay2"
        case .btrfs: "image/btrfs"
        case .vfs: "image/vfs"
        }
    }

    /// Where the driver keeps a layer's files.
    func folder(_ layer: [UInt8]) -> Path {
        switch self {
        case .overlay2: ("overlay2" as Path).appending(name: layer) / "diff"
        case .btrfs: ("btrfs/subvolumes" as Path).appending(name: layer)
        case .vfs: ("vfs/dir" as Path).appending(name: layer)
        }
    }
}
