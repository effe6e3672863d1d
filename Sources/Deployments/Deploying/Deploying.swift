public import Basics
internal import Boot
internal import BootEntries
internal import Images
internal import Initramfs
internal import Linux
internal import Planning

extension Site {
    /// The way to make of an image's layers what a boot would make of them; nil where that was made, or the store has the image as
    /// one tree. What `deploying` plans is known only then. Fails where the image could not be deployed.
    public func merging(
        _ asked: String?, kernel release: String?, progress: @escaping (String) -> Void
    ) throws(Failure) -> DeploymentPlan? {
        let before = try Deployment.all(on: topLevel).deployments
        guard case .image(let image, let store) = try wanted(asked, among: before) else { return nil }
        if case .subvolume = image.tree, store == nil { return nil }
        let source = try source(of: image, in: store)
        guard case .step(.merge) = DeploymentChange.step(source.hold) else { return nil }
        try checkLoaderFolder()
        var files = try image.files(in: store?.top ?? topLevel)
        if let other = try treeOfKernel(besides: files) { files = ImageFiles(of: [other]) }
        let known = before.first { $0.imageID == image.id }?.release
        let (kernel, isOnly) = try ImageKernel.choose(release, known: known, in: files, of: image.reference.description)
        // Whether docker-btrfs is in the initramfs is seen when the layers are one.
        if let disk, disk.isMapped, try !files.hasInitramfs(of: kernel.release, isOnly: isOnly) {
            throw ImageKernel.cannotOpen(disk, image.reference.description)
        }
        // What comes with it is known when there is one root; where not even this fits, nothing is merged.
        if let content = try files.contents(of: kernel.path, limit: ImageKernel.limit) {
            let file = BootFile(.vmlinuz, content, source: kernel.path)
            if settings.kernels == .boot, try !kernels.has(file.file) {
                try checkSpace(
                    file.file.size, freeing: removableFiles(by: before), to: "deploy '\(image.reference)'", beside: before)
            }
        }
        try checkIsWhole(image, in: store, progress: progress)
        let (free, needed) = (try topLevel.space(), source.needToHold)
        var clearing: [DeploymentChange] = []
        if !free.covers(needed) {
            let drafts = try layerDrafts()
            if drafts.isEmpty {
                throw Failure(
                    "could not deploy '\(image.reference)': its layers are to be \(store == nil ? "merged" : "copied"), which takes \(needed), and there is \(free)",
                    hint: "remove images or files that are not needed; 'docker-btrfs prune' removes deployments")
            }
            clearing = [.step(.makeRoom(needed, deleting: drafts))]
        }
        let note = "all else is planned when the layers are one root: its kernel \(kernel.release), and the boot menu"
        return DeploymentPlan(
            site: self, changes: clearing + (try missingFolders()) + [.step(source.hold)], outcome: [], notes: [note],
            filesToMerge: source.extent?.files ?? 0, store: store?.top)
    }

