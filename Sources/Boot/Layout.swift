internal import Basics

/// Where docker-btrfs keeps things on the top level of the root's filesystem.
enum Layout {
    /// Holds what is not a root yet or no longer. All that lies in it was made by docker-btrfs.
    static let workshop: Path = ".docker-btrfs"

    /// Where the root called `name` is built, and where the old one lies after the swap until it is deleted.
    static func workplace(of name: Path) -> Path {
        workshop.appending(name: escaped(name.bytes) + Array(".new".utf8))
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
