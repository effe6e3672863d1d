public import Basics

/// What a root was made from.
public struct Origin: Equatable, Sendable {
    /// The image reference as it was asked for.
    public let reference: String
    /// `sha256:` and 64 hexadecimal digits.
    public let imageID: String
    public let chainID: String

    public init(reference: String, imageID: String, chainID: String) {
        self.reference = reference
        self.imageID = imageID
        self.chainID = chainID
    }
}

/// The mark on a root of ours: an extended attribute of its topmost directory.
///
/// A snapshot inherits the attributes of its source, so the mark names the subvolume that it was put on: on a snapshot that
/// somebody else takes of our root it is void, and that snapshot is not ours to delete.
public enum Mark {
    /// In the `user` namespace, so that a plan can be made without root; only the owner of the root directory can write it.
    public static let attribute = "user.docker-btrfs.root"

    private static let version = "docker-btrfs root 1"

    /// The attribute's value: lines of a key, a space and a value.
    public static func text(_ origin: Origin, subvolume: Subvolume) -> String {
        """
        \(version)
        subvolume \(subvolume.uuid)
        image \(display(origin.reference.utf8))
        id \(origin.imageID)
        chain \(origin.chainID)

        """
    }

    /// What the root was made from; nil where the mark is of another subvolume or is none of ours.
    public static func origin(_ value: [UInt8], subvolume: Subvolume) -> Origin? {
        let newline = UInt8(ascii: "\n")
        let lines = value.split(separator: newline).map { String(decoding: $0, as: UTF8.self) }
        guard value.last == newline, lines.count >= 5, lines[0] == version, lines[1] == "subvolume \(subvolume.uuid)",
            let reference = line(lines[2], key: "image "), let id = line(lines[3], key: "id "),
            let chain = line(lines[4], key: "chain ")
        else { return nil }
        return Origin(reference: reference, imageID: id, chainID: chain)
    }

    private static func line(_ line: String, key: String) -> String? {
        line.hasPrefix(key) ? String(line.dropFirst(key.utf8.count)) : nil
    }
}
