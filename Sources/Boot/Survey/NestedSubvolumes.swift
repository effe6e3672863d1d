package import Basics

/// What is in the subvolumes that are nested in a root. Any user of the booted system can make them, as many and as deep as he
/// likes: so much is looked at and no more, and what was not looked at is taken for something that somebody put there.
package struct NestedSubvolumes {
    /// The outermost ones.
    private(set) var outermost: [Path] = []
    /// Those that have anything but directories in them.
    package private(set) var occupied: [Path] = []
    /// Why that is not all.
    package private(set) var unseen: String?

    private static let most = 1000
    private static let deepest = 100
    /// How many names are still looked at.
    private var left = 10_000

    package init(of root: Directory) {
        var count = 0
        do throws(Failure) {
            try root.forEachNestedSubvolume { path throws(Failure) in
                count += 1
                if count > Self.most {
                    unseen = "it has more than \(Self.most) subvolumes in it"
                    return false
                }
                try take(path, of: root)
                return true
            }
        } catch {
            unseen = "what is in its subvolumes is not known: \(error.message)"
        }
    }

    private mutating func take(_ path: Path, of root: Directory) throws(Failure) {
        // One that is nested in another comes after it, before any that is not.
        if !path.isBelow(outermost.last) { outermost.append(path) }
        if unseen != nil { return }
        guard let subvolume = try root.directory(at: path) else { return }
        let isOccupied = try isOccupied(subvolume, within: Self.deepest)
        if left < 0 {
            unseen = "it has more in its subvolumes than is looked at"
        } else if isOccupied {
            occupied.append(path)
        }
    }

    /// Whether anything but directories is in this one, as far as it is looked at.
    private mutating func isOccupied(_ directory: Directory, within depth: Int) throws(Failure) -> Bool {
        if depth == 0 { return true }
        return try directory.search { (name, kind) throws(Failure) in
            left -= 1
            if left < 0 { return true }
            if kind != .directory { return true }
            return try isOccupied(directory.child(name), within: depth - 1)
        }
    }
}
