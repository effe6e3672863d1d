internal import Basics
internal import Boot
internal import BootEntries
internal import CLinux
internal import Files
internal import Planning

extension Site {
    /// Removes what runs that were killed left half written, whatever they were to make. Nobody else writes there: the lock is ours.
    func removingDrafts() throws(Failure) -> [DeploymentChange] {
        var changes: [DeploymentChange] = []
        let kernel = kernels.path / Directory.draftName
        if try kernels.tree.status(of: kernel) != nil { changes.append(.removeFile(kernel, from: kernels)) }
        for folder in loader?.draftFolders ?? [] {
            guard let loader, try loader.directory.status(of: folder / Directory.draftName) != nil else { continue }
            changes.append(.removeMenu(folder / Directory.draftName, of: loader))
        }
        let records = try files(in: Layout.deployments) { name in
            let finished = Draft.finished(name)
            let isOurs = finished.map { Digest(hex: $0) != nil || Deployment.isLeftMark($0) || FailedMark.record(of: $0) != nil } ?? false
            return isOurs || NamedRoot.isDraft(name)
        }
        for path in records { changes.append(.step(.removeFile(path, of: Place(.top)))) }
        if try topLevel.status(of: Layout.keeping) != nil { changes.append(.step(.deleteSubvolume(Place(Layout.keeping)))) }
        for place in try layerDrafts() { changes.append(.step(.deleteSubvolume(place))) }
        for name in try topLevel.directory(at: Layout.rehearsals)?.names() ?? [] {
            let folder = Layout.rehearsals.appending(name: name)
            // Who rehearses has it locked.
            guard let opened = try topLevel.directory(at: folder), linux_flock(opened.descriptor, LOCK_EX | LOCK_NB) == 0 else { continue }
            for copy in try opened.names() { changes.append(.step(.deleteSubvolume(Place(folder.appending(name: copy))))) }
            changes += [.removeFolder(folder, on: topLevel), .removeFolder(Layout.rehearsals, on: topLevel)]
        }
        return changes
    }

    /// Layers whose copy or merge was cut off: as large as an image.
    func layerDrafts() throws(Failure) -> [Place] { try files(in: Layout.layers, where: Draft.isOfLayer).map { Place($0) } }

    /// What is in a folder of the top level and is called so.
    func files(in folder: Path, where fits: ([UInt8]) -> Bool) throws(Failure) -> [Path] {
        try topLevel.directory(at: folder)?.names().filter(fits).map { folder.appending(name: $0) } ?? []
    }
}

extension InstalledLoader {
    /// Where a menu's drafts may be: room is looked for at the top as long as the menu's folder is not there.
    var draftFolders: [Path] { menuFolders.contains(.top) ? menuFolders : menuFolders + [.top] }
}
