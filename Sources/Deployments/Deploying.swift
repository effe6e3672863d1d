public import Basics
package import Boot
internal import BootEntries
internal import Files
package import Images
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
        guard case .step(.merge) = Change.step(source.hold) else { return nil }
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
        var clearing: [Change] = []
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
    /// docker-btrfs-init, for an initramfs that is built here, `stubs` a folder with systemd's programs for UEFI. The image's layers are one tree: see `merging`. With `once` the default
    /// stays what it is, and the boot loader is told of one boot.
    public func deploying(
        _ asked: String?, kernel release: String?, once: Bool = false, program: String, stubs: String? = nil,
        say: (String) -> Void
    ) async throws(Failure) -> DeploymentPlan {
        let before = try Deployment.all(on: topLevel).deployments
        let origin = try origin(of: wanted(asked, among: before))
        let (reference, tree) = (origin.reference, origin.tree)
        let last = before.first?.number ?? 0
        var deployment: Deployment
        var files: [BootFile] = []
        var warnings: [String] = []
        let kernelTree = try treeOfKernel(besides: ImageFiles(of: [tree])) ?? tree
        let known = before.first { $0.imageID == origin.id }
        let standing = known.flatMap { known in
            let isSame = known.chainID == origin.chainID && known.isUnified == (settings.kernels == .uki)
            return isSame && (release == nil || release == known.release) ? known : nil
        }
        let line = try settings.options(of: origin.id, on: volume)
        try line.checkLength()
        let options = line.description
        let isReady =
            if let standing, try isWhole(standing), try areIntact(standing.files) {
                try await !isOutdated(standing, program, options, from: kernelTree)
            } else { false }
        var built = ""
        if !isReady {
            let kernel = try await ImageKernel(
                in: kernelTree, of: reference.description, release: release, known: known?.release, program: program,
                machine: disk.map { ($0, settings.options) }, say: say)
            files = kernel.files
            if settings.kernels == .uki {
                let topLayer = try topLevel.directory(at: settings.topLayer)
                files = [try await kernel.unified(in: tree, under: topLayer, options, stubs: stubs, say: say)]
            }
            built = kernel.release
            if InstalledLoader.hasSecureBoot(), let first = files.first, !isSignedProgram(first.content) {
                warnings.append("Secure Boot is on, and '\(first.file.name)' is not signed: the firmware does not start it, nor does shim")
            }
        }
        if let standing, isReady || standing.files == files.map(\.file) {
            deployment = standing
            // It is followed under the name that it was asked for by.
            if case .name = reference.kind, reference.kind != standing.reference.kind { deployment.reference = reference }
            // A tag that was moved.
            if standing.number < last && !once { deployment.number = last + 1 }
            warnings += try mountNotes(of: tree)
        } else {
            deployment = Deployment(
                imageID: origin.id, chainID: origin.chainID, reference: reference, number: last + 1, made: secondsNow(),
                release: built, files: files.map(\.file))
            warnings += try self.warnings(of: tree, called: reference)
        }
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
        if once, deployment.number > last {
            // The highest number is the default's.
            others[0].number = last + 1
            deployment.number = last
            changes += record(others[0])
        }
        if isNew { changes += record(deployment) }
        changes += try noting(left: [], wanted: [deployment])
        changes += try self.changes(
            toMenuOf: ([deployment] + others).sorted { $0.number > $1.number }, with: deployment,
            freed: removableFiles(by: before + [deployment]))
        // What the menu named before, of the same image; what a person wrote may name it still.
        let former = loader == nil ? [] : standing?.files.map(kernels.place) ?? []
        changes += try unusedFiles(by: others + [deployment]).filter(former.contains).map { .removeFile($0, from: kernels) }
        let (chances, doubt) = try givingChances(to: deployment)
        changes += chances
        let ending = once ? start : try forgettingOnce()
        let outcome = once ? outcomeOnce(deployment, others[0]) : try outcome(deployment, others)
        return DeploymentPlan(
            site: self, changes: changes + ending, outcome: outcome,
            notes: try byHand + origin.notes + warnings + doubt + absences(among: others, beside: deployment)
                + namedAbsences(beside: deployment)
                + menuNotes())
    }

    /// A file that was damaged keeps its length.
    private func areIntact(_ files: [Deployment.File]) throws(Failure) -> Bool {
        for file in files where try !kernels.isIntact(file) { return false }
        return true
    }

    /// An image that had its tries is booted again where a person asks for it, and is not given up at once.
    func givingChances(to deployment: Deployment) throws(Failure) -> (changes: [Change], notes: [String]) {
        let (record, request) = (Record.current(on: topLevel).record, try settings.request(on: volume))
        // The boot of this system may still be good.
        let pending = try BootedRoot.current()?.isPending(deployment.imageID) == true ? 1 : 0
        let tries = record.tries(ofImage: deployment.imageID, under: settings.root) - pending
        if tries < request.tries || !record.hadTries(deployment.imageID, request) { return ([], []) }
        let content = record.givingChances(to: deployment.imageID, under: settings.root).text
        let note = "none of the last \(tries) boots of \(deployment.title) was good: from now on it is tried anew"
        return ([.step(.replaceFile(.record, content: content)), .sync(topLevel)], [note])
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

    /// Fails where an image cannot be deployed for one boot, before anything that takes time.
    public func checkOnce(_ asked: String?) throws(Failure) {
        let before = try Deployment.all(on: topLevel).deployments
        guard case .image(let image, _) = try wanted(asked, among: before) else { return }
        _ = try startingOnce(image.id, image.reference, before: before.first)
    }

    /// Fails, before anything is written, where the boot loader cannot be told of one boot, or there is no other one after it.
    private func startingOnce(_ image: ImageID, _ reference: ImageReference, before standing: Deployment?) throws(Failure) -> [Change] {
        let what = "could not deploy '\(reference)' for one boot"
        guard let standing, standing.imageID != image else {
            throw Failure("\(what): there is no other default, which comes after it", hint: "deploy it without --once")
        }
        if let damage = try damage(of: standing) {
            throw Failure(
                "\(what): after it comes \(standing.title), and \(damage)",
                hint: remedy(for: standing))
        }
        guard let loader else {
            throw Failure("\(what): the entries are written by a person", hint: "choose its entry in the menu")
        }
        do throws(Failure) {
            let device = try MountedFolder(loader.directory).device
            if loader.kind == .grub, RootFilesystem.isMapped(device) {
                throw Failure("GRUB cannot write to '\(device)', where its folder is, and would not forget it")
            }
            let id = entryID(of: image)
            return try checked([.startOnce(id, try loader.nextBoot(id), of: loader), .sync(loader.directory)])
        } catch {
            throw Failure("\(what): \(error.message)", hint: "deploy it without --once; the entry of \(standing.title) stays in the menu")
        }
    }

    private func outcomeOnce(_ deployment: Deployment, _ standing: Deployment) -> [String] {
        ["next boot, once: \(deployment.title) with kernel \(deployment.release), a new root; after it \(standing.title) again"]
    }

    func image(_ reference: ImageReference, in store: StoreFilesystem?) throws(Failure) -> Image {
        let stores = try imageStores(in: store)
        let image: Image
        do throws(Failure) { image = try stores.image(reference).image.calledByID } catch {
            throw error.placing(settings.store, of: store?.top ?? topLevel)
        }
        try checkPlatform(image)
        return image
    }

    /// Where images are looked for, of the kind and namespace that a boot reads by the options.
    package func imageStores(in store: StoreFilesystem?) throws(Failure) -> ImageStores {
        let (root, choice) = (store?.top ?? topLevel, try settings.storeChoice(on: volume))
        do throws(Failure) {
            if let stores = try ImageStores(in: root, at: settings.store, choice) { return stores }
        } catch {
            throw error.ofSetup.placing(settings.store, of: root)
        }
        throw Failure("could not find the images' store '\(settings.store)'", hint: "docker-btrfs setup looks for it again")
    }

    /// The id of the image that a name means now.
    public func imageID(of name: String) throws(Failure) -> String {
        try image(ImageReference(name), in: storeFilesystem()).id.description
    }

    /// The names of the images in the store.
    public func imageNames() throws(Failure) -> [String] {
        try imageStores(in: storeFilesystem()).names()
    }

    /// The same of what is deployed.
    public func deployedNames() throws(Failure) -> [String] {
        Set(try Deployment.all(on: topLevel).deployments.map { $0.reference.description }).sorted()
    }

    /// Whether all that a deployment had when it was made is still there, once the files of a new one are written.
    func isWhole(_ deployment: Deployment, beside new: Deployment? = nil) throws(Failure) -> Bool {
        try damage(of: deployment, beside: new) == nil
    }

    /// What brings back what a deployment lacks. Its name may mean another image by now.
    func remedy(for deployment: Deployment) -> String {
        let store = try? storeFilesystem()
        let isMeant = (try? image(deployment.reference, in: store))?.id == deployment.imageID
        let isHeld = topLevel.held(deployment.chainID) != nil
        if isMeant || isHeld || (try? image(ImageReference(deployment.imageID), in: store)) != nil {
            return "'docker-btrfs deploy \(isMeant ? deployment.reference.description : deployment.shortID)' writes it anew"
        }
        return "its image is in the store no more: 'docker-btrfs rm \(deployment.shortID)', once another one is next"
    }

    /// Why a deployment cannot be booted, with 'its' for it; nil where all that it had when it was made is still there. The layer and the files
    /// of a new one are there before the menu.
    func damage(of deployment: Deployment, beside new: Deployment? = nil) throws(Failure) -> String? {
        if new?.chainID != deployment.chainID, topLevel.held(deployment.chainID) == nil {
            return "its layer is not held as '\(Layout.hold(deployment.chainID))' any more"
        }
        return try kernelDamage(of: deployment, beside: new)
    }

    /// The same of what the boot loader reads, where the files of a new one are written first.
    func kernelDamage(of deployment: Deployment, beside new: Deployment? = nil) throws(Failure) -> String? {
        for file in deployment.files where new?.files.contains(file) != true {
            if try kernels.has(file) { continue }
            return "its kernel's file '\(file.name)' is not in '\(kernels.tree.show(kernels.path))'"
        }
        if deployment.isUnified && loader?.kind == .grub { return "GRUB does not start its unified kernel image" }
        return nil
    }

    /// Fails, before anything is written, where there is no room for the old and the new at once.
    func additions(
        _ files: [BootFile], of deployment: Deployment, from tree: Directory, to what: String, beside others: [Deployment]
    ) throws(Failure) -> [Change] {
        // What a run that was killed left.
        let unused = try removableFiles(by: others + [deployment])
        var changes = unused.map { Change.removeFile($0, from: kernels) }
        var needed = 0
        var additions: [Change] = []
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
    private func checkSpace(_ needed: Int, freeing unused: [Path], to what: String, beside others: [Deployment]) throws(Failure) {
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
