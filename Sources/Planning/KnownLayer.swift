public import Basics

/// What was known of a top layer when a root was made, where the layer is an ordinary directory of the root's filesystem. Its state is
/// still the same if no later transaction of btrfs changed anything in the directory. To find that out, no file has to be looked at.
public final class KnownLayer: Sendable {
    /// The UUID of the subvolume that the directory lies in. btrfs uses neither this UUID nor an inode number in it a second time.
    public let subvolume: String
    public let inode: UInt64
    /// The last transaction that changed the subvolume before the directory was looked at.
    public let transaction: UInt64
    /// What identifies the state of all its files.
    public let state: String

    public init(subvolume: String, inode: UInt64, transaction: UInt64, state: String) {
        self.subvolume = subvolume
        self.inode = inode
        self.transaction = transaction
        self.state = state
    }
}

extension KnownLayer: Equatable {
    public static func == (one: KnownLayer, other: KnownLayer) -> Bool {
        one.isOf(other.subvolume, other.inode) && one.transaction == other.transaction && one.state == other.state
    }

    /// Whether this is about that directory.
    package func isOf(_ subvolume: String, _ inode: UInt64) -> Bool { self.subvolume == subvolume && self.inode == inode }
}

/// How it is kept: as an extended attribute of the root's topmost directory, one line of fields with spaces between. It names the root, as
/// the mark does.
extension KnownLayer {
    /// In the `trusted` namespace, which only root writes. The owner of an image's topmost directory could write an attribute of the
    /// `user` namespace; a false one would make the next root lack what changed in the layer.
    public static let attribute = "trusted.docker-btrfs.top-layer"

    private static let version = "1"

    public func text(root: Subvolume) -> String {
        "\(Self.version) \(root.uuid) \(subvolume) \(inode) \(transaction) \(state)\n"
    }

    /// Fails (nil) where the value is none, or that of another root.
    public convenience init?(parsing value: [UInt8], root: Subvolume) {
        guard value.last == UInt8(ascii: "\n") else { return nil }
        let fields = String(decoding: value.dropLast(), as: UTF8.self).parts(at: " ")
        guard fields.count == 6, fields[0] == Self.version, fields[1] == root.uuid, let inode = clampedNumber(fields[3].utf8),
            let transaction = clampedNumber(fields[4].utf8), inode >= 0, transaction >= 0
        else { return nil }
        self.init(subvolume: fields[2], inode: UInt64(inode), transaction: UInt64(transaction), state: fields[5])
    }
}
