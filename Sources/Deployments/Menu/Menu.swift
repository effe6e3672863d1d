internal import Basics
internal import Boot
internal import BootEntries
internal import CLinux
internal import Linux

extension Site {
    /// The boot menu of some deployments, the default first, and other entries after them.
    func menu(of deployments: [Deployment], and others: [BootEntry] = []) throws(Failure) -> BootMenu {
        var entries: [BootEntry] = []
        for deployment in deployments {
            let paths = deployment.files.map { kernels.base.appending($0.name) }
            guard let kernel = paths.first else { continue }
            entries.append(
                BootEntry(
                    id: entryID(of: deployment.imageID), title: deployment.title, kernel: kernel, initrds: Array(paths.dropFirst()),
                    options: try settings.options(of: deployment.imageID, on: volume), isUnified: deployment.isUnified,
                    number: deployment.number))
        }
        return try BootMenu(
            volume: kernels.volume, entries: entries + others, isUnrestricted: loader?.letsAnybodyStartEntries ?? false)
    }

    func entryID(of image: ImageID) -> String { "docker-btrfs-\(image.short)" }

    /// What makes the boot loader's files those of a menu: none where they are. `new` is made before them. `roots` are the entries of roots
    /// that have names, those that are there unless given. Fails, before anything is written, where the default could not be booted, or
    /// the files not be written; `freed` is removed from the folder of kernels before they are.
    func changes(
        toMenuOf deployments: [Deployment], with new: Deployment? = nil, roots: [BootEntry]? = nil, freed: [Path] = []
    ) throws(Failure) -> [DeploymentChange] {
        let changes = try difference(toMenuOf: deployments, with: new, roots: roots)
        if changes.isEmpty { return [] }
        if let refusal = try refusalOfForeignMenu() { throw refusal }
        if deployments.isEmpty, let path = try Deployment.all(on: topLevel).damaged.first {
            throw Failure(
                "could not write the boot menu: nothing would be in it, and '\(path)' is damaged", hint: "deploy its image again first")
        }
        if let first = deployments.first, first != new, let damage = try damage(of: first) {
            throw Failure(
                "could not write the boot menu, whose default is \(first.title): \(damage)",
                hint: remedy(for: first))
        }
        return try checked(changes, freed: freed)
    }

    /// Why the menu is not to be written: it is another btrfs's; nil where it is none. Where no filesystem has the UUID that it says, and it
    /// boots what is deployed here, it is this one's, which got another UUID.
    func refusalOfForeignMenu() throws(Failure) -> Failure? {
        guard let loader, let other = try loader.file(startingRootsOfOtherThan: volume.uuid) else { return nil }
        let isThere = try BlockDevices.has(.uuid(other.uuid))
        let text = try loader.textOfAll()
        let all = try Deployment.all(on: topLevel).deployments
        if !isThere && all.contains(where: { text.contains($0.imageID.digest.hex) }) { return nil }
        let file = loader.directory.show(other.path)
        return Failure(
            "could not write the menu of \(loader.kind.title): '\(file)' starts the roots of another btrfs, UUID=\(other.uuid)",
            hint: isThere
                ? "'docker-btrfs uninstall --top-level DIR' takes it away, with that one mounted at DIR; or move the file away"
                : "that one is not here: 'docker-btrfs uninstall --top-level DIR' takes the menu away where it is; if it is no more, move the file away"
        )
    }

    /// The same, whatever comes of it.
    func difference(
        toMenuOf deployments: [Deployment], with new: Deployment? = nil, roots: [BootEntry]? = nil
    ) throws(Failure) -> [DeploymentChange] {
        guard let loader else { return [] }
        // An earlier one that could not be booted is no way back.
        var shown = Array(deployments.prefix(1))
        for earlier in deployments.dropFirst() {
            let isThere = if earlier == new { true } else { try isWhole(earlier, beside: new) }
            if isThere { shown.append(earlier) }
        }
        // A root is never what is booted when nobody chooses.
        var last: [BootEntry] = []
        if !shown.isEmpty { last = if let roots { roots } else { try entries(of: namedRoots(), beside: new) } }
        // Where nothing was deployed yet.
        if shown.isEmpty, try loader.ownFiles().isEmpty { return [] }
        let files = try loader.kind.files(for: menu(of: shown, and: last))
        try loader.checkOwnership(of: files)
        var changes: [DeploymentChange] = []
        for folder in loader.menuFolders where !files.isEmpty {
            if try loader.directory.directory(at: folder) == nil { changes.append(.makeMenuFolder(folder, of: loader)) }
        }
        for file in try [loader.wayIn().file].compactMap({ $0 }) + files {
            if try loader.directory.contents(of: file.path)?.elementsEqual(file.text.utf8) != true {
                changes += [.writeMenu(file, of: loader), .sync(loader.directory)]
            }
        }
        for path in try loader.leftovers(but: files) { changes.append(.removeMenu(path, of: loader)) }
        return changes
    }

    /// Fails where the folder of the boot loader, or of another one, takes no file.
    func checkLoaderFolder(of other: InstalledLoader? = nil) throws(Failure) {
        guard let loader = other ?? loader else { return }
        for path in loader.menuFolders {
            // One that is not there is made.
            let standing = try loader.directory.directory(at: path)
            guard let folder = if let standing { standing } else { try loader.directory.directory(at: path.parent) } else { continue }
            if faccessat(folder.descriptor, ".", W_OK, 0) == 0 { continue }
            let reason = linux_errno()
            let place = loader.directory.show(path)
            throw .system("write to '\(place)', where the boot menu is", errno: reason, hint: "mount it so that it can be written to")
        }
    }

    /// What a person has to do for the menu to be seen and its kernels to be found, and what may lead elsewhere.
    func menuNotes() throws(Failure) -> [String] {
        var notes: [String] = []
        for former in try formerLoaders() {
            let (menu, kernels) = (former.loader, former.kernels.tree)
            let paths = try menu.ownFiles().map { menu.directory.show($0) } + leftKernels(of: former).map { kernels.show($0) }
            let files = paths.map { "'\($0)'" }.joined(separator: ", ")
            notes.append(
                """
                \(menu.kind.title) in '\(menu.directory.show(.top))' has a menu from before, which is written no more and may name what is \
                gone: remove \(files), once \(settings.loader.title) starts this machine
                """)
        }
        guard let loader else { return notes }
        let way = try loader.wayIn()
        if let missing = way.missing {
            notes.append(
                "add to '\(loader.directory.show(missing.file))', once:\n" + missing.lines.map { "    \($0)" }.joined(separator: "\n"))
        }
        return notes + [way.note, try filesystem.note(on: settings.kernels, for: loader)].compactMap { $0 }
    }
}

extension Deployment {
    /// Whether its kernel, initramfs and command line are one file.
    var isUnified: Bool { files.count == 1 && files[0].name.hasPrefix("\(BootFile.Kind.uki.rawValue)-") }
}
