internal import Basics
internal import Boot
internal import Files

/// What a person should know of what stays as it is.
extension SetupPlan {
    /// What this system mounts, and what it is called, since it was set up: what the top layer has stays.
    mutating func noteChanges(beside table: FilesystemTable) throws(Failure) {
        let (id, name): (Path, Path) = ("etc/machine-id", "etc/hostname")
        // Any other system is one to mend this one from.
        guard given == nil, let layer = try topLevel.directory(at: topLayer), let own = try system.contents(of: id), !own.isEmpty,
            try layer.contents(of: id) == own
        else { return }
        let places = try table.missing(of: system).map { "'\(display($0.utf8))'" }
        if !places.isEmpty {
            notes.append(
                "this system's etc/fstab mounts \(places.joined(separator: ", ")), and no root does: its lines can be copied to "
                    + "'\(topLayer / FilesystemTable.path)' of the btrfs")
        }
        if let here = hostname(in: try system.contents(of: name)), let there = hostname(in: try layer.contents(of: name)),
            here != there
        {
            notes.append("this system is called '\(here)', and each root '\(there)': '\(topLayer / name)' of the btrfs says that")
        }
    }

    /// A line of it may be lost, and what is written at its place is in a root then, which goes.
    mutating func noteUnmountedData(beside table: FilesystemTable) throws(Failure) {
        // Of several machines each may have a table of its own.
        guard let origins = table.origins, try !topLevel.hasLayersByMachine(at: topLayer) else { return }
        for name in try topLevel.directory(at: DataDirectory.folder)?.names() ?? [] {
            let path = DataDirectory.folder.appending(name: name)
            guard try topLevel.status(of: path)?.kind == .directory, try topLevel.directory(at: path)?.subvolume() != nil,
                !origins.contains(where: { path.isWithin($0) })
            else { continue }
            notes.append(
                "no line of the top layer's etc/fstab mounts '\(path)', and no root has what is in it: --data of its directory mounts it again"
            )
        }
    }

    /// Under another name, no command lists or deletes them.
    mutating func noteFormerRoots(_ settings: Settings) {
        guard let former = before?.root, former != settings.root else { return }
        let count = Facts.roots(of: former, on: topLevel).roots.count
        if count == 0 { return }
        let (stay, them) = count == 1 ? ("stays, and takes", "it") : ("stay, and take", "them")
        notes.append(
            "\(counted(count, "root")) of '\(former)' \(stay) room: 'docker-btrfs setup --name \(display(former.bytes))' "
                + "brings \(them) back into 'docker-btrfs root ls'")
    }

    /// Where Docker of each root has its data, and where this system's Docker has: they are to be one.
    mutating func noteDataRoot() throws(Failure) {
        let file: Path = "etc/docker/daemon.json"
        let isHere = try given != nil ? true : system.status(of: file) != nil
        guard isHere, let layer = try topLevel.directory(at: topLayer), try layer.status(of: file) != nil,
            let theirs = try? EngineRoots(in: layer).docker, let own = try? EngineRoots(in: system).docker, Path(theirs) != Path(own)
        else { return }
        let remedy =
            given == nil
            ? "remove the top layer's, and run setup again, which takes this system's" : "'docker-btrfs adopt \(file)' takes this system's"
        notes.append(
            "'\(topLayer / file)' has Docker's data in '\(theirs)' in each root, and this system has it in '\(own)': \(remedy)")
    }
}
