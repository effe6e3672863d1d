internal import Basics

/// A directory that is there, or where it is to be made.
struct Spot {
    /// The directory itself, or the nearest above it.
    private let directory: Directory
    /// What is missing below that.
    private let missing: Path

    init(_ directory: Directory) {
        self.directory = directory
        missing = .top
    }

    init(_ path: Path, on filesystem: Directory) throws(Failure) {
        var (place, missing) = (path, Path.top)
        while !place.isTop, try filesystem.target(of: place)?.kind != .directory {
            missing = Path.top.appending(name: place.name) / missing
            place = place.parent
        }
        guard let directory = try filesystem.directory(at: place) else { throw Failure("could not open '\(filesystem.show(place))'") }
        self.directory = directory
        self.missing = missing
    }

    private var title: String { directory.show(missing) }

    /// Whether it is `other` or lies below it, whatever symlinks lead to either.
    func isWithin(_ other: Spot) throws(Failure) -> Bool {
        if other.missing.isTop { return try directory.isWithin(other.directory) }
        return try directory.isSame(as: other.directory) && missing.components.starts(with: other.missing.components)
    }

    /// A root is deleted with all that is in it, and must not hold what the next boot reads.
    func checkLacks(_ other: Spot?, within place: String, as what: String, key: String) throws(Failure) {
        guard let other, try other.isWithin(self) else { return }
        throw Failure(
            "could not use \(what) '\(other.title)' (\(key)=): it is in \(place) '\(title)', which boots delete",
            hint: "move it out of there, to a directory of its own"
        )
    }

    func checkLacksMachine(_ other: Spot?, _ path: Path) throws(Failure) {
        guard let other, try other.isWithin(self) else { return }
        throw Failure(
            "could not use '\(title)' as the top layer: it holds '\(path)'",
            hint: "give toplayer_path= a directory that holds only this machine's files"
        )
    }
}
