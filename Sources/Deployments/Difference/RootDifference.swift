public import Basics
internal import Boot

/// What was changed in a root since it was made, which a new root will not have.
public struct RootDifference {
    public let root: EarlierRoot
    /// By their paths.
    public let changes: [RootChange]
    /// What is to be known.
    public let notes: [String]
    /// Whether it was compared with the top layers as they are now: what they were given after the root was made seems to be deleted in it.
    let isFromLayersNow: Bool
}

extension Site {
    /// Compares a root with what it was made as: the one of that number; else the one that the system runs on, or in a system that is
    /// none of ours, the machine's.
    public func difference(ofRoot number: Int?) throws(Failure) -> RootDifference {
        try difference(of: chosenRoot(number)) { (_, _) throws(Failure) in () }.difference
    }

    /// The same of a root, or of a project, by its name.
    public func difference(ofRootCalled name: String?) throws(Failure) -> RootDifference {
        try difference(of: root(called: name)) { (_, _) throws(Failure) in () }.difference
    }

    /// The same with what `look` finds in the root and in what it was made as.
    func difference<Found>(
        ofRoot number: Int?, _ look: (_ root: Directory, _ base: Directory) throws(Failure) -> Found
    ) throws(Failure) -> (difference: RootDifference, found: Found) {
        try difference(of: chosenRoot(number), look)
    }

    private func difference<Found>(
        of root: EarlierRoot, _ look: (_ root: Directory, _ base: Directory) throws(Failure) -> Found
    ) throws(Failure) -> (difference: RootDifference, found: Found) {
        try withBase(of: root) { base throws(Failure) in
            guard let tree = try topLevel.directory(at: root.root.path) else {
                throw Failure("could not compare \(root.title): it is not there any more")
            }
            let difference = try TreeDifference(of: tree, from: base.tree, since: base.since)
            let nested = root.root.nested.map { "'\($0)' is a subvolume of its own: what is in it was not looked at" }
            let found = RootDifference(
                root: root, changes: difference.changes, notes: base.notes + nested, isFromLayersNow: base.isOfLayersNow)
            return (found, try look(tree, base.tree))
        }
    }

    func chosenRoot(_ number: Int?) throws(Failure) -> EarlierRoot {
        if let number { return try root(number) }
        let all = try roots().roots
        if let root = all.last(where: { $0.isBooted }) ?? all.last(where: { $0.root.path == settings.root }) { return root }
        throw Failure("could not find the machine's root '\(settings.root)'", hint: "a boot makes it")
    }
}
