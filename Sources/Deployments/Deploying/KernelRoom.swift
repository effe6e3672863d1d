internal import Basics
internal import Boot
internal import BootEntries
internal import Files

/// The room for kernels, old and new.
extension Site {
    /// Fails, before anything is written, where there is no room for the old and the new at once.
    func additions(
        _ files: [BootFile], of deployment: Deployment, from tree: Directory, to what: String, beside others: [Deployment]
    ) throws(Failure) -> [DeploymentChange] {
        // What a run that was killed left.
        let unused = try removableFiles(by: others + [deployment])
        var changes = unused.map { DeploymentChange.removeFile($0, from: kernels) }
        var needed = 0
        var additions: [DeploymentChange] = []
        for file in files where try !kernels.isIntact(file.file) {
            let isShared = settings.kernels == .btrfs && file.source != nil
            needed += isShared ? 0 : file.file.size
            additions.append(.addFile(file, to: kernels, image: tree))
        }
        if additions.isEmpty { return changes }
        try checkSpace(needed, freeing: unused, to: what, beside: others)
        if try kernels.tree.directory(at: kernels.path) == nil { changes.append(.makeKernelFolder(kernels)) }
        return changes + additions + [.sync(kernels.tree)]
    }

    /// `unused` is removed before the new files are written.
    func checkSpace(_ needed: Int, freeing unused: [Path], to what: String, beside others: [Deployment]) throws(Failure) {
        // The boot loader's own files, and what a filesystem takes for itself.
        let margin = 2 << 20
        var free = try kernels.freeSpace()
        // So is what was half written.
        for path in unused + [kernels.path / Directory.draftName] {
            free += try kernels.tree.status(of: path)?.size ?? 0
        }
        if needed == 0 || free >= needed + margin { return }
        let dispensable = try dispensable(among: others, keeping: 0)
        let gain = try size(ofFilesOnlyIn: dispensable, among: others)
        // What a person wrote may name those of before, which only prune removes.
        let left = loader == nil ? try unusedFiles(by: others) : []
        let hint =
            if let damaged = try Deployment.all(on: topLevel).damaged.first { Self.keepsKernels(damaged) } else if !left.isEmpty {
                "'docker-btrfs prune' removes what no deployment needs, \(left.map { "'\(kernels.tree.show($0))'" }.joined(separator: ", "))"
            } else if dispensable.isEmpty {
                "make room there"
            } else { "'docker-btrfs prune' frees \(megabytes(gain)): \(dispensable.map(\.title).joined(separator: ", "))" }
        throw Failure(
            """
            could not \(what): '\(kernels.tree.show(.top))' has \(megabytes(free)) free, and \(megabytes(needed + margin)) are needed \
            while old and new are there
            """,
            hint: hint
        )
    }

    /// What these need of the folder of kernels, and the roots that have names.
    func unusedFiles(by deployments: [Deployment]) throws(Failure) -> [Path] {
        try unusedFiles(by: deployments, and: namedRoots())
    }

    /// Those that may go before the menu is written: where only the record was, the menu names the kernel before.
    func removableFiles(by deployments: [Deployment]) throws(Failure) -> [Path] {
        // What a person wrote is not known.
        guard let loader else { return [] }
        let menu = try loader.textOfAll()
        return try unusedFiles(by: deployments).filter { !menu.contains(display($0.name)) }
    }

    /// None where a record is damaged, which may need any of them.
    func unusedFiles(by deployments: [Deployment], and roots: [NamedRoot]) throws(Failure) -> [Path] {
        try Deployment.all(on: topLevel).damaged.isEmpty ? unused(in: kernels, by: deployments + roots.map(\.record)) : []
    }

    /// Files of ours in a folder that none of these has, nor the menu of another btrfs, which may have its kernels in the same partition.
    func unused(in folder: KernelFolder, by deployments: [Deployment] = []) throws(Failure) -> [Path] {
        let unused = try folder.unused(by: deployments)
        if unused.isEmpty || folder.path == Layout.bootFiles { return unused }
        var others = ""
        let own = try refusalOfForeignMenu() == nil ? loader?.directory.status(of: .top) : nil
        for other in try InstalledLoader.all(in: folder.tree) where try other.file(startingRootsOfOtherThan: volume.uuid) != nil {
            if let own, try other.directory.status(of: .top)?.isSameFile(as: own) == true { continue }
            others += try other.textOfAll()
        }
        return unused.filter { !others.contains(display($0.name)) }
    }
}
