internal import Basics
internal import CLinux

/// Memory for what is copied, one for a whole copy. An extended attribute has at most 64 KiB.
final class CopyBuffer {
    static let size = 1 << 17
    /// How many bytes of contents went another way than by sharing them.
    fileprivate(set) var writtenBytes = 0
    let bytes = UnsafeMutableRawPointer.allocate(byteCount: size, alignment: 16)

    deinit {
        bytes.deallocate()
    }
}

/// Copies the content of a file of `size` bytes into a new, empty one: shared (FICLONE) where both are on one filesystem that
/// can, by the kernel or byte by byte otherwise. Holes stay holes.
func copyData(from source: Int32, to destination: Int32, size: off_t, _ buffer: CopyBuffer) throws(Failure) {
    if size == 0 || linux_clone_file(destination, source) == 0 { return }
    switch linux_errno() {
    // EXDEV: another filesystem. EINVAL: only one of the two has checksums (nodatacow). ETXTBSY: swap that is in use. Else: the filesystem
    // cannot at all.
    case EXDEV, EINVAL, ETXTBSY, EOPNOTSUPP, ENOTTY, ENOSYS: break
    case let code: throw .reason(code)
    }
    var offset: off_t = 0
    while true {
        let start = lseek(source, offset, SEEK_DATA)
        if start < 0 && linux_errno() == ENXIO { break }
        let end = start < 0 ? start : lseek(source, start, SEEK_HOLE)
        try check(end < 0 ? -1 : 0)
        try copyRange(start..<end, from: source, to: destination, buffer)
        buffer.writtenBytes += Int(end - start)
        offset = end
    }
    // A hole at the end is length only.
    if offset < size { try check(ftruncate(destination, size)) }
}

private func copyRange(_ range: Range<off_t>, from source: Int32, to destination: Int32, _ buffer: CopyBuffer) throws(Failure) {
    var position = range.lowerBound
    var end = position
    while position < range.upperBound {
        // It cannot from one type of filesystem to another. Any other failure shows again below.
        if copy_file_range(source, &position, destination, &end, Int(range.upperBound - position), 0) <= 0 { break }
    }
    try check(lseek(destination, position, SEEK_SET) < 0 ? -1 : 0)
    while position < range.upperBound {
        let count = pread(source, buffer.bytes, min(CopyBuffer.size, Int(range.upperBound - position)), position)
        try check(count < 0 ? -1 : 0)
        if count == 0 { throw Failure("the file became shorter while it was read") }
        try check(linux_write_all(destination, buffer.bytes, count) ? 0 : -1)
        position += off_t(count)
    }
}
