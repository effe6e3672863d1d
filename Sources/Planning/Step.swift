public import Basics

/// Everything that docker-btrfs can do to a machine's disk. This list is the worst that it can do.
///
/// Paths go from the top level of the root's filesystem (btrfs subvolume 5). The description of a step is the dry run's line,
/// the boot log's line and, with `could not` before it, the error.
public enum Step: Equatable, Sendable, CustomStringConvertible {
    case createDirectory(Path, permissions: UInt32)
    /// A writable snapshot. The source is never changed.
    case snapshot(of: Path, at: Path)
    /// Writes on a subvolume that we made it, and of what.
    case mark(Path, as: Origin)
    /// Lays the directory `source` of the filesystem `device` over the directory `destination`.
    case copyTopLayer(source: Path, device: String, destination: Path)
    case removeFile(Path)
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
        case .mark(let path, let origin): "mark '\(path)' as made from '\(origin.reference)' (\(origin.imageID))"
        case .copyTopLayer(let source, let device, let destination):
            "copy the top layer '\(source)' of \(device) over '\(destination)'"
        case .removeFile(let path): "remove the file '\(path)'"
        case .sync: "write everything to the disk"
        case .rename(let path, let to): "rename '\(path)' to '\(to)'"
        case .exchange(let path, let other): "exchange '\(path)' and '\(other)'"
        case .deleteSubvolume(let path): "delete the subvolume '\(path)'"
        }
    }
}
