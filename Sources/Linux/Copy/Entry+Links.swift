internal import Basics
internal import CLinux

/// Entries of a layer that may be more names of one file.
extension Entry {
    func copyFile(_ links: LinkFolder) throws(Failure) {
        let from = try openFile()
        defer { close(from) }
        let status = try Linux.status(of: from)
        if try links.link(self, .file, status, layer: 0) { return }
        try makeFile(like: from, status, Inode.open(from).attributeNames(), content: from)
        try links.add(self, status, layer: 0)
    }

    /// Copies a symlink, device, fifo or socket of a layer.
    func copy(_ kind: Kind, _ links: LinkFolder, layer: Int = 0) throws(Failure) {
        let status = try status()
        if try links.link(self, kind, status, layer: layer) { return }
        try make(kind, like: status)
        try links.add(self, status, layer: layer)
    }
}
