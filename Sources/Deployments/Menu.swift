internal import Basics
internal import Boot
internal import BootEntries

extension Site {
    /// The boot menu of some deployments, the default first, and other entries after them.
    func menu(of deployments: [Deployment], and others: [BootEntry] = []) throws(Failure) -> BootMenu {
        var entries: [BootEntry] = []
        for deployment in deployments {
            let paths = deployment.files.map { kernels.base.appending(name: Array($0.name.utf8)) }
            guard let kernel = paths.first else { continue }
            entries.append(
                BootEntry(
                    id: entryID(of: deployment.imageID), title: deployment.title, kernel: kernel, initrds: Array(paths.dropFirst()),
                    options: try settings.options(of: deployment.imageID, on: volume), isUnified: deployment.isUnified))
        }
        return BootMenu(volume: kernels.volume, entries: entries + others)
    }

    func entryID(of image: ImageID) -> String { "docker-btrfs-\(image.digest.hex.prefix(12))" }

    /// What makes the boot loader's files those of a menu: none where they are. `new` is made before them. `roots` are the entries of roots
    /// that have names, those that are there unless given. Fails, before anything is written, where the default could not be booted.
    func changes(
        toMenuOf deployments: [Deployment], with new: Deployment? = nil, roots: [BootEntry]? = nil
    ) throws(Failure) -> [Change] {
        let changes = try difference(toMenuOf: deployments, with: new, roots: roots)
        if changes.isEmpty { return [] }
        if let first = deployments.first, first != new, let damage = try damage(of: first) {
            throw Failure(
                "could not write the boot menu, whose default is \(first.title): \(damage)",
                hint: "'docker-btrfs deploy \(first.reference)' writes it anew")
        }
        return changes
    }

    /// The same, whatever comes of it.
    func difference(
        toMenuOf deployments: [Deployment], with new: Deployment? = nil, roots: [BootEntry]? = nil
    ) throws(Failure) -> [Change] {
        guard let loader else { return [] }
        // An earlier one that could not be booted is no way back.
        var shown = Array(deployments.prefix(1))
        for earlier in deployments.dropFirst() {
            let isThere = if earlier == new { true } else { try isWhole(earlier) }
            if isThere { shown.append(earlier) }
        }
        // A root is never what is booted when nobody chooses.
        var last: [BootEntry] = []
        if !shown.isEmpty { last = if let roots { roots } else { try entries(of: namedRoots()) } }
        let files = try loader.kind.files(for: menu(of: shown, and: last))
        try loader.checkOwnership(of: files)
        var changes: [Change] = []
        for file in try [loader.wayIn().file].compactMap({ $0 }) + files {
            if try loader.directory.contents(of: file.path)?.elementsEqual(file.text.utf8) != true {
                changes += [.writeMenu(file, of: loader), .sync(loader.directory)]
            }
        }
        for path in try loader.leftovers(but: files) { changes.append(.removeMenu(path, of: loader)) }
        return changes
    }

    /// The entry that the boot loader was told of for one boot is none any more: the way to let it forget that.
    func forgettingOnce() throws(Failure) -> [Change] {
        guard let loader, let told = try loader.toldOnce() else { return [] }
        return [.startOnce(nil, told.forgetting, of: loader), .sync(loader.directory)]
    }

    /// The one that the next boot is of, where the default comes after that.
    func nextOnce(among all: [Deployment]) throws(Failure) -> Deployment? {
        guard let id = try loader?.toldOnce()?.id else { return nil }
        return all.first { entryID(of: $0.imageID) == id }
    }

    /// What a person has to do for the menu to be seen, and what may lead elsewhere.
    func menuNotes() throws(Failure) -> [String] {
        guard let loader else { return [] }
        let way = try loader.wayIn()
        var notes: [String] = []
        if let missing = way.missing {
            notes.append(
                "add to '\(loader.directory.show(missing.file))', once:\n" + missing.lines.map { "    \($0)" }.joined(separator: "\n"))
        }
        return notes + [way.note].compactMap { $0 }
    }
}

extension Deployment {
    /// Whether its kernel, initramfs and command line are one file.
    var isUnified: Bool { files.count == 1 && files[0].name.hasPrefix("\(BootFile.Kind.uki.rawValue)-") }
}
