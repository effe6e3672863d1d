internal import Basics
internal import Boot
internal import Linux
internal import Planning

extension SetupPlan {
    /// A directory that is the same in each root: filled once with what this system has there.
    mutating func addData(_ text: String) throws(Failure) {
        let data = try DataDirectory(text)
        let (source, place) = (data.place, data.subvolume)
        try checkMount(of: source, from: place)
        if made.contains(place) { return }
        if try topLevel.status(of: place) != nil { return }
        try DataDirectory.check(new: source)
        made.insert(place)
        let new = Layout.newData
        try makeFolder(place.parent)
        changes.append(.makeSubvolume(new))
        if try system.target(of: source)?.kind == .directory {
            try checkRoom(for: source)
            changes.append(.copyDirectory(source, to: new))
            notes.append("'\(text)' is copied once, now: what is written to it here from then on is in no root")
        } else {
            notes.append("there is no directory '\(text)' here: in each root it is '\(place)', which is empty")
        }
        changes += [.step(.sync), .step(.rename(Place(new), to: Place(place)))]
    }

    /// Fails where a root could not mount a subvolume at a path: no boot gets past that.
    private func checkMount(of path: Path, from subvolume: Path) throws(Failure) {
        let what = "could not keep '\(path)' as data"
        if let other = try system.obstacle(toDirectory: path) {
            let file = topLayer / other
            throw Failure(
                "\(what): '\(other)' is not a directory",
                hint: "a single file is in each root by the top layer: "
                    + (given == nil ? "copy it to '\(file)' of the btrfs" : "'docker-btrfs adopt \(other)' puts it there"))
        }
        if let other = try topLevel.directory(at: topLayer)?.obstacle(toDirectory: path) {
            throw Failure("\(what): '\(topLayer / other)' is not a directory, and is laid over each root", hint: "take it out of there")
        }
        guard let standing = try topLevel.target(of: subvolume) else { return }
        if standing.kind == .directory, try topLevel.directory(at: subvolume)?.subvolume() != nil { return }
        throw Failure("\(what): '\(subvolume)' of the btrfs is not a subvolume", hint: "move it away; setup makes one and fills it")
    }

    /// Fails where there is no room for a copy of a directory. On one filesystem contents are shared.
    private func checkRoom(for source: Path) throws(Failure) {
        guard let folder = try system.directory(at: source), try MountedFolder(folder).device != device else { return }
        let (free, needed) = (try topLevel.space(), try folder.withoutMounts().needOfCopy())
        if free.covers(needed) { return }
        throw Failure(
            "could not keep '\(source)' as data: a copy takes \(needed), and on the btrfs there is \(free)",
            hint: "make room there; or leave --data out and mount a disk there, which each root has then")
    }
}

extension Directory {
    /// What is not a directory, of a path and those above it; nil where there is nothing, or the path can be made.
    fileprivate func obstacle(toDirectory path: Path) throws(Failure) -> Path? {
        for place in sequence(first: path, next: { $0.isTop ? nil : $0.parent }) {
            if let found = try target(of: place) { return found.kind == .directory ? nil : place }
        }
        return nil
    }

    /// What a copy of it takes, as far as that is to be seen: people work there. Of a file with several names each counts for its share.
    fileprivate func needOfCopy() -> Need {
        var need = Need(data: 0, metadata: 2048)
        try? forEachEntry { (name, status) throws(Failure) in
            if status.kind == .directory, let child = try? child(name) {
                need = need + child.needOfCopy()
            } else {
                need = need + Need(data: status.kind == .file ? status.allocated / max(1, status.links) : 0, metadata: 2048)
            }
        }
        return need
    }
}
