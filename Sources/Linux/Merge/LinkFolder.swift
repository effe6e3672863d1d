internal import Basics
internal import CLinux

/// A folder at the top of the new tree, with one more name of each file that has several in its layer.
///
/// However many there are, they take no memory. Files of different layers are never one, even where a store keeps equal ones
/// so: a mount shows them as two.
struct LinkFolder {
    private let top: Directory
    private let name: [CChar]
    private let folder: Directory

    /// Makes it in the new tree, under a name that no layer has at its top.
    init(in top: Directory, beside layers: [LayerDirectory]) throws(Failure) {
        var number = 0
        var name: [CChar]
        repeat {
            name = cString(Array(".docker-btrfs.links.\(number)".utf8))
            number += 1
        } while layers.contains { faccessat($0.directory.descriptor, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 }
        try check(mkdirat(top.descriptor, name, 0o700))
        self.top = top
        self.name = name
        folder = try top.child(name)
    }

    /// Gives the copy of this file, made under another name, one more. False where there is none.
    func link(_ entry: Entry, _ status: stat, layer: Int) throws(Failure) -> Bool {
        if status.st_nlink < 2 { return false }
        let first = key(status, layer)
        if linkat(folder.descriptor, first, entry.target.descriptor, entry.name, 0) == 0 { return true }
        switch linux_errno() {
        case ENOENT: return false
        // The name that is one more than it may have is the one in here.
        case EMLINK: try check(renameat(folder.descriptor, first, entry.target.descriptor, entry.name))
        case let code: throw .reason(code)
        }
        return true
    }

    /// Remembers the copy of a file, which may have more names to come.
    func add(_ entry: Entry, _ status: stat, layer: Int) throws(Failure) {
        if status.st_nlink < 2 { return }
        try check(linkat(entry.target.descriptor, entry.name, folder.descriptor, key(status, layer), 0))
    }

    func remove() throws(Failure) {
        try top.remove(name)
    }

    private func key(_ status: stat, _ layer: Int) -> [CChar] {
        cString(Array("\(layer) \(status.st_dev) \(status.st_ino)".utf8))
    }
}
