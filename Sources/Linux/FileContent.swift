internal import Basics
internal import CLinux

/// Copies the content of a file into a new, empty one: shared (FICLONE) where both are on one filesystem that can, byte by
/// byte otherwise. Holes stay holes.
func copyData(from source: Int32, to destination: Int32) throws(Failure) {
    if linux_clone_file(destination, source) == 0 { return }
    // EXDEV: another filesystem. EINVAL: one of the two has no checksums (nodatacow). ENOTTY: the filesystem cannot at all.
    guard [EXDEV, EINVAL, EOPNOTSUPP, ENOTTY].contains(linux_errno()) else { return try check(-1) }
    var offset: off_t = 0
    while true {
        let start = lseek(source, offset, SEEK_DATA)
        if start < 0 && linux_errno() == ENXIO { break }
        let end = start < 0 ? start : lseek(source, start, SEEK_HOLE)
        if end < 0 { return try check(-1) }
        try copyBytes(from: source, to: destination, start..<end)
        offset = end
    }
    // A hole at the end is length only.
    try check(ftruncate(destination, lseek(source, 0, SEEK_END)))
}

private func copyBytes(from source: Int32, to destination: Int32, _ range: Range<off_t>) throws(Failure) {
    var buffer = [UInt8](repeating: 0, count: 1 << 17)
    var position = range.lowerBound
    try check(lseek(destination, position, SEEK_SET) < 0 ? -1 : 0)
    while position < range.upperBound {
        let count = pread(source, &buffer, min(buffer.count, Int(range.upperBound - position)), position)
        if count < 0 { return try check(-1) }
        if count == 0 { throw Failure("the file became shorter while it was read") }
        if !linux_write_all(destination, buffer, count) { return try check(-1) }
        position += off_t(count)
    }
}

/// Gives an open file or directory the owner, mode, extended attributes (ACLs among them) and times of another.
func copyAttributes(from source: Int32, to destination: Int32) throws(Failure) {
    var status = stat()
    try check(fstat(source, &status))
    try check(fchown(destination, status.st_uid, status.st_gid))
    try check(fchmod(destination, status.st_mode & 0o7777))
    for name in try attributeNames(of: source) {
        var value = [UInt8](repeating: 0, count: 1 << 16)
        let size = fgetxattr(source, name, &value, value.count)
        if size < 0 { return try check(-1) }
        try check(fsetxattr(destination, name, value, size, 0))
    }
    try check(futimens(destination, [status.st_atim, status.st_mtim]))
}

private func attributeNames(of descriptor: Int32) throws(Failure) -> [[CChar]] {
    var names = [CChar](repeating: 0, count: 1 << 16)
    let size = flistxattr(descriptor, &names, names.count)
    if size < 0 && linux_errno() == EOPNOTSUPP { return [] }
    if size < 0 { try check(-1) }
    return names[..<size].split(separator: 0).map { Array($0) + [0] }
}
