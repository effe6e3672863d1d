internal import Basics
internal import CLinux

/// A disk that is read past the kernel's cache of it, in which what a mounted filesystem wrote is not (O_DIRECT). It is never written.
final class DirectDevice {
    let path: String
    /// In bytes.
    let size: Int
    private let descriptor: Int32
    /// What the kernel reads into.
    private let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: 1 << 20, alignment: 1 << 16)

    init(_ path: String) throws(Failure) {
        self.path = path
        descriptor = linux_open(path, O_RDONLY | O_DIRECT | O_CLOEXEC, 0)
        if descriptor < 0 { throw .system("open '\(path)' for reading past the cache", hint: "run this as root") }
        let end = lseek(descriptor, 0, SEEK_END)
        size = Int(end)
        if end < 0 { throw .system("look at '\(path)'") }
    }

    deinit {
        close(descriptor)
        buffer.deallocate()
    }

    /// Bytes of the disk: all of them, from a place and in a number that are multiples of its sector's size, 1 MiB at most.
    func read(at place: Int, _ count: Int) throws(Failure) -> [UInt8] {
        try read(at: place, count, into: buffer)
        return [UInt8](buffer[..<count])
    }

    /// The same into memory that is aligned as the disk's sectors are.
    func read(at place: Int, _ count: Int, into target: UnsafeMutableRawBufferPointer) throws(Failure) {
        guard count > 0, count <= target.count, let start = target.baseAddress else { throw Failure("could not read '\(path)': too much") }
        let done = pread(descriptor, start, count, off_t(place))
        if done < 0 { throw .system("read '\(path)' at \(place)") }
        if done != count { throw Failure("could not read '\(path)' at \(place): it ends there") }
    }
}
