internal import Basics
internal import CLinux

/// The inode flags of a file or directory that a copy gets too; none where the filesystem has no flags.
func inodeFlags(of descriptor: Int32) throws(Failure) -> Int32 {
    var flags: Int32 = 0
    if linux_get_flags(descriptor, &flags) == 0 { return flags & linux_copied_flags }
    switch linux_errno() {
    case ENOTTY, EOPNOTSUPP, ENOSYS: return 0
    case let code: throw .reason(code)
    }
}

/// On a file it must be empty: btrfs decides with the first byte whether a file has checksums.
func setInodeFlags(of descriptor: Int32, to flags: Int32) throws(Failure) {
    let old = try inodeFlags(of: descriptor)
    if old == flags { return }
    // By way of none: btrfs does not go from compressed to nocow at once.
    if old != 0 { try check(linux_set_flags(descriptor, 0)) }
    if flags != 0 { try check(linux_set_flags(descriptor, flags)) }
}
