internal import CLinux

/// A directory that is held open, and everything that is read below it.
///
/// Nothing here changes anything. Paths are resolved as if the directory were `/` (openat2 with RESOLVE_IN_ROOT): whatever
/// symlinks say, nothing outside is ever reached.
public final class Directory: Sendable {
    /// Open as long as the object lives. Give the object a name before this goes into a call: an unnamed one is closed as soon
    /// as the number was read.
    package let descriptor: Int32

    /// How messages name this directory, without a trailing slash: empty for the top level of the root's filesystem,
    /// `LABEL=x:` for that of another one.
    public let label: String

    /// Takes over an open descriptor.
    package init(descriptor: Int32, label: String) {
        self.descriptor = descriptor
        self.label = label
    }

    /// Opens a directory of the running system. `label` is how messages name it, the path itself unless given.
    public init(opening path: String, label: String? = nil) throws(Failure) {
        descriptor = linux_open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0)
        self.label = label ?? (path == "/" ? "" : path)
        if descriptor < 0 { throw .system("open the directory '\(path)'") }
    }

    deinit {
        close(descriptor)
    }

    /// How messages name a path below this directory.
    public func show(_ path: Path) -> String {
        path.isTop && !label.isEmpty && !label.ends(with: ":") ? label : label + path.description
    }

    /// Opens a path below this directory; nil where there is nothing.
    package func open(_ path: Path, _ flags: Int32, what: String) throws(Failure) -> Int32? {
        let opened = linux_openat2(descriptor, path.cString, flags | O_CLOEXEC, 0, linux_resolve_in_root)
        if opened >= 0 { return opened }
        let code = linux_errno()
        if code == ENOENT || code == ENOTDIR && flags & O_DIRECTORY == 0 { return nil }
        throw .system("\(what) '\(show(path))'", errno: code)
    }

    /// The directory at `path`; nil where there is nothing. Fails where it is something else than a directory.
    public func directory(at path: Path) throws(Failure) -> Directory? {
        guard let opened = try open(path, O_RDONLY | O_DIRECTORY, what: "open the directory") else { return nil }
        return Directory(descriptor: opened, label: path.isTop ? label : label + path.description)
    }

    /// What is at `path`, a symlink itself and not what it points to; nil where there is nothing.
    public func status(of path: Path) throws(Failure) -> Status? {
        try status(of: path, following: false)
    }

    /// What is at `path` after every symlink, resolved below this directory; nil where that is nothing.
    public func target(of path: Path) throws(Failure) -> Status? {
        try status(of: path, following: true)
    }

    private func status(of path: Path, following: Bool) throws(Failure) -> Status? {
        var found = stat()
        if path.isTop || !following && path.parent.isTop {
            // No link is on the way: one call instead of three.
            let result =
                path.isTop ? fstat(descriptor, &found) : fstatat(descriptor, path.cString, &found, AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT)
            if result == 0 { return Status(found) }
            if linux_errno() == ENOENT { return nil }
            throw .system("look at '\(show(path))'")
        }
        guard let opened = try open(path, O_PATH | (following ? 0 : O_NOFOLLOW), what: "look at") else { return nil }
        defer { close(opened) }
        if fstat(opened, &found) != 0 { throw .system("look at '\(show(path))'") }
        return Status(found)
    }

    /// The whole content of a regular file; nil where there is nothing. Fails on anything but a regular file, and on more
    /// than `limit` bytes: what is read here is metadata.
    public func contents(of path: Path, limit: Int = 64 << 20) throws(Failure) -> [UInt8]? {
        guard let opened = try openFile(path) else { return nil }
        defer { close(opened) }
        return try content(of: opened, name: show(path), limit: limit)
    }

    /// The same file, to be read in parts.
    package func file(at path: Path) throws(Failure) -> RegularFile? {
        try openFile(path).map { opened throws(Failure) in try RegularFile(owning: opened, name: show(path)) }
    }

    /// To open a device may be to use it, and an image may have any. A fifo may hold up the boot.
    private func openFile(_ path: Path) throws(Failure) -> Int32? {
        let isOther = try target(of: path)?.kind == .other
        return try open(path, isOther ? O_PATH : O_RDONLY | O_NONBLOCK, what: "open")
    }

    /// The names in this directory but `.` and `..`, sorted by their bytes: those that fit, for a directory that others can fill.
    public func names(where fits: ([UInt8]) -> Bool = { _ in true }) throws(Failure) -> [[UInt8]] {
        var names: [[UInt8]] = []
        try search { (name, _) throws(Failure) in
            let bytes = plainName(name)
            if fits(bytes) { names.append(bytes) }
            return false
        }
        return names.sortedByBytes { $0 }
    }

    /// Whether there is a name that `body` says true to; none is looked at after it. It gets each with its kind, which is nil where
    /// the filesystem does not tell. The memory this takes does not grow with the directory.
    @discardableResult
    package func search(_ body: (_ name: [CChar], Status.Kind?) throws(Failure) -> Bool) throws(Failure) -> Bool {
        // A second descriptor: reading moves the offset, which all users of one descriptor share.
        let again = linux_openat2(descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, linux_resolve_in_root)
        guard again >= 0 else { throw .system("list '\(show(.top))'") }
        let reader = Directory(descriptor: again, label: label)
        do throws(Failure) {
            return try reader.containsName { (name, kind) throws(Failure) in try body(name, Status.Kind(entry: kind)) }
        } catch {
            throw Failure("could not list '\(show(.top))': \(error.message)", hint: error.hint)
        }
    }

    /// Whether this is `other`, whatever mounts and symlinks led to either.
    public func isSame(as other: Directory) throws(Failure) -> Bool {
        guard let own = try status(of: .top), let others = try other.status(of: .top) else { return false }
        return own.isSameFile(as: others)
    }

    /// Whether this directory is `other` or lies below it, whatever symlinks led to either.
    public func isWithin(_ other: Directory) throws(Failure) -> Bool {
        guard let sought = try other.status(of: .top) else { return false }
        var place = self
        while let status = try place.status(of: .top) {
            if status.isSameFile(as: sought) { return true }
            let above = linux_openat2(place.descriptor, "..", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, 0)
            if above < 0 { throw .system("open the directory above '\(place.show(.top))'") }
            let parent = Directory(descriptor: above, label: place.label)
            // The top of a mount is above itself.
            if try parent.status(of: .top)?.isSameFile(as: status) == true { return false }
            place = parent
        }
        return false
    }

    /// An extended attribute of this directory, however long it is; nil where it has none of that name.
    public func attribute(_ name: String) throws(Failure) -> [UInt8]? {
        try attribute(name, of: descriptor, at: .top)
    }

    /// The same of a file or directory below this one; nil where there is nothing too.
    package func attribute(_ name: String, of path: Path) throws(Failure) -> [UInt8]? {
        guard let opened = try open(path, O_RDONLY | O_NONBLOCK | O_NOFOLLOW, what: "open") else { return nil }
        defer { close(opened) }
        return try attribute(name, of: opened, at: path)
    }

    private func attribute(_ name: String, of descriptor: Int32, at path: Path) throws(Failure) -> [UInt8]? {
        // Few are longer than the first of these, and none than the last (XATTR_SIZE_MAX, xattr(7)).
        for limit in [1 << 12, 1 << 16] {
            var value = [UInt8](repeating: 0, count: limit)
            let size = fgetxattr(descriptor, name, &value, value.count)
            if size >= 0 { return Array(value[..<size]) }
            let code = linux_errno()
            if code == ENODATA || code == EOPNOTSUPP { return nil }
            if code != ERANGE { throw .system("read the attribute '\(name)' of '\(show(path))'", errno: code) }
        }
        throw .system("read the attribute '\(name)' of '\(show(path))'", errno: ERANGE)
    }
}

