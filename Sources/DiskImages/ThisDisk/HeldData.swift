internal import Basics
internal import Boot
internal import CLinux
internal import Linux
internal import Planning
internal import Programs

/// Read-only snapshots that keep the data of a filesystem where they are, for whoever reads its disk: `/.docker-btrfs/rehearsals/1/…`.
///
/// The folder is locked (flock(2)) as long as that goes on. What nobody has locked was left by a process that was killed; the next one
/// deletes it, and so does `deploy`.
final class HeldData {
    private static let folder = Layout.rehearsals

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

    /// Where engines have their layers in a store: what else is in it, as a volume, is data. The store may be the whole filesystem.
    static func layers(ofStoreAt store: Path) -> [Path] {
        let containerd: Path = "io.containerd.snapshotter.v1.btrfs"
        return [store / "btrfs/subvolumes", store / containerd, store / "containerd/daemon" / containerd]
    }

    /// Makes a snapshot of each subvolume but those below `layers`, and those that come and go; last of those in which most is written, the
    /// top level and `root`. One that is deleted at this moment is none, and one with a swap file in use
    /// cannot have any, and nobody needs its content; `root` must be none of these. Says how many there are.
    func hold(but layers: [Path], root: Path) throws(Failure) -> Int {
        var made = 0
        let leftOut = [Self.folder, Layout.entered] + layers
        let all = [Path.top] + (try topLevel.nestedSubvolumes())
        let last = all.filter { $0.isTop || $0 == root }
        let first = all.filter { path in
            !last.contains(path) && !leftOut.contains { path != $0 && Place(path).path(below: Place($0)) != nil }
        }
        for path in first + last {
            try Interruption.check()
            let copy = place.appending(name: Array("\(made + 1)".utf8))
            var machine = LinuxMachine(topLevel: topLevel, topLayer: .success(nil))
            let step = Step.hold(layer: Place(path), at: Place(copy))
            do throws(Failure) { _ = try machine.perform(step) } catch {
                if try topLevel.status(of: path) == nil { continue }
                if error != .reason(ETXTBSY) { throw step.failure(error) }
                if path == root {
                    throw Failure(
                        "could not hold the data of '\(path)': a swap file in it is in use",
                        hint: "swapoff it, or move it to a subvolume of its own")
                }
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
            try Step.deleteSubvolume(Place(place.appending(name: name))).perform(on: topLevel)
        }
        guard let parent = try topLevel.directory(at: place.parent) else { return }
        if unlinkat(parent.descriptor, cString(place.name), AT_REMOVEDIR) != 0 && linux_errno() != ENOENT {
            throw .system("remove '\(place)'")
        }
    }
}
