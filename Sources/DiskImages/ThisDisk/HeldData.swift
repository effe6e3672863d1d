internal import Basics
internal import Boot
internal import CLinux
internal import Files
internal import Linux
internal import Planning
internal import Programs

/// Read-only snapshots that keep the data of a filesystem where they are, for whoever reads its disk: `/.docker-btrfs/rehearsals/1/…`. What a
/// process left that was killed, `deploy` deletes too.
final class HeldData {
    private let topLevel: Directory
    private let folder: WorkFolder

    init(on topLevel: Directory) throws(Failure) {
        let filesystem = try FilesystemLock(on: topLevel, seconds: FilesystemLock.patience, until: Interruption.check) { _ in }
        self.topLevel = topLevel
        try topLevel.makeWritableHere()
        folder = try WorkFolder(in: Layout.rehearsals, on: topLevel)
        withExtendedLifetime(filesystem) {}
    }

    /// Where engines have their layers in a store: what else is in it, as a volume, is data. The store may be the whole filesystem.
    static func layers(ofStoreAt store: Path) -> [Path] {
        let containerd: Path = "io.containerd.snapshotter.v1.btrfs"
        return [store / "btrfs/subvolumes", store / containerd, store / "containerd/daemon" / containerd]
    }

    /// Makes a snapshot of each subvolume but those below `layers`, and those that come and go; says how many it made. The last ones are of
    /// the top level and of `root`, in which most is written. A subvolume that is deleted at this moment gets none. One with a swap file in
    /// use cannot have any, and nobody needs its content. `root` must have one: this fails where it has a swap file in use.
    func hold(but layers: [Path], root: Path) throws(Failure) -> Int {
        var made = 0
        let leftOut = [Layout.rehearsals, Layout.entered] + layers
        let all = [Path.top] + (try topLevel.nestedSubvolumes())
        let last = all.filter { $0.isTop || $0 == root }
        let first = all.filter { path in
            !last.contains(path) && !leftOut.contains { path != $0 && Place(path).path(below: Place($0)) != nil }
        }
        for path in first + last {
            try Interruption.check()
            let copy = folder.place.appending("\(made + 1)")
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
        try folder.delete()
        // Not while somebody else has one.
        _ = unlinkat(topLevel.descriptor, Layout.rehearsals.cString, AT_REMOVEDIR)
    }
}
