internal import Basics
internal import CLinux
internal import Planning

extension Entry.Kind {
    /// Takes the `DT_` number that is in a directory, and in a file's mode.
    init(_ number: UInt32) {
        switch Int(number) {
        case Int(DT_DIR): self = .directory
        case Int(DT_REG): self = .file
        case Int(DT_LNK): self = .symlink
        default: self = .special
        }
    }

    init(_ status: stat) {
        self.init(status.st_mode >> 12 & 15)
    }

    var word: String {
        switch self {
        case .directory: "directory"
        case .file: "file"
        case .symlink: "symlink"
        case .special: "special file"
        }
    }
}

/// What an entry is, and how its name in the destination becomes free.
extension Entry {
    /// Takes what the directory said, which may be nothing.
    func kind(_ told: UInt8) throws(Failure) -> Kind {
        told == UInt8(DT_UNKNOWN) ? Kind(try status()) : Kind(UInt32(told))
    }

    /// Not of a whiteout, not of the file that has the layer's rules, and not of what these leave out.
    func isCopied(by rules: LayerRules) throws(Failure) -> Bool {
        // A directory that the destination lacks has no whiteouts to be removed, but may have one that is none.
        if rules.isLayer && LayerName(plainName(name)) == .whiteout(nil) { throw LayerName.namesNothing }
        return rules.isCopied(plainName(name), in: target.path)
    }

    /// Makes the name by a call that fails where it is taken.
    func make(_ kind: Kind, _ call: () -> Int32) throws(Failure) -> Int32 {
        let made = try attempt(kind, call)
        try check(made < 0 ? -1 : 0)
        return made
    }

    /// As `make`, but returns the call's own failure.
    func attempt(_ kind: Kind, _ call: () -> Int32) throws(Failure) -> Int32 {
        let made = call()
        guard made < 0, linux_errno() == EEXIST, let notes else { return made }
        try makeWay(for: kind, notes)
        return call()
    }

    private func makeWay(for kind: Kind, _ notes: CopyNotes) throws(Failure) {
        var old = stat()
        if kind == .directory { try check(fstatat(target.descriptor, name, &old, AT_SYMLINK_NOFOLLOW)) }
        let removed = try target.directory.remove(name)
        if kind == .directory {
            notes.add(kind, at: place, replaced: Kind(old))
        } else if removed == .directory {
            notes.add(kind, at: place, replaced: .directory)
        }
    }
}
