internal import Basics

/// Where docker-btrfs keeps things on the top level of the root's filesystem. All that lies there was made by it.
///
///     /.docker-btrfs/roots/docker_rwlayer/new     the root that is being built
///     /.docker-btrfs/roots/docker_rwlayer/7       a root that was replaced: the seventh that was made
///     /.docker-btrfs/layers/<chain id>            a hold: a read-only snapshot of a layer that a root was made from
///     /.docker-btrfs/record                       how often each image and root was tried
enum Layout {
    static let home: Path = ".docker-btrfs"
    static let allRoots: Path = ".docker-btrfs/roots"
    static let layers: Path = ".docker-btrfs/layers"
    static let record: Path = ".docker-btrfs/record"

    /// Where the roots called `name` lie when they are not in their place.
    static func roots(of name: Path) -> Path {
        allRoots.appending(name: escaped(name.bytes))
    }

    static func new(_ name: Path) -> Path {
        roots(of: name) / "new"
    }

    static func kept(_ name: Path, _ number: Int) -> Path {
        roots(of: name).appending(name: Array("\(number)".utf8))
    }

    static func hold(_ chainID: String) -> Path {
        // A digest's algorithm stands before the colon.
        layers.appending(name: Array(chainID.utf8.drop { $0 != UInt8(ascii: ":") }.dropFirst()))
    }

    /// Whether `name` is that of a root that was kept: `.docker-btrfs/roots/NAME/7`.
    static func isKept(_ name: Path) -> Bool {
        let parts = name.components
        return name.parent.parent == allRoots && parts.last.map { Int(String(decoding: $0, as: UTF8.self)) != nil } ?? false
    }

    /// A path as one name, the way of URLs: `layers/one` is `layers%2Fone`.
    private static func escaped(_ bytes: [UInt8]) -> [UInt8] {
        bytes.flatMap { byte in
            switch byte {
            case UInt8(ascii: "/"): Array("%2F".utf8)
            case UInt8(ascii: "%"): Array("%25".utf8)
            default: [byte]
            }
        }
    }
}
