public import Basics

/// A filesystem that a plan acts on: a value of the plan, which the machine that performs it has open.
public enum Filesystem: Equatable, Sendable {
    /// The root's own, from its top level (btrfs subvolume 5).
    case root
    /// That of the top layer, from its top, by what the request calls its device.
    case topLayer(DeviceName)
    /// That of the images' store, where it is another one than the root's.
    case store(DeviceName)
}

/// Where something is: a filesystem, and a path from the top of it. It prints in single ticks, with the device where that is not
/// the root's: `'/boot_docker' of LABEL=linux`.
public struct Place: Equatable, Sendable, CustomStringConvertible {
    public let filesystem: Filesystem
    public let path: Path

    public init(_ path: Path, on filesystem: Filesystem) {
        self.filesystem = filesystem
        self.path = path
    }

    /// A place on the root's filesystem, where nearly all are.
    public init(_ path: Path) {
        self.init(path, on: .root)
    }

    /// Where docker-btrfs keeps things: all in it is its own.
    public static let home: Place = ".docker-btrfs"
    /// Where boots are counted.
    public static let record: Place = ".docker-btrfs/record"

    public var isOwn: Bool { filesystem == .root && path.components.first == Place.home.path.name }

    /// The path from another place to this one; nil where this is not within that.
    package func path(below other: Place) -> Path? {
        filesystem == other.filesystem ? path.path(below: other.path) : nil
    }

    public static func / (base: Place, next: Path) -> Place {
        Place(base.path / next, on: base.filesystem)
    }

    public var description: String {
        switch filesystem {
        case .root: "'\(path)'"
        case .topLayer(let device), .store(let device): "'\(path)' of \(device)"
        }
    }
}

/// For constants of this program and its tests: a path from the top level of the root's filesystem.
extension Place: ExpressibleByStringLiteral {
    public init(stringLiteral text: StaticString) {
        self.init(Path(stringLiteral: text))
    }
}
