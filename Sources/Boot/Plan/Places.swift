internal import Basics
internal import Planning

/// The number of the next root, and where the one that it replaces is put.
struct Places {
    let number: Int
    /// Under the number of what is there, or where another one has that place, under one that nobody has; nil where nothing is there
    /// that is put away.
    let old: Path?

    init(of name: Path, given facts: Facts) {
        var numbers = facts.takenNumbers
        switch facts.leftover {
        case .replaced(let root): numbers += Layout.number(root.path.name).map { [$0] } ?? []
        case .unreadable(let path): numbers += Layout.number(path.name).map { [$0] } ?? []
        case .nothing, .unfinished: break
        }
        let next = RootNumber.next(after: numbers + facts.roots.map { $0.mark.number })
        let own: Int?
        switch facts.standing {
        case .root(let root): own = numbers.contains(root.mark.number) ? next : root.mark.number
        case .unreadable: own = next
        case .nothing, .foreign: own = nil
        }
        old = own.map { Layout.kept(name, $0) }
        number = own == next ? next + 1 : next
    }
}
