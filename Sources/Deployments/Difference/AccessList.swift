internal import Basics

/// A file's ACL as the kernel stores it in `system.posix_acl_access` (linux/posix_acl_xattr.h): a version, and eight bytes for each entry.
struct AccessList {
    /// What the owning group may do, as three bits; nil where the list cannot be read.
    let group: UInt32?

    init(_ bytes: [UInt8]) {
        var rights: [UInt16: UInt32] = [:]
        for entry in stride(from: 4, to: bytes.count - 7, by: 8) {
            let tag = UInt16(bytes[entry]) | UInt16(bytes[entry + 1]) << 8
            rights[tag] = UInt32(bytes[entry + 2] & 7)
        }
        // ACL_GROUP_OBJ, and ACL_MASK, which bounds it.
        group = rights[0x04].map { $0 & (rights[0x10] ?? 7) }
    }
}
