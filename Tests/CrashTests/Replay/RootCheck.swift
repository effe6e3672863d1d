import Basics
import Planning

/// A root as it was found: whole, or its reading failed.
struct FoundRoot {
    let place: Path
    let mark: Mark
    let isGood: Bool
    let image: String
    let top: String
}

/// Looks at the roots of one disk state.
struct RootCheck {
    static let name: Path = "root"
    static let home: Path = ".docker-btrfs/roots/root"
    static let new: Path = ".docker-btrfs/roots/root/new"

    /// Image names by their ids.
    let images: [String: String]
    var content = Content()

    /// The root at a place; nil where there is nothing. Fails where it is not whole.
    mutating func root(at place: Path, on topLevel: Directory, _ history: History) throws(Failure) -> FoundRoot? {
        guard let directory = try topLevel.directory(at: place) else { return nil }
        guard let subvolume = try directory.subvolume(), let value = try directory.attribute(Mark.attribute),
            let mark = Mark(parsing: value, subvolume: subvolume)
        else { throw Failure("'\(place)' is not marked as a root") }
        let good = try directory.attribute(GoodMark.attribute)
        let root = FoundRoot(
            place: place, mark: mark, isGood: good.map { $0.elementsEqual(GoodMark.text(subvolume: subvolume).utf8) } ?? false,
            image: try content.owner(of: Content.image, in: directory), top: try content.owner(of: Content.top, in: directory)
        )
        for needed: Path in ["sbin/init", "etc/os-release", "proc", "sys", "dev", "run", "tmp"] {
            if try directory.status(of: needed) == nil { throw Failure("'\(place)' has no '\(needed)'") }
        }
        try checkOrigin(of: root, history)
        return root
    }

    /// Image and top layer belong together: they are what the boot that made the root was asked for.
    private func checkOrigin(of root: FoundRoot, _ history: History) throws(Failure) {
        let id = root.mark.origin.imageID.description
        if images[id].map({ "image \($0)" }) != root.image {
            throw Failure("'\(root.place)' has '\(root.image)', and its mark says that it was made from \(images[id] ?? id)")
        }
        // Without a choice, a boot may fall back to what there was.
        guard let boot = history.boot(at: root.mark.made), boot.isChosen, !boot.isMissing else { return }
        try check(root, is: boot)
    }

    func check(_ root: FoundRoot, is boot: Boot) throws(Failure) {
        if root.image == "image \(boot.image)" && root.top == "top \(boot.top)" { return }
        let asked = "'image \(boot.image)' with 'top \(boot.top)' was asked for"
        throw Failure("'\(root.place)' has '\(root.image)' with '\(root.top)', and \(asked)")
    }

    /// Every root that lies under a number.
    mutating func keptRoots(on topLevel: Directory, _ history: History) throws(Failure) -> [FoundRoot] {
        var roots: [FoundRoot] = []
        for name in try topLevel.directory(at: Self.home)?.names() ?? [] where !name.elementsEqual("new".utf8) {
            if let root = try root(at: Self.home.appending(name: name), on: topLevel, history) { roots.append(root) }
        }
        return roots
    }
}
