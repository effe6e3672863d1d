public import Basics

/// Everything that docker-btrfs can do to a machine's disk. This list is the worst that it can do.
///
/// Paths go from the top level of the root's filesystem (btrfs subvolume 5); those `of` a root go from there, and symlinks of
/// the image on their way never lead out of it. The description of a step is the dry run's line,
/// the boot log's line and, with `could not` before it, the error.
public enum Step: Equatable, Sendable, CustomStringConvertible {
    case createDirectory(Path, permissions: UInt32)
    /// A writable snapshot, without the source's quota limits. The source is never changed.
    case snapshot(of: Path, at: Path)
    /// A read-only snapshot.
    case hold(layer: Path, at: Path)
    /// Writes on a subvolume that we made it, and of what.
    case mark(Path, Mark)
    /// Puts an ordinary directory where a root has the empty place of a nested subvolume.
    case replacePlaceholder(Path, of: Path)
    /// Lays the directory `source` of the filesystem `device` over the directory `destination`. The contents of its files are on
    /// the disk when this is done.
    case copyTopLayer(source: Path, device: String, LayerRules, destination: Path)
    /// Lays a directory of kernel modules over another one of a root, which need not be there.
    case copyModules(Path, to: Path, of: Path)
    case removeFile(Path, of: Path)
    /// Copies one file of a root to the same place in another one.
    case carryFile(Path, of: Path, to: Path)
    /// Copies one file of a root into a layer, which has none there: the only step that writes to the top layer's filesystem.
    case storeFile(Path, of: Path, in: Path, device: String)
    /// A read-only snapshot of a root that was not booted yet.
    case keepTemplate(of: Path, at: Path)
    /// Replaces a small file as a whole; it is on the disk when this is done.
    case replaceFile(Path, content: String)
    /// Deletes roots in this order until the filesystem has that much free.
    case makeRoom(Need, deleting: [Path])
    /// Returns when all that was done so far would survive a power cut.
    case sync
    /// Fails where `to` exists.
    case rename(Path, to: Path)
    /// Both names change their subvolumes in one go: at no time is either missing.
    case exchange(Path, Path)
    /// With the subvolumes nested in it.
    case deleteSubvolume(Path)

    public var description: String {
        switch self {
        case .createDirectory(let path, let permissions): "create the directory '\(path)' with mode 0\(String(permissions, radix: 8))"
        case .snapshot(let source, let path): "snapshot '\(source)' to '\(path)'"
        case .hold(let layer, let path): "hold the layer '\(layer)' as '\(path)'"
        case .mark(let path, let mark):
            "mark '\(path)' as root \(mark.number), made from '\(mark.origin.reference)' (\(mark.origin.imageID))\(mark.origin.topLayersText)"
        case .replacePlaceholder(let path, let root): "make '\(root / path)' an ordinary directory"
        case .copyTopLayer(let source, let device, _, let destination):
            "copy the top layer '\(source)' of \(device) over '\(destination)'"
        case .copyModules(let source, let destination, let root): "copy the kernel modules '\(source)' to '\(root / destination)'"
        case .removeFile(let path, let root): "remove the file '\(root / path)'"
        case .carryFile(let path, let root, let new): "carry the file '\(root / path)' over to '\(new / path)'"
        case .storeFile(let path, let root, let layer, let device):
            "store the file '\(root / path)' in the top layer as '\(layer / path)' of \(device)"
        case .keepTemplate(let root, let path): "keep '\(root)' as the template '\(path)'"
        case .replaceFile(let path, _): "write the file '\(path)'"
        case .makeRoom(let need, let paths):
            "make room for \(need.data >> 20) MiB of data and \(need.metadata >> 20) MiB of metadata by deleting, one by one, \(paths.map { "'\($0)'" }.joined(separator: ", "))"
        case .sync: "write everything to the disk"
        case .rename(let path, let to): "rename '\(path)' to '\(to)'"
        case .exchange(let path, let other): "exchange '\(path)' and '\(other)'"
        case .deleteSubvolume(let path): "delete the subvolume '\(path)'"
        }
    }
}

/// Free space in bytes.
public struct Need: Equatable, Sendable {
    public let data: Int
    public let metadata: Int

    public init(data: Int, metadata: Int) {
        self.data = data
        self.metadata = metadata
    }
}
