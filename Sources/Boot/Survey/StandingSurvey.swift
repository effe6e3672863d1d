public import Basics
internal import Planning

extension Facts {
    /// What is known where the survey failed: that, and which root stands. Such facts are enough to stay on that root, or to put it
    /// away. Fails where not even its mark can be read.
    public init(after failure: Failure, lookingOnlyAt name: Path, on topLevel: Directory, _ host: Host) throws(Failure) {
        self.host = host
        wanted = .failure(failure)
        standing = try Self.marked(name, on: topLevel)
        kept = []
        lastNumber = 0
        held = []
        heldForOthers = []
        templates = []
        minted = []
        (record, recordDamage) = Record.current(on: topLevel)
        leftover = .nothing
        missingDirectories = []
        for directory in [Layout.home, Layout.allRoots, Layout.roots(of: name)] where try topLevel.status(of: directory) == nil {
            missingDirectories.append(directory)
        }
    }

    private static func marked(_ name: Path, on topLevel: Directory) throws(Failure) -> Standing {
        guard try topLevel.status(of: name)?.kind == .directory, let root = try topLevel.directory(at: name),
            let subvolume = try root.subvolume(), let value = try root.attribute(Mark.attribute),
            let mark = Mark(parsing: value, subvolume: subvolume)
        else { return .nothing }
        return .root(Root(path: name, mark: mark, isGood: false, modules: .notNeeded, nested: [], occupied: []))
    }
}