/// The whole content of a file of the running system; nil where there is nothing. Fails as `Directory.contents` does.
public func fileContents(_ path: String, limit: Int = 64 << 20) throws(Failure) -> [UInt8]? {
    let opened = linux_open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0)
    if opened < 0 && linux_errno() == ENOENT { return nil }
    if opened < 0 { throw .system("open '\(path)'") }
    defer { close(opened) }
    return try content(of: opened, name: path, limit: limit)
}

/// The first line of a file of the running system, safe to print; nil where it cannot be read.
public func firstLine(of path: String) -> String? {
    try? fileContents(path).map { display($0.prefix { $0 != 0x0a }) }
}

private func content(of descriptor: Int32, name: @autoclosure () -> String, limit: Int) throws(Failure) -> [UInt8] {
    var found = stat()
    if fstat(descriptor, &found) != 0 { throw .system("read '\(name())'") }
    let status = Status(found)
    guard status.kind == .file else { throw Failure("could not read '\(name())': it is not a regular file") }
    // A file without data may have any size: nothing is read of one that is too large. Those of /proc have none before they are read.
    if status.size > limit { throw Failure("could not read '\(name())': it is larger than \(limit) bytes") }
    // One more than there is: a store has thousands of small files, each of which is then read at once.
    var content = [UInt8](repeating: 0, count: status.size == 0 ? 1 << 16 : status.size + 1)
    var length = 0
    while true {
        if length == content.count { content += [UInt8](repeating: 0, count: length) }
        let room = content.count - length
        let count = content.withUnsafeMutableBytes { read(descriptor, $0.baseAddress?.advanced(by: length), room) }
        if count < 0 { throw .system("read '\(name())'") }
        length += count
        if length > limit { throw Failure("could not read '\(name())': it is larger than \(limit) bytes") }
        if count == 0 || count < room && length == status.size { break }
    }
    content.removeLast(content.count - length)
    return content
}
