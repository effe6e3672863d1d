package import Basics
internal import CLinux
internal import Planning

/// A numbered folder of ours with subvolumes that one process needs for a while, as `/.docker-btrfs/enter/3`.
///
/// It is locked (flock(2)) as long as that process lives. What nobody has locked was left by one that was killed; the next one deletes it. Who
/// makes one has the lock of the filesystem.
package final class WorkFolder {
    package let place: Path
    private let topLevel: Directory
    private let lock: Directory

    /// Makes one in `parent`, and deletes those there that nobody works in.
    package init(in parent: Path, on topLevel: Directory) throws(Failure) {
        self.topLevel = topLevel
        try topLevel.makeMissing([Place.home.path, parent])
        try Self.sweep(parent, topLevel)
        var number = 1
        while try topLevel.status(of: parent.appending("\(number)")) != nil { number += 1 }
        place = parent.appending("\(number)")
        try topLevel.makeMissing([place])
        guard let made = try topLevel.directory(at: place), linux_flock(made.descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw .system("lock '\(place)'")
        }
        lock = made
    }

    /// Deletes those in `parent` that nobody works in.
    package static func sweep(_ parent: Path, _ topLevel: Directory) throws(Failure) {
        for name in try topLevel.directory(at: parent)?.names() ?? [] {
            let left = parent.appending(name: name)
            guard try topLevel.status(of: left)?.kind == .directory, let folder = try topLevel.directory(at: left) else { continue }
            if linux_flock(folder.descriptor, LOCK_EX | LOCK_NB) != 0 { continue }
            // One that something still runs in keeps nobody out of another.
            try? delete(left, topLevel)
        }
    }

    /// Deletes it, with all that was made in it.
    package func delete() throws(Failure) {
        defer { withExtendedLifetime(lock) {} }
        try Self.delete(place, topLevel)
    }

    private static func delete(_ place: Path, _ topLevel: Directory) throws(Failure) {
        for name in try topLevel.directory(at: place)?.names() ?? [] {
            try Step.deleteSubvolume(Place(place.appending(name: name))).perform(on: topLevel)
        }
        guard let parent = try topLevel.directory(at: place.parent) else { return }
        if unlinkat(parent.descriptor, cString(place.name), AT_REMOVEDIR) != 0 && linux_errno() != ENOENT {
            throw .system("remove '\(place)'")
        }
    }
}

extension Directory {
    /// Makes those of these directories of ours that are not there, which nobody but root may enter.
    package func makeMissing(_ paths: [Path]) throws(Failure) {
        for path in paths where try status(of: path) == nil {
            try Step.createDirectory(Place(path), permissions: 0o700).perform(on: self)
        }
    }
}
