package import Basics
internal import Boot
package import Planning

/// What a project was made of, in a file beside its root: the mark is an attribute of that, and whoever is root in it can write it.
extension Mark {
    /// Writes down the mark of the root at `place`, which nobody was in yet and which has its name after that.
    package static func recording(ofProjectAt place: Path, on topLevel: Directory) throws(Failure) -> Step {
        guard let (mark, subvolume) = try Facts.markedRoot(at: place, on: topLevel) else { throw Failure("'\(place)' has no mark") }
        return .replaceFile(Place(Layout.record(ofProjectAt: place)), content: mark.text(subvolume: subvolume))
    }

    /// The one that was written down; nil where none was, or that of another root.
    package static func recorded(ofProjectAt place: Path, on topLevel: Directory) throws(Failure) -> Mark? {
        guard let content = try topLevel.contents(of: Layout.record(ofProjectAt: place)),
            let subvolume = try topLevel.directory(at: place)?.subvolume()
        else { return nil }
        return Mark(parsing: content, subvolume: subvolume)
    }
}
