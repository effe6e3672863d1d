internal import Basics
internal import Images

extension Facts.TopLayer {
    /// Looks at every file of the top layer, but not into it. What identifies the tree's state is the digest of all paths with
    /// type, mode, owner, size, times of content and of attributes, and inode: `rsync --times` does not get past ctime, nor a
    /// copy on another filesystem past the inode.
    init(of directory: Directory, isShared: Bool) throws(Failure) {
        var walk = TreeWalk()
        try walk.visit(directory, at: .top)
        fingerprint = Digest.of(walk.lines).description
        size = walk.size
        files = walk.files
        self.isShared = isShared
    }
}

private struct TreeWalk {
    var lines: [UInt8] = []
    var size = 0
    var files = 0

    mutating func visit(_ directory: Directory, at path: Path) throws(Failure) {
        for name in try directory.names() {
            let entry = Path.top.appending(name: name)
            guard let status = try directory.status(of: entry) else { continue }
            add(path.appending(name: name), status)
            if status.kind == .directory, let inner = try directory.directory(at: entry) {
                try visit(inner, at: path.appending(name: name))
            }
        }
    }

    private mutating func add(_ path: Path, _ status: Status) {
        files += 1
        size += status.kind == .file ? status.size : 0
        let numbers = [
            Int(status.permissions), Int(status.owner), Int(status.group), status.size, status.modified, status.changed,
            Int(truncatingIfNeeded: status.inode),
        ]
        lines += path.bytes + [0] + Array(numbers.map { "\($0)" }.joined(separator: " ").utf8) + [0]
    }
}
