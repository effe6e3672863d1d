public import Basics

/// Everything that a boot can do to a machine's disk. This list is the worst that it can do.
///
/// A step says on which filesystem it acts: it has places. Paths `of` a root go from there, and symlinks of the image on their
/// way never lead out of it. The description of a step is the dry run's line, the boot log's line and, with `could not` before
/// it, the error.
public enum Step: Equatable, Sendable, CustomStringConvertible {
    case createDirectory(Place, permissions: UInt32)
    /// A writable snapshot, without the source's quota limits. The source is never changed.
    case snapshot(of: Place, at: Place)
    /// A read-only snapshot.
    case hold(layer: Place, at: Place)
    /// Makes a read-only subvolume with what a mount of overlay layers would show, the topmost first, also of one tree on another
    /// filesystem. It has its name when all of it is on the disk; what a step that was interrupted left goes first.
    case merge([Place], at: Place)
    /// Writes on a subvolume that we made it, and of what.
    case mark(Place, Mark)
    /// Says on a root that a boot of it was good: a step of the booted system.
    case markGood(Place)
    /// Puts an ordinary directory where a root has the empty place of a nested subvolume: like that, where the tree `like` has it there.
    case replacePlaceholder(Path, of: Place, like: Place)
    /// Lays one directory over another. The contents of its files are on the disk when this is done.
    case copyTopLayer(Place, LayerRules, over: Place)
    /// Lays a directory of kernel modules over another one of a root, which need not be there.
    case copyModules(Place, to: Path, of: Place)
    case removeFile(Path, of: Place)
    /// Copies one file of a root to the same place in another one.
    case carryFile(Path, of: Place, to: Place)
    /// Copies one file of a root into a layer, which has none there: the only step that writes to the top layer's filesystem.
    case storeFile(Path, of: Place, in: Place)
    /// A read-only snapshot of a root that was not booted yet.
    case keepTemplate(of: Place, at: Place)
    /// Replaces a small file as a whole; it is on the disk when this is done.
    case replaceFile(Place, content: String)
    /// Deletes leftovers and then roots, in this order, until the filesystem has that much free.
    case makeRoom(Need, wish: Need = .record, deleting: [Place], roots: [Place] = [])
    /// Returns when all that was done so far would survive a power cut.
    case sync
    /// Fails where `to` exists.
    case rename(Place, to: Place)
    /// Both names change their subvolumes in one go: at no time is either missing.
    case exchange(Place, Place)
    /// With the subvolumes nested in it.
    case deleteSubvolume(Place)
    /// Gives the running kernel one to start in its place, with an initramfs; both are files of a tree. Nothing is started yet.
    indirect case loadKernel(Path, initramfs: Path, of: Place)
    /// Starts what was loaded: nothing comes after it.
    case startKernel

    public var description: String {
        switch self {
        case .createDirectory(let place, let permissions): "create the directory \(place) with mode 0\(String(permissions, radix: 8))"
        case .snapshot(let source, let place): "snapshot \(source) to \(place)"
        case .hold(let layer, let place): "hold the layer \(layer) as \(place)"
        case .merge(let layers, let place):
            "\(layers.first?.filesystem == .root ? "merge" : "copy") \(layers.count) layer\(layers.count == 1 ? "" : "s") to \(place)\(layers.first.map { ", the topmost from \($0)" } ?? "")"
        case .mark(let root, let mark):
            "mark \(root) as root \(mark.number), made from '\(mark.origin.reference.text)' (\(mark.origin.imageID))\(mark.origin.topLayersText)"
        case .markGood(let root): "mark \(root) as good"
        case .replacePlaceholder(let path, let root, _): "make \(root / path) an ordinary directory"
        case .copyTopLayer(let layer, _, let root): "copy the top layer \(layer) over \(root)"
        case .copyModules(let modules, let path, let root): "copy the kernel modules \(modules) to \(root / path)"
        case .removeFile(let path, let root): "remove the file \(root / path)"
        case .carryFile(let path, let root, let new): "carry the file \(root / path) over to \(new / path)"
        case .storeFile(let path, let root, let layer): "store the file \(root / path) in the top layer as \(layer / path)"
        case .keepTemplate(let root, let place): "keep \(root) as the template \(place)"
        case .replaceFile(let file, _): "write the file \(file)"
        case .makeRoom(let need, _, let leftovers, let roots):
            "make room for \(need) by deleting, one by one, \((leftovers + roots).map { "\($0)" }.joined(separator: ", "))"
        case .sync: "write everything to the disk"
        case .rename(let place, let to): "rename \(place) to \(to)"
        case .exchange(let place, let other): "exchange \(place) and \(other)"
        case .deleteSubvolume(let place): "delete the subvolume \(place)"
        case .loadKernel(let kernel, let initramfs, let tree): "load the kernel \(tree / kernel) with \(tree / initramfs)"
        case .startKernel: "start the image's kernel; the screen may stay like this for a while"
        }
    }
}

