internal import CLinux

/// A regular file that is open, of which only what is asked for is read.
package final class RegularFile {
    /// In bytes, when it was opened.
    package let size: Int
    private let descriptor: Int32
    private let name: String

    /// Takes over an open descriptor. Fails on anything but a regular file.
    init(owning descriptor: Int32, name: String) throws(Failure) {
        (self.descriptor, self.name) = (descriptor, name)
        var found = stat()
        let isRead = fstat(descriptor, &found) == 0
        size = Int(found.st_size)
        if !isRead { throw .system("read '\(name)'") }
        if Status(found).kind != .file { throw Failure("could not read '\(name)': it is not a regular file") }
    }

    deinit { close(descriptor) }

    /// As many as there are.
    package func bytes(at place: Int, _ count: Int) throws(Failure) -> [UInt8] {
        do throws(Failure) { return try Basics.bytes(of: descriptor, at: place, count) } catch {
            throw Failure("could not read '\(name)': \(error.message)")
        }
    }
}

/// What an open file has at a place: as many bytes as there are. Fails with the system's reason alone.
package func bytes(of file: Int32, at place: Int, _ count: Int) throws(Failure) -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: count)
    let done = pread(file, &bytes, count, off_t(place))
    if done < 0 { throw .reason() }
    if done < count { bytes.removeLast(count - done) }
    return bytes
}

extension Directory {
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
