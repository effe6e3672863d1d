internal import Basics
internal import Boot
internal import BootEntries
internal import Files

/// The room for the boot menu where its loader has it.
extension Site {
    /// The same changes. Fails, before anything is written, where the boot loader's folder takes no file, or has no room for these.
    func checked(_ changes: [DeploymentChange], freed: [Path] = []) throws(Failure) -> [DeploymentChange] {
        guard let loader else { return changes }
        let isRemoving = changes.contains { if case .removeMenu = $0 { true } else { false } }
        let files = menuFiles(in: changes)
        if files.isEmpty && !isRemoving { return changes }
        try checkLoaderFolder()
        let needed = try room(for: files, of: loader)
        var free = try loader.directory.filesystem().free
        // What was half written.
        for folder in loader.draftFolders { free += try loader.directory.status(of: folder / Directory.draftName)?.size ?? 0 }
        if settings.kernels != .btrfs {
            for path in freed { free += try kernels.tree.status(of: path)?.size ?? 0 }
        }
        if needed <= free { return changes }
        throw Failure(
            """
            could not write the menu of \(loader.kind.title): '\(loader.directory.show(.top))' has \(megabytes(free)) free, and \
            \(megabytes(needed)) are needed while old and new are there
            """,
            hint: "make room there")
    }

    /// What comes before the records where these changes come after them: a filesystem may have no room where it calls some free, as ext4
    /// keeps a part that not even root gets, and nothing counts yet when that is seen.
    func findingRoom(for changes: [DeploymentChange]) throws(Failure) -> [DeploymentChange] {
        let files = menuFiles(in: changes)
        guard let loader, !files.isEmpty else { return [] }
        return [.findRoom(try room(for: files, of: loader), of: loader)]
    }

    private func menuFiles(in changes: [DeploymentChange]) -> [MenuFile] {
        var files: [MenuFile] = []
        for change in changes {
            switch change {
            case .writeMenu(let file, _), .startOnce(_, .grubEnvironment(let file), _): files.append(file)
            default: break
            }
        }
        return files
    }

    /// What these take in the boot loader's folder, in bytes: each file is whole beside the old one before that goes.
    private func room(for files: [MenuFile], of loader: InstalledLoader) throws(Failure) -> Int {
        let block = try loader.directory.filesystem().blockSize
        func whole(_ size: Int) -> Int { (size + block - 1) / block * block }
        var (needed, taken) = (0, 0)
        for file in files {
            let (size, old) = (whole(file.text.utf8.count), try loader.directory.status(of: file.path)?.size)
            // A directory may grow for a new name.
            needed = max(needed, taken + size + (old == nil ? block : 0))
            taken += size - whole(old ?? 0)
        }
        return needed
    }
}