extension Step {
    /// Whether the plan ends where this step fails. These steps may fail:
    ///
    /// - `replaceFile`: a boot that cannot be counted is still a boot.
    /// - `carryFile`: a root without a file that the last one made is still the image with the machine's files.
    /// - `deleteSubvolume`: a later step that needs the place puts aside what is there.
    /// - `hold`: a root can be made from the store's own layer too.
    /// - `replacePlaceholder`: the place of the nested subvolume stays, as an empty directory.
    var isVital: Bool {
        switch self {
        case .replaceFile, .carryFile, .deleteSubvolume, .hold, .replacePlaceholder: false
        default: true
        }
    }

    /// What it means for the machine that it failed, where the step does not say that.
    var consequence: String {
        switch self {
        case .replaceFile(.record, _): "; this boot is not counted (docker_tries=)"
        case .hold: "; the image cannot be booted any more once it is removed"
        default: ""
        }
    }
}

/// Free space in bytes.
public struct Need: Equatable, Sendable, CustomStringConvertible {
    public let data: Int
    public let metadata: Int
    /// How much of what is free counts in both, and can be had for one of them alone.
    private let either: Int

    public init(data: Int, metadata: Int, either: Int = 0) {
        self.data = data
        self.metadata = metadata
        self.either = either
    }
    public static let nothing = Need(data: 0, metadata: 0)

    /// What it takes to count a boot. That is wished and not needed: a boot that cannot be counted is still a boot.
    public static let record = Need(data: 1 << 20, metadata: 0)

    public static func + (one: Need, other: Need) -> Need {
        Need(
            data: one.data.clampedSum(with: other.data), metadata: one.metadata.clampedSum(with: other.metadata),
            either: one.either.clampedSum(with: other.either))
    }

    /// What a person can do where `free` does not cover this.
    package func hint(free: Need) -> String {
        // The kernel gives a chunk of data back once it is empty, which deleted files seldom make it.
        let (less, more) = (metadata - free.metadata, free.data - data)
        return less > 0 && more > less
            ? "data has room that metadata lacks: 'btrfs balance start -dusage=50 MOUNTPOINT' in a running system gives it back"
            : "remove images or files that are not needed"
    }

    /// Whether that much is free where this is.
    public func covers(_ need: Need) -> Bool {
        data >= need.data && metadata >= need.metadata
            && data.clampedSum(with: metadata - either) >= need.data.clampedSum(with: need.metadata)
    }

    /// Whether it is more than a subvolume itself takes.
    package func isMuchMore(than before: Need) -> Bool {
        data - before.data >= 1 << 20 || metadata - before.metadata >= 1 << 20
    }

    public var description: String { "\(data >> 20) MiB of data and \(metadata >> 20) MiB of metadata\(eitherText)" }

    /// `, 100 MiB of which are the same`; nothing where nothing counts in both.
    package var eitherText: String { either >> 20 > 0 ? ", \(either >> 20) MiB of which are the same" : "" }
}
