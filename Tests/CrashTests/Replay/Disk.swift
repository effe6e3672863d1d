internal import Basics
internal import CLinux

/// A disk image that is written block by block.
final class Disk {
    let size: Int
    fileprivate let descriptor: Int32
    private let path: String

    /// What is compared and copied at once.
    private static let chunk = 1 << 16

    init(opening path: String) throws(Failure) {
        self.path = path
        descriptor = linux_open(path, O_RDWR | O_CLOEXEC, 0)
        if descriptor < 0 { throw .system("open '\(path)'") }
        size = Int(lseek(descriptor, 0, SEEK_END))
    }

    func write(_ bytes: [UInt8], at place: Int) throws(Failure) {
        if pwrite(descriptor, bytes, bytes.count, off_t(place)) != bytes.count { throw .system("write '\(path)'") }
    }

    /// Makes this disk the same as another one. Reads only what either has allocated, and writes only what differs: nearly all
    /// of it is the same.
    func become(_ other: Disk) throws(Failure) {
        var chunks = Set<Int>()
        for disk in [self, other] { try disk.forEachChunk { chunks.insert($0) } }
        var mine = [UInt8](repeating: 0, count: Self.chunk)
        var theirs = mine
        for chunk in chunks {
            try read(&mine, at: chunk)
            try other.read(&theirs, at: chunk)
            if memcmp(mine, theirs, Self.chunk) != 0 { try write(theirs, at: chunk) }
        }
    }

    private func read(_ buffer: inout [UInt8], at place: Int) throws(Failure) {
        if pread(descriptor, &buffer, buffer.count, off_t(place)) != buffer.count { throw .system("read '\(path)'") }
    }

    private func forEachChunk(_ visit: (Int) -> Void) throws(Failure) {
        var offset: off_t = 0
        while true {
            let start = lseek(descriptor, offset, SEEK_DATA)
            if start < 0 && linux_errno() == ENXIO { return }
            offset = lseek(descriptor, start, SEEK_HOLE)
            if start < 0 || offset < 0 { throw .system("look for data in '\(path)'") }
            for place in stride(from: Int(start) / Self.chunk * Self.chunk, to: Int(offset), by: Self.chunk) { visit(place) }
        }
    }
}
