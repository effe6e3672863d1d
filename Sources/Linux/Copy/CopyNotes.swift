internal import Basics

/// What a copy replaced by something of another kind.
final class CopyNotes {
    private static let limit = 20

    private var first: [String] = []
    private var more = 0

    var lines: [String] {
        more == 0 ? first : first + ["the top layer replaced \(more) more in this way"]
    }

    func add(_ kind: Entry.Kind, at place: Path, replaced old: Entry.Kind) {
        if first.count < Self.limit {
            first.append("the top layer's \(kind.word) '\(place)' replaced a \(old.word) of the image")
        } else {
            more += 1
        }
    }
}
