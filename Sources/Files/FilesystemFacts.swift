package import Basics
internal import CLinux

/// What statfs(2) says of a filesystem.
package struct FilesystemFacts {
    private let found: statfs

    /// Of the filesystem that an open file is on. Fails with the system's reason alone.
    package init(of file: Int32) throws(Failure) {
        var found = statfs()
        if fstatfs(file, &found) != 0 { throw .reason() }
        self.found = found
    }

    /// Of the filesystem that a path of the running system is on. Fails with the system's reason alone.
    package init(at path: String) throws(Failure) {
        var found = statfs()
        if statfs(path, &found) != 0 { throw .reason() }
        self.found = found
    }

    /// In bytes.
    package var blockSize: Int { Int(found.f_bsize) }
    /// What anybody may still write, in bytes.
    package var freeForAnybody: Int { Int(found.f_bavail) * blockSize }
    /// The same with the part that is kept for root.
    package var free: Int { Int(found.f_bfree) * blockSize }
    /// In bytes.
    package var used: Int { Int(found.f_blocks - found.f_bfree) * blockSize }
    /// By XFS_SUPER_MAGIC.
    package var isXFS: Bool { found.f_type == 0x5846_5342 }
}

extension Directory {
    package func filesystem() throws(Failure) -> FilesystemFacts {
        do throws(Failure) { return try FilesystemFacts(of: descriptor) } catch {
            throw Failure("could not look at '\(show(.top))': \(error.message)")
        }
    }

    /// What its filesystem has left for anybody, in bytes.
    package func freeSpace() throws(Failure) -> Int { try filesystem().freeForAnybody }
}
