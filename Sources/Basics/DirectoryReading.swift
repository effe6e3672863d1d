internal import CLinux

extension Directory {
    /// Hands out each name in this directory but `.` and `..`, NUL-terminated and in the filesystem's order, with its `DT_`
    /// kind (`DT_UNKNOWN` where the filesystem does not tell). The memory this takes does not grow with the directory.
    ///
    /// Reading moves the descriptor's offset: `body` must not read this object in the same way. Fails as `body` does, or with
    /// the system's reason alone.
    package func forEachName(_ body: (_ name: [CChar], _ kind: UInt8) throws(Failure) -> Void) throws(Failure) {
        _ = try containsName { (name, kind) throws(Failure) in
            try body(name, kind)
            return false
        }
    }

    /// Hands out names as `forEachName` does, up to the first one that `fits`. False where none did.
    func containsName(where fits: (_ name: [CChar], _ kind: UInt8) throws(Failure) -> Bool) throws(Failure) -> Bool {
        let reader = try NameReader(descriptor)
        while let entry = try reader.next() {
            if try fits(entry.name, entry.kind) { return true }
        }
        return false
    }

    /// Hands out each name as `forEachName` does, with what is there: a symlink itself.
    package func forEachEntry(_ body: (_ name: [CChar], Status) throws(Failure) -> Void) throws(Failure) {
        try forEachName { (name, _) throws(Failure) in
            var found = stat()
            if fstatat(descriptor, name, &found, AT_SYMLINK_NOFOLLOW) != 0 { throw .reason() }
            try body(name, Status(found))
        }
    }

    /// Opens a directory in this one by its name, never a symlink's target. Fails with the system's reason alone.
    package func child(_ name: [CChar]) throws(Failure) -> Directory {
        let opened = linux_openat2(descriptor, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, linux_resolve_no_links)
        if opened < 0 { throw .reason() }
        return Directory(descriptor: opened, label: "")
    }

    /// Opens a directory below this one, without a symlink on the way, however long the path is. Fails with the system's reason alone.
    package func descending(_ path: Path) throws(Failure) -> Directory {
        var directory = self
        for name in path.components { directory = try directory.child(cString(name)) }
        return directory
    }

    /// Reads a regular file of any size in this directory, piece by piece. Fails with the system's reason alone.
    package func forEachPiece(of name: [CChar], _ take: ([UInt8]) -> Void) throws(Failure) {
        let opened = linux_openat2(descriptor, name, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0, linux_resolve_no_links)
        if opened < 0 { throw .reason() }
        defer { close(opened) }
        var buffer = [UInt8](repeating: 0, count: 1 << 16)
        while true {
            let count = read(opened, &buffer, buffer.count)
            if count < 0 { throw .reason() }
            if count == 0 { return }
            take(Array(buffer[..<count]))
        }
    }

    /// What a symlink in this directory says. Fails with the system's reason alone.
    package func text(ofLink name: [CChar]) throws(Failure) -> [UInt8] {
        var text = [UInt8](repeating: 0, count: Int(PATH_MAX))
        let count = readlinkat(descriptor, name, &text, text.count)
        if count < 0 { throw .reason() }
        return Array(text[..<count])
    }
}

/// Lets this process have as many open files as it may: who walks down a tree holds one or two for each directory on the way.
package func raiseFileLimit() {
    linux_raise_file_limit()
}

extension Status.Kind {
    /// Takes the `DT_` number that a directory has; nil for `DT_UNKNOWN`.
    init?(entry kind: UInt8) {
        switch Int(kind) {
        case Int(DT_UNKNOWN): return nil
        case Int(DT_REG): self = .file
        case Int(DT_DIR): self = .directory
        case Int(DT_LNK): self = .symlink
        default: self = .other
        }
    }
}

/// Reads the names in a directory but `.` and `..`, one after the other. Fails with the system's reason alone.
private final class NameReader {
    private static let readSize = 1 << 14

    private let descriptor: Int32
    private let buffer = UnsafeMutableRawPointer.allocate(byteCount: readSize, alignment: 8)
    private var size = 0
    private var offset = 0

    /// The descriptor has to stay open as long as this is used.
    init(_ descriptor: Int32) throws(Failure) {
        self.descriptor = descriptor
        if lseek(descriptor, 0, SEEK_SET) != 0 { throw .reason() }
    }

    deinit {
        buffer.deallocate()
    }

    func next() throws(Failure) -> DirectoryEntry? {
        while true {
            if offset >= size {
                size = getdents64(descriptor, buffer, Self.readSize)
                offset = 0
                if size < 0 { throw .reason() }
                if size == 0 { return nil }
            }
            let entry = DirectoryEntry(in: buffer, at: offset)
            offset += entry.length
            if !entry.isDirectoryItself { return entry }
        }
    }
}

/// A `struct dirent64` as getdents64(2) writes it: 16 bytes that say nothing here, the length, the kind, the name.
private struct DirectoryEntry {
    let length: Int
    let kind: UInt8
    let name: [CChar]

    init(in buffer: UnsafeRawPointer, at offset: Int) {
        length = Int(buffer.load(fromByteOffset: offset + 16, as: UInt16.self))
        kind = buffer.load(fromByteOffset: offset + 18, as: UInt8.self)
        let text = (buffer + offset + 19).assumingMemoryBound(to: CChar.self)
        name = Array(UnsafeBufferPointer(start: text, count: strlen(text) + 1))
    }

    /// `.` or `..`.
    var isDirectoryItself: Bool {
        let dot = CChar(bitPattern: UInt8(ascii: "."))
        return name[0] == dot && (name[1] == 0 || name[1] == dot && name[2] == 0)
    }
}
