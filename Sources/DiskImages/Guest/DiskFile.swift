internal import Basics
internal import CLinux

/// A disk in a file, which somebody else may write to.
final class DiskFile: Sendable {
    let descriptor: Int32

    init(_ path: String) throws(Failure) {
        // A fifo is not waited for.
        descriptor = linux_open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC, 0)
        if descriptor < 0 { throw .system("open '\(path)'") }
    }

    deinit { close(descriptor) }

    /// nil where it ends before.
    func read(at place: Int, _ count: Int) -> [UInt8]? {
        let bytes = try? Basics.bytes(of: descriptor, at: place, count)
        return bytes?.count == count ? bytes : nil
    }
}
