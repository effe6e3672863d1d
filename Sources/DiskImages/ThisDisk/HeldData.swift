internal import Basics
internal import Boot
internal import CLinux
internal import Linux
internal import Planning

/// Read-only snapshots that keep the data of a filesystem where they are, for whoever reads its disk: `/.docker-btrfs/rehearsals/1/…`.
///
/// The folder is locked (flock(2)) as long as that goes on. What nobody has locked was left by a process that was killed; the next one
/// deletes it.
final class HeldData {
    private static let folder: Path = ".docker-btrfs/rehearsals"

    private let topLevel: Directory
    private let place: Path
    private let lock: Directory

    init(on topLevel: Directory) throws(Failure) {
        let filesystem = try FilesystemLock(on: topLevel, seconds: FilesystemLock.patience) { _ in }
        self.topLevel = topLevel
        try topLevel.makeWritable()
        for path in [Place.home.path, Self.folder] where try topLevel.status(of: path) == nil {
            if mkdirat(topLevel.descriptor, path.cString, 0o700) != 0 { throw .system("make the directory '\(path)'") }
        }
        var number = 1
        for name in try topLevel.directory(at: Self.folder)?.names() ?? [] {
            let left = Self.folder.appending(name: name)
            guard let opened = try topLevel.directory(at: left) else { continue }
            if linux_flock(opened.descriptor, LOCK_EX | LOCK_NB) == 0 { try Self.delete(left, topLevel) }
            number = max(number, (clampedNumber(name) ?? 0).clampedSum(with: 1))
        }
        place = Self.folder.appending(name: Array("\(number)".utf8))
        if mkdirat(topLevel.descriptor, place.cString, 0o700) != 0 { throw .system("make the directory '\(place)'") }
        guard let made = try topLevel.directory(at: place), linux_flock(made.descriptor, LOCK_EX | LOCK_NB) == 0 else {
            throw .system("lock '\(place)'")
        }
        lock = made
        withExtendedLifetime(filesystem) {}
    }

    /// Makes a snapshot of each subvolume but those below `store`, which are an engine's layers, and those that come and go. One that is
    /// deleted at this moment is none. Says how many there are.
    func hold(but store: Path) throws(Failure) -> Int {
        var made = 0
        let coming: [Path] = [Self.folder, ".docker-btrfs/enter"]
        for path in [Path.top] + (try topLevel.nestedSubvolumes()) {
            let isLeftOut = ([store] + coming).contains { above in
                path != above && Place(path).path(below: Place(above)) != nil
            }
            if isLeftOut && !path.isTop { continue }
            let copy = place.appending(name: Array("\(made + 1)".utf8))
            do throws(Failure) { try Self.perform(.hold(layer: Place(path), at: Place(copy)), topLevel) } catch {
                if try topLevel.status(of: path) != nil { throw error }
                continue
            }
            made += 1
        }
        return made
    }

    func end() throws(Failure) {
        try Self.delete(place, topLevel)
        // Not while somebody else has one.
        _ = unlinkat(topLevel.descriptor, Self.folder.cString, AT_REMOVEDIR)
    }

    private static func delete(_ place: Path, _ topLevel: Directory) throws(Failure) {
        for name in try topLevel.directory(at: place)?.names() ?? [] {
            try perform(.deleteSubvolume(Place(place.appending(name: name))), topLevel)
        }
        guard let parent = try topLevel.directory(at: place.parent) else { return }
        if unlinkat(parent.descriptor, cString(place.name), AT_REMOVEDIR) != 0 && linux_errno() != ENOENT {
            throw .system("remove '\(place)'")
        }
    }

    private static func perform(_ step: Step, _ topLevel: Directory) throws(Failure) {
        var machine = LinuxMachine(topLevel: topLevel, topLayer: .success(nil))
        do throws(Failure) { _ = try machine.perform(step) } catch {
            throw Failure("could not \(step): \(error.message)", hint: error.hint)
        }
    }
}
