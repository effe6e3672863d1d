internal import Basics
internal import CLinux

extension Directory {
    enum Removed { case nothing, file, directory }

    /// Removes a name: a directory with all that is in it, a symlink and not what it points to.
    @discardableResult
    func remove(_ name: [CChar]) throws(Failure) -> Removed {
        if let removed = try removeAlone(name) { return removed }
        try child(name).removeContents()
        try check(unlinkat(descriptor, name, AT_REMOVEDIR))
        return .directory
    }

    /// A directory that is in one of this directory's own comes up into this one, and is emptied here: however deep they are in
    /// one another, this takes two open files and no more of the stack.
    func removeContents() throws(Failure) {
        var number = 0
        var isEmpty = false
        while !isEmpty {
            isEmpty = true
            try forEachName { (name, _) throws(Failure) in
                if try removeAlone(name) != nil { return }
                // What comes up may not be among the names that are being read.
                isEmpty = false
                let inner = try child(name)
                try inner.forEachName { (name, _) throws(Failure) in
                    if try inner.removeAlone(name) == nil { try inner.move(name, up: self, &number) }
                }
                try check(unlinkat(descriptor, name, AT_REMOVEDIR))
            }
        }
    }

    /// Removes a name unless it is of a directory with something in it, and then returns nil.
    private func removeAlone(_ name: [CChar]) throws(Failure) -> Removed? {
        if unlinkat(descriptor, name, 0) == 0 { return .file }
        if linux_errno() == EISDIR && unlinkat(descriptor, name, AT_REMOVEDIR) == 0 { return .directory }
        switch linux_errno() {
        case ENOENT: return .nothing
        case ENOTEMPTY: return nil
        case let code: throw .reason(code)
        }
    }

    /// Moves a directory to another one, where it is called by the next number that is free.
    private func move(_ name: [CChar], up other: Directory, _ number: inout Int) throws(Failure) {
        repeat {
            number += 1
            if renameat2(descriptor, name, other.descriptor, cString(Array("\(number)".utf8)), UInt32(RENAME_NOREPLACE)) == 0 { return }
        } while linux_errno() == EEXIST
        throw .reason()
    }
}