    /// The way to make an image the next boot. Nothing is written where it is already.
    ///
    /// Without a reference it is what the default's means now. `kernel` chooses where the image has several; `program` is
    /// docker-btrfs-init, for an initramfs that is built here, `stubs` a folder with systemd's programs for UEFI. The image's layers are one
    /// tree: see `merging`. With `once` the default stays what it is, and the boot loader is told of one boot.
    public func deploying(
        _ asked: String?, kernel release: String?, once: Bool = false, program: String, stubs: String? = nil,
        say: (String) -> Void
    ) async throws(Failure) -> DeploymentPlan {
        let before = try Deployment.all(on: topLevel).deployments
        let origin = try origin(of: wanted(asked, among: before))
        let (reference, tree) = (origin.reference, origin.tree)
        let last = before.first?.number ?? 0
        let kernelTree = try treeOfKernel(besides: ImageFiles(of: [tree])) ?? tree
        let known = before.first { $0.imageID == origin.id }
        let standing = standing(known, origin, release)
        let line = try settings.options(of: origin.id, on: volume)
        try line.checkLength()
        let options = line.description
        let isReady =
            if let standing, try isWhole(standing), try areIntact(standing.files) {
                try await !isOutdated(standing, program, options, from: kernelTree)
            } else { false }
        var (built, files): (String, [BootFile]) = ("", [])
        var warnings: [String] = []
        if !isReady {
            (built, files) = try await build(
                kernelTree, origin, release: release, known: known, options, program: program, stubs: stubs, &warnings, say: say)
        }
        let kept = standing.flatMap { isReady || $0.files == files.map(\.file) ? $0 : nil }
        var deployment = deployment(of: origin, keeping: kept, built, files, last: last, once: once)
        warnings += try kept == nil ? self.warnings(of: tree, called: reference) : mountNotes(of: tree)
        var others = before.filter { $0.imageID != deployment.imageID }
        let start = once ? try startingOnce(deployment.imageID, reference, before: before.first) : []
        var changes = try removingDrafts() + missingFolders() + noting(isUninstalled: false)
        changes += origin.hold
        changes += try additions(files, of: deployment, from: kernelTree, to: "deploy '\(reference)'", beside: before)
        let isNew = !before.contains(deployment)
        if isNew {
            // What is written now is read back at once. Nothing is recorded of a kernel that is damaged.
            var shared: [Deployment.File] = []
            for file in deployment.files where try kernels.has(file) { shared.append(file) }
            if !shared.isEmpty { changes.append(.prove(shared, of: deployment, in: kernels)) }
        }
        var records: [DeploymentChange] = []
        if once, deployment.number > last {
            // The highest number is the default's.
            others[0].number = last + 1
            deployment.number = last
            records += record(others[0])
        }
        if isNew { records += record(deployment) }
        records += try noting(left: [], wanted: [deployment])
        let menu = try self.changes(
            toMenuOf: ([deployment] + others).sorted { $0.number > $1.number }, with: deployment,
            freed: removableFiles(by: before + [deployment]))
        let ending = once ? start : try forgettingOnce()
        if !records.isEmpty { changes += try findingRoom(for: menu + ending) }
        changes += records + menu
        // What the menu named before, of the same image; what a person wrote may name it still.
        let former = loader == nil ? [] : standing?.files.map(kernels.place) ?? []
        changes += try unusedFiles(by: others + [deployment]).filter(former.contains).map { .removeFile($0, from: kernels) }
        let (chances, doubt) = try givingChances(to: deployment)
        let forgetting = try forgettingFormerOnce()
        changes += try chances + (once ? [] : forgettingFailure(beside: deployment)) + forgetting.changes
        let outcome = once ? outcomeOnce(deployment, others[0]) : try outcome(deployment, others)
        return DeploymentPlan(
            site: self, changes: changes + ending, outcome: outcome,
            notes: try byHand + forgetting.notes + origin.notes + warnings + doubt + absences(among: others, beside: deployment)
                + namedAbsences(beside: deployment)
                + menuNotes())
    }

    /// The deployment of that image, where it is also of the kernel and of the kind that are asked for.
    private func standing(_ known: Deployment?, _ origin: DeploymentOrigin, _ release: String?) -> Deployment? {
        guard let known, known.chainID == origin.chainID, known.isUnified == (settings.kernels == .uki) else { return nil }
        return release == nil || release == known.release ? known : nil
    }

    /// The kernel's release, and the files that the boot loader is to read.
    private func build(
        _ kernelTree: Directory, _ origin: DeploymentOrigin, release: String?, known: Deployment?, _ options: String, program: String,
        stubs: String?, _ warnings: inout [String], say: (String) -> Void
    ) async throws(Failure) -> (release: String, files: [BootFile]) {
        let kernel = try await ImageKernel(
            in: kernelTree, of: origin.reference.description, release: release, known: known?.release, program: program,
            machine: disk.map { ($0, settings.options) }, say: say)
        var files = kernel.files
        if settings.kernels == .uki {
            let topLayer = try topLevel.directory(at: settings.topLayer)
            files = [try await kernel.unified(in: origin.tree, under: topLayer, options, stubs: stubs, say: say)]
        }
        if InstalledLoader.hasSecureBoot(), let first = files.first, !isSignedProgram(first.content) {
            warnings.append("Secure Boot is on, and '\(first.file.name)' is not signed: the firmware does not start it, nor does shim")
        }
        return (kernel.release, files)
    }

