internal import Basics
internal import CLinux
internal import Planning

/// Lays one directory tree over another.
///
/// Nothing outside the destination is ever written. A directory of the source merges with one of the destination, also where
/// the destination has a symlink to a directory (`/lib` in a usr-merged image): symlinks are resolved as if the destination
/// were `/`. Everything else replaces what stands in its place, and never writes through it. Directories that are there keep
/// their owner, mode and times; new ones get the source's. The first error ends the copy.
struct TreeCopy {
    private struct FileID: Hashable {
        let device: UInt64
        let inode: UInt64
    }

    private let source: Directory
    private let destination: Directory
    private let rules: LayerRules
    /// The first copy of each file that has more than one name.
    private var firstNames: [FileID: Path] = [:]

    init(from source: Directory, to destination: Directory, _ rules: LayerRules) {
        self.source = source
        self.destination = destination
        self.rules = rules
    }

    /// Returns what the person at the machine must know: what of the destination had to go, beside files that have a successor.
    mutating func run() throws(Failure) -> [String] {
        try copyContents(of: source, into: destination, at: .top)
        return []
    }

    private mutating func copyContents(of source: Directory, into target: Directory, at path: Path) throws(Failure) {
        for name in try source.names() {
            let entry = Entry(name: cString(name), source: source, target: target)
            let place = path.appending(name: name)
            do throws(Failure) {
                try copy(entry, at: place)
            } catch {
                // The innermost place is the one to name.
                throw error.message.hasPrefix("'") ? error : Failure("'\(place)': \(error.message)", hint: error.hint)
            }
        }
    }

    private mutating func copy(_ entry: Entry, at place: Path) throws(Failure) {
        let status = try entry.status()
        switch Int32(status.st_mode) & S_IFMT {
        case S_IFDIR: try copyDirectory(entry, at: place)
        case S_IFREG: try copyFile(entry, status, at: place)
        case S_IFLNK: try entry.copySymlink(status)
        default: try entry.copyNode(status)
        }
    }

    private mutating func copyDirectory(_ entry: Entry, at place: Path) throws(Failure) {
        let inner = Directory(descriptor: try entry.open(O_RDONLY | O_DIRECTORY), label: "")
        if let existing = try existingDirectory(at: place) {
            try copyContents(of: inner, into: existing, at: place)
        } else {
            let made = try entry.makeDirectory()
            try copyContents(of: inner, into: made, at: place)
            try copyAttributes(from: inner.descriptor, to: made.descriptor)
        }
    }

    /// The directory at `place` of the destination, also through symlinks; nil where there is none.
    private func existingDirectory(at place: Path) throws(Failure) -> Directory? {
        let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC
        let opened = linux_openat2(destination.descriptor, place.cString, flags, 0, linux_resolve_in_root)
        if opened >= 0 { return Directory(descriptor: opened, label: "") }
        switch linux_errno() {
        case ENOENT, ENOTDIR, ELOOP: return nil
        case let code: throw Failure(String(cString: strerror(code)))
        }
    }

    private mutating func copyFile(_ entry: Entry, _ status: stat, at place: Path) throws(Failure) {
        let id = FileID(device: UInt64(status.st_dev), inode: UInt64(status.st_ino))
        if status.st_nlink > 1, let first = firstNames[id] {
            let opened = linux_openat2(destination.descriptor, first.cString, O_PATH | O_NOFOLLOW | O_CLOEXEC, 0, linux_resolve_in_root)
            if opened < 0 { throw Failure(String(cString: strerror(linux_errno()))) }
            defer { close(opened) }
            return try entry.makeLink(to: opened)
        }
        try entry.copyFile()
        if status.st_nlink > 1 { firstNames[id] = place }
    }
}
