public import Basics
internal import Boot
internal import BootEntries
internal import Planning

extension Site {
    /// The way to take back what `setup` and `deploy` did to how this machine starts: the menu, kernels, deployments, settings. The
    /// top layer, the roots and the data are a person's, and stay. Fails on a system that the menu started, and, unless a person named
    /// the filesystem, where this machine's boot menu has nothing of it: it may be another machine's.
    public func uninstalling(isNamed: Bool) throws(Failure) -> DeploymentPlan {
        try checkIsNotStarted()
        let (all, damaged) = try Deployment.all(on: topLevel)
        let formerLoaders = try formerLoaders()
        if !isNamed { try checkIsOwn(all, formerLoaders) }
        let forgetting = try forgettingFormerOnce()
        var changes = try removingDrafts() + forgettingOnce() + forgetting.changes
        // Cut off, it can be run again.
        changes += noting(isUninstalled: true)
        // No entry ever names a kernel that is not there.
        var notes = forgetting.notes
        // Another filesystem's stays with its kernels.
        var isOwn = true
        if let loader, try refusalOfForeignMenu() != nil {
            isOwn = false
            notes.append("the menu of \(loader.kind.title) in '\(loader.directory.show(.top))' is another btrfs's, and stays")
        }
        changes += try removingMenus(of: formerLoaders, isOwn: isOwn)
        // They are started by nothing any more.
        let named = try namedRecords().map { NamedRoot.place(of: $0) }
        let records = all.map { Deployment.path(of: $0.imageID) } + damaged
        for path in try records + failedMarks(without: records) + named {
            changes.append(.step(.removeFile(path, of: Place(.top))))
        }
        changes += try noting(left: [], wanted: all) + [.sync(topLevel)]
        changes += try removingKernels(of: formerLoaders, isOwn: isOwn)
        if try topLevel.status(of: Layout.update) != nil { changes.append(.step(.removeFile(Layout.update, of: Place(.top)))) }
        // Without these none of it is found again.
        changes += [.step(.removeFile(Layout.settings, of: Place(.top))), .sync(topLevel)]
        return DeploymentPlan(
            site: self, changes: changes, outcome: ["removed \(counted(all.count, "deployment")) and the settings"],
            notes: notes + (try remains(of: formerLoaders.map(\.loader))))
    }

    /// Fails on a system that the menu started.
    private func checkIsNotStarted() throws(Failure) {
        if let booted = try BootedRoot.current() {
            throw Failure(
                "could not remove the boot menu's entries: this system is root \(booted.mark.number) of '\(settings.root)', and is started by one",
                hint: "start another system first")
        }
        if let named = try namedRoots().first(where: { $0.isBooted && $0.release != nil }) {
            throw Failure(
                "could not remove the boot menu's entries: this system is '\(named.path)', and is started by one",
                hint: "start another system first")
        }
    }

    /// Fails where this machine's boot menu has nothing of the deployments: they may be another machine's.
    private func checkIsOwn(_ all: [Deployment], _ formerLoaders: [FormerLoader]) throws(Failure) {
        if settings.loader != .print, !settings.isUninstalled, !all.isEmpty, formerLoaders.isEmpty,
            try loader?.ownFiles().isEmpty ?? true
        {
            throw Failure(
                "could not uninstall: '\(loader?.directory.show(.top) ?? boot ?? "")' has no entries for the deployments on UUID=\(volume.uuid)",
                hint: "if that is this machine's filesystem and not another one's, name it with --top-level DIR")
        }
    }

    private func removingMenus(of formerLoaders: [FormerLoader], isOwn: Bool) throws(Failure) -> [DeploymentChange] {
        var changes: [DeploymentChange] = []
        if let loader, isOwn {
            let menu = try loader.ownFiles()
            changes += try checked(menu.map { .removeMenu($0, of: loader) })
            if !menu.isEmpty { changes.append(.sync(loader.directory)) }
        }
        for former in formerLoaders {
            let loader = former.loader
            try checkLoaderFolder(of: loader)
            changes += try loader.ownFiles().map { .removeMenu($0, of: loader) } + [.sync(loader.directory)]
        }
        return changes
    }

    /// The kernels, each place with its folder. Where the menu is another filesystem's, those that it may name stay.
    private func removingKernels(of formerLoaders: [FormerLoader], isOwn: Bool) throws(Failure) -> [DeploymentChange] {
        var changes: [DeploymentChange] = []
        if isOwn || settings.kernels == .btrfs {
            changes += try removing(unused(in: kernels))
            if try kernels.tree.directory(at: kernels.path) != nil { changes += [.removeKernelFolder(kernels), .sync(kernels.tree)] }
        }
        if let former, isOwn || settings.kernels != .btrfs {
            let left = try unused(in: former)
            if !left.isEmpty { changes += removing(left, from: former) + [.removeKernelFolder(former), .sync(former.tree)] }
        }
        for former in formerLoaders {
            let files = try leftKernels(of: former)
            if files.isEmpty { continue }
            changes += removing(files, from: former.kernels) + [.removeKernelFolder(former.kernels), .sync(former.kernels.tree)]
        }
        return changes
    }

    /// The way to write down that an uninstall began, or that somebody thought again.
    func noting(isUninstalled: Bool) -> [DeploymentChange] {
        if settings.isUninstalled == isUninstalled { return [] }
        var changed = settings
        changed.isUninstalled = isUninstalled
        return [.step(.replaceFile(Place(Layout.settings), content: changed.text)), .sync(topLevel)]
    }

    private func remains(of formerLoaders: [InstalledLoader]) throws(Failure) -> [String] {
        var notes: [String] = []
        for loader in [loader].compactMap({ $0 }) + formerLoaders {
            guard let own = try loader.linesToUs() else { continue }
            let lines = own.lines.map { "'\($0)'" }.joined(separator: ", ")
            notes.append("what you added to '\(loader.directory.show(own.file))' leads nowhere now: \(lines)")
        }
        if settings.loader == .print {
            notes.append("entries that you wrote for another boot loader name kernels that are gone")
        } else if loader == nil {
            notes.append("\(settings.loader.title) is not in '\(boot ?? "")' any more: what it has elsewhere names kernels that are gone")
        }
        let kept = try namedRoots().map { "'\($0.path)', " }.joined()
        return notes + [
            """
            the root '\(settings.root)', \(kept)the top layer '\(settings.topLayer)', roots and held layers in '\(Layout.home)' and \
            subvolumes of data are left: docs/deploy.md, below 'uninstall', has the lines that delete them when nothing needs them
            """
        ]
    }
}
