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
