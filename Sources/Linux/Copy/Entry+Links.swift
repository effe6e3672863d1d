internal import Basics
internal import CLinux

/// Entries of a layer that may be more names of one file.
extension Entry {
    func copyFile(_ links: inout HardLinks) throws(Failure) {
        let from = try openFile()
        defer { close(from) }
        let status = try Linux.status(of: from)
        if try link(.file, status, &links) { return }
        try makeFile(like: from, status, Inode.open(from).attributeNames(), content: from)
        try links.add(name, in: target.descriptor, of: status)
    }

    /// Copies a symlink, device, fifo or socket.
    func copy(_ kind: Kind, _ links: inout HardLinks) throws(Failure) {
        let status = try status()
        if try link(kind, status, &links) { return }
        try make(kind, like: status)
        try links.add(name, in: target.descriptor, of: status)
    }

    /// Gives the copy of this file, made under another name, one more. False where there is none.
    private func link(_ kind: Kind, _ status: stat, _ links: inout HardLinks) throws(Failure) -> Bool {
        guard let copy = try links.copy(of: status, in: target.descriptor) else { return false }
        defer { close(copy) }
        if try attempt(kind, { linkat(copy, "", target.descriptor, name, AT_EMPTY_PATH) }) == 0 { return true }
        // The copy's last name was this one.
        if linux_errno() == ENOENT { return false }
        throw .reason()
    }
}
