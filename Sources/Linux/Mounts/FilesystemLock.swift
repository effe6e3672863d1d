public import Basics
internal import CLinux

/// The right to change what docker-btrfs keeps on a filesystem. One process has it at a time, and it ends with that process,
/// however that ends.
///
/// It is flock(2) on the top level itself: that needs no file, works while the filesystem is mounted read-only, and is one lock for
/// all mounts of it. Take it before anything is read that a decision is to depend on.
public final class FilesystemLock: Sendable {
    /// How many seconds a boot waits for another process: what is done at a time takes less, but for a large copy.
    public static let patience = 30

    private let topLevel: Directory

    /// Waits so many seconds for another process that has it; `tell` gets a line for the person who waits too. Then fails with the
    /// other's name. `check` is asked ten times a second whether it goes on waiting, and ends that by its failure.
    public init(
        on topLevel: Directory, seconds: Int, until check: () throws(Failure) -> Void = {}, telling tell: (String) -> Void
    ) throws(Failure) {
        // An open file of its own: a child process that keeps the filesystem mounted does not keep the lock.
        self.topLevel = try topLevel.existing(.top)
        let end = microsecondsNow() + seconds * 1_000_000
        var hasTold = false
        while linux_flock(self.topLevel.descriptor, LOCK_EX | LOCK_NB) != 0 {
            if linux_errno() == EINTR { continue }
            if linux_errno() != EWOULDBLOCK { throw .system("lock the filesystem of the root") }
            let holder = try self.topLevel.lockHolder() ?? "another process"
            if microsecondsNow() >= end {
                throw Failure(
                    "could not lock the filesystem of the root: \(holder) is changing it",
                    hint: "try again when that has ended"
                )
            }
            if !hasTold { tell("waiting for \(holder), which is changing the filesystem of the root, \(seconds) s at most") }
            hasTold = true
            usleep(100_000)
            try check()
        }
    }

    deinit {
        _ = linux_flock(topLevel.descriptor, LOCK_UN)
    }
}

extension Directory {
    /// The process that has a lock on this directory, in words; nil where /proc does not tell.
    ///
    /// The kernel lists locks with a device number that is not the one of a btrfs subvolume. The open files of the processes that it
    /// names tell which of them it is.
    fileprivate func lockHolder() throws(Failure) -> String? {
        guard let own = try status(of: .top) else { return nil }
        for line in try fileContents("/proc/locks")?.split(separator: UInt8(ascii: "\n")) ?? [] {
            // `1: FLOCK ADVISORY WRITE 4711 00:2a:256 0 EOF`
            let fields = line.split(separator: UInt8(ascii: " ")).map { String(decoding: $0, as: UTF8.self) }
            guard fields.count > 5, fields[1] == "FLOCK", fields[5].ends(with: ":\(own.inode)"), let process = Int32(fields[4]),
                process > 0, process != getpid(), isOpen(in: process, own)
            else { continue }
            return "process \(process)" + (firstLine(of: "/proc/\(process)/comm").map { " ('\($0)')" } ?? "")
        }
        return nil
    }

    /// A process that ended in the meantime has nothing open.
    private func isOpen(in process: Int32, _ file: Status) -> Bool {
        do throws(Failure) {
            let files = try Directory(opening: "/proc/\(process)/fd")
            var isFound = false
            try files.forEachName { (name, _) throws(Failure) in
                var found = stat()
                if fstatat(files.descriptor, name, &found, 0) != 0 { return }
                if UInt64(found.st_dev) == file.device && UInt64(found.st_ino) == file.inode { isFound = true }
            }
            return isFound
        } catch {
            return false
        }
    }
}