    /// What is recorded: what was kept, else a new one.
    private func deployment(
        of origin: DeploymentOrigin, keeping kept: Deployment?, _ release: String, _ files: [BootFile], last: Int, once: Bool
    ) -> Deployment {
        let reference = origin.reference
        guard var deployment = kept else {
            return Deployment(
                imageID: origin.id, chainID: origin.chainID, reference: reference, number: last + 1, made: secondsNow(),
                release: release, files: files.map(\.file))
        }
        // It is followed under the name that it was asked for by.
        if case .name = reference.kind, reference.kind != deployment.reference.kind { deployment.reference = reference }
        // A tag that was moved.
        if deployment.number < last && !once { deployment.number = last + 1 }
        return deployment
    }

    /// A file that was damaged keeps its length.
    private func areIntact(_ files: [Deployment.File]) throws(Failure) -> Bool {
        for file in files where try !kernels.isIntact(file) { return false }
        return true
    }

    /// An image that had its tries is booted again where a person asks for it, and is not given up at once.
    func givingChances(to deployment: Deployment) throws(Failure) -> (changes: [DeploymentChange], notes: [String]) {
        let (record, request) = (Record.current(on: topLevel).record, try settings.request(on: volume))
        // The boot of this system may still be good.
        let pending = try BootedRoot.current()?.isPending(deployment.imageID) == true ? 1 : 0
        let tries = record.tries(ofImage: deployment.imageID, under: settings.root) - pending
        if tries < request.tries || !record.hadTries(deployment.imageID, request) { return ([], []) }
        let content = record.givingChances(to: deployment.imageID, under: settings.root).text
        let note = "none of the last \(tries) boots of \(deployment.title) was good: from now on it is tried anew"
        var changes: [DeploymentChange] = []
        if !record.isGood(image: deployment.imageID, under: settings.root) {
            let failed = min(try failedBoots(of: deployment.imageID, record) + tries, Int(Int32.max))
            let mark = FailedMark.path(beside: Deployment.path(of: deployment.imageID))
            changes.append(.step(.replaceFile(Place(mark), content: FailedMark.text(failed, of: settings.root))))
        }
        return (changes + [.step(.replaceFile(.record, content: content)), .sync(topLevel)], [note])
    }

    /// Whether a deployment's initramfs has another version of docker-btrfs-init than `program` is, or does not get to the disk that the roots
    /// are on now; or whether its unified kernel image has another command line than `options`. What cannot be read is not known to.
    private func isOutdated(
        _ deployment: Deployment, _ program: String, _ options: String, from kernelTree: Directory
    ) async throws(Failure) -> Bool {
        guard let image = try await kernels.initramfs(of: deployment) else { return false }
        if let line = image.commandLine, line != options { return true }
        if let disk, try image.obstacle(to: disk, settings.options, deployment.release, in: kernelTree) != nil { return true }
        guard let found = image.programVersion, let new = try fileContents(program).flatMap({ ELF.initVersion(of: $0) }) else {
            return false
        }
        return found != new
    }

    /// Why the initramfs of a deployment does not get to the disk that the roots are on now; nil where it does, and where that cannot be told.
    func obstacle(toDiskFor deployment: Deployment) async throws(Failure) -> String? {
        // To unpack an initramfs takes longer than all else that status looks at.
        guard let disk, disk.isMapped || !disk.drivers.isEmpty, let held = topLevel.held(deployment.chainID),
            let image = try await kernels.initramfs(of: deployment)
        else { return nil }
        let tree = try treeOfKernel(besides: ImageFiles(of: [held])) ?? held
        return try image.obstacle(to: disk, settings.options, deployment.release, in: tree)
    }

    private func outcome(_ deployment: Deployment, _ others: [Deployment]) throws(Failure) -> [String] {
        let way = try wayBack(from: deployment, among: others, beside: deployment).map { "; the way back is \($0.title)" } ?? ""
        return try linesOfEntries(deployment, others) + [
            "next boot: \(deployment.title) with kernel \(deployment.release), a new root\(way)"
        ]
    }

    /// What a person writes into the boot loader's menu, where that is a person's; the first entry is the default.
    func linesOfEntries(_ deployment: Deployment, _ others: [Deployment]) throws(Failure) -> [String] {
        if settings.loader != .print { return [] }
        var shown = [deployment]
        for earlier in others where try isWhole(earlier, beside: deployment) { shown.append(earlier) }
        return BootLoader.lines(of: try menu(of: shown, and: entries(of: namedRoots(), beside: deployment)))
    }
}
