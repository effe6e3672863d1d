internal import Basics

/// What a survey found to be wrong with things that a boot can do without: each is told in one sentence, and none ends the boot.
final class Faults {
    private(set) var notes: [String] = []
    /// Whether each root that there is was looked at.
    private(set) var areRootsKnown = true

    func add(_ note: String) {
        if !notes.contains(note) { notes.append(note) }
    }

    func add(_ failure: Failure, _ consequence: String) {
        add("\(failure.message); \(consequence)")
    }

    /// A root that could not be looked at: what it was made from is not known.
    func addRoot(_ failure: Failure, _ consequence: String) {
        areRootsKnown = false
        add(failure, consequence)
    }

    /// What `look` finds. Where it fails, that is told with its consequence, and `otherwise` is taken.
    func without<Value>(_ otherwise: Value, _ consequence: String, _ look: () throws(Failure) -> Value) -> Value {
        do throws(Failure) {
            return try look()
        } catch {
            add(error, consequence)
            return otherwise
        }
    }
}
