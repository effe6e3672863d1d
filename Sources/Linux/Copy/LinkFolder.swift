internal import Basics
internal import CLinux

/// A folder at the top of a new tree, with one more name of each file that has several in its layer.
///
/// However many there are, they take no memory; and no path is followed again, which may by now lead to another file. Files of
/// different layers are never one, even where a store keeps equal ones so: a mount shows them as two.
final class LinkFolder {
    private let top: Directory
    private let layers: [Directory]
    /// nil while there is nothing to remember.
    private var made: (name: [CChar], folder: Directory)?

    /// `layers`: what the tree is made of. The folder has a name that none of them has at its top.
    init(in top: Directory, beside layers: [Directory]) {
        self.top = top
        self.layers = layers
    }

    /// Gives the copy of this file, made under another name, one more. False where there is none.
    func link(_ entry: Entry, _ kind: Entry.Kind, _ status: stat, layer: Int) throws(Failure) -> Bool {
        guard status.st_nlink > 1, let made else { return false }
        let first = key(status, layer)
        if try entry.attempt(kind, { linkat(made.folder.descriptor, first, entry.target.descriptor, entry.name, 0) }) == 0 { return true }
        switch linux_errno() {
        case ENOENT: return false
        // The name that is one more than it may have is the one in here.
        case EMLINK: try check(renameat(made.folder.descriptor, first, entry.target.descriptor, entry.name))
        case let code: throw .reason(code)
        }
        return true
    }

    /// Remembers the copy of a file, which may have more names to come.
    func add(_ entry: Entry, _ status: stat, layer: Int) throws(Failure) {
        if status.st_nlink < 2 { return }
        let folder = try make()
        if linkat(entry.target.descriptor, entry.name, folder.descriptor, key(status, layer), 0) == 0 { return }
        // What is copied may take the folder's place, where a symlink of the image leads to the top: then each name is a file of its own.
        if linux_errno() != ENOENT { throw .reason() }
    }

    /// Before the top gets its times.
    func remove() throws(Failure) {
        if let made { try top.remove(made.name) }
        made = nil
    }

    private func make() throws(Failure) -> Directory {
        if let made { return made.folder }
        var number = 0
        var name: [CChar]
        repeat {
            name = cString(Array(".docker-btrfs.links.\(number)".utf8))
            number += 1
        } while ([top] + layers).contains { faccessat($0.descriptor, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 }
        try check(mkdirat(top.descriptor, name, 0o700))
        let folder = try top.child(name)
        made = (name, folder)
        return folder
    }

    private func key(_ status: stat, _ layer: Int) -> [CChar] {
        cString(Array("\(layer) \(status.st_dev) \(status.st_ino)".utf8))
    }
}
