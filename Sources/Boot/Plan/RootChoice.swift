package import Basics
internal import Planning

/// Which root a boot gets.
enum RootChoice: Equatable {
    /// One that is there, as it stands.
    case stay(Facts.Root)
    /// A new one, a copy of one that there is; with modules from elsewhere where that has none for the running kernel.
    case restore(Facts.Root, modules: Path? = nil)
    /// A new one, from a layer; with modules from beside the kernel where the layer has none for it.
    case build(Facts.Source, modules: Path?)
}

/// A choice, and why it is not the one that was asked for.
struct Decision: Equatable {
    let choice: RootChoice
    var notes: [String] = []
    /// Whether the root is started with the image's own kernel.
    var startsKernel = false
}

extension Decision {
    /// The root of a boot in which everything is there. Fails where no root is as it was asked for, and no fallback is due.
    init(for request: Request, given facts: Facts) throws(Failure) {
        if Layout.isKept(request.name) {
            let root = try facts.chosenRoot(request.name)
            self.init(choice: .stay(root), notes: root.modules == .absent ? ["\(root.title)\(root.lack)"] : [])
            return
        }
        try facts.standing.checkIsOurs(request.name)
        if request.kernel == .started, case .root(let root) = facts.standing {
            let note = "going on with \(root.title), which was made before this kernel was started (docker_kernel=started)"
            self.init(choice: .stay(root), notes: [note])
            return
        }
        if let earlier = request.earlierRoot {
            let root = try facts.root(earlier, of: request.name)
            let lack = root.modules == .absent ? "; it\(root.lack)" : ""
            self.init(choice: facts.choice(of: root), notes: ["going on with \(root.title), as it was left (docker_root=)\(lack)"])
            return
        }
        let source = try facts.wanted.get()
        try source.contents.checkOwner(of: source.reference.text)
        let startsKernel = facts.startsKernel(of: source, request)
        if let decision = facts.tooOften(source, request) ?? facts.unchanged(source, request, startsKernel) {
            self = decision
        } else if source.contents.modules == .absent && !startsKernel {
            do throws(Failure) { self = try facts.withoutModules(source, request) } catch {
                guard let decision = facts.onceMore(source, request) else { throw error }
                self = decision
            }
        } else {
            let notes = facts.endOfPersistence(source, request, startsKernel)
            self.init(choice: .build(source, modules: nil), notes: notes, startsKernel: startsKernel)
        }
        if let note = source.note { notes.insert(note, at: 0) }
    }

    /// The root of a boot that failed (`docker_onfail=previous`): see `usable`. Fails with what failed before where there is none.
    init(after failure: Failure, for request: Request, given facts: Facts) throws(Failure) {
        try facts.standing.checkIsOurs(request.name)
        let here = facts.usable(facts.roots.filter { $0.modules != .absent }, request)
        var own = facts.kernel == nil ? nil : facts.rootOfKernel(request)
        // A root that is good under the running kernel is better than one of the image's own kernel that was never good.
        if own?.isGood == false, here?.isGood == true { own = nil }
        if let root = own ?? here {
            let standIn = facts.goingOn(root, request)
            self.init(after: failure, choice: facts.choice(of: standIn), standIn, copyOf: root, of: facts)
            startsKernel = own != nil
        } else if let modules = facts.modulesElsewhere, let root = facts.usable(facts.roots, request) {
            // The first boots with a new kernel: all roots have the modules of the former one.
            self.init(after: failure, choice: .restore(root, modules: modules), root, of: facts)
            notes[0] += ", with the modules in '\(modules)'"
        } else {
            throw failure
        }
    }

    /// As a last resort, the root that stands.
    init(after failure: Failure, for request: Request, stayingOn facts: Facts) throws(Failure) {
        if case .root(let root) = facts.standing, root.modules != .absent {
            self.init(after: failure, choice: .stay(root), root, of: facts)
            return
        }
        guard let root = facts.usable(facts.roots, request), root.modules == .absent else { throw failure }
        throw Failure("\(failure.message); \(root.title)\(root.lack)", hint: failure.hint)
            .hinting(first: "choose an earlier entry of the boot menu, which has that root's kernel")
    }

    private init(after failure: Failure, choice: RootChoice, _ root: Facts.Root, copyOf source: Facts.Root? = nil, of facts: Facts) {
        let source = source ?? root
        let isNewest = facts.roots.last { $0.isGood } == source
        let quality = isNewest ? "the last one that booted well" : source.isGood ? "which booted well" : "which is not known to boot well"
        let copied = source == root ? "" : "a copy of \(source.title), "
        self.init(choice: choice, notes: ["\(failure.message); booting \(root.title) instead, \(copied)\(quality)"])
    }
}

extension Facts {
    /// All roots, oldest first.
    var roots: [Root] { Self.inOrder(kept, leftover, standing) }

    static func inOrder(_ kept: [Root], _ leftover: Leftover, _ standing: Standing) -> [Root] {
        var roots = kept
        if case .replaced(let root) = leftover { roots.append(root) }
        if case .root(let root) = standing { roots.append(root) }
        return inOrder(roots)
    }

    /// Oldest first. Roots that came back from elsewhere may have the number of another one.
    static func inOrder(_ roots: [Root]) -> [Root] {
        roots.sortedByNumbers { [$0.mark.number, $0.mark.made] }
    }

    fileprivate func choice(of root: Root) -> RootChoice {
        if case .root(root) = standing { return .stay(root) }
        return .restore(root)
    }

    /// A kept root that was chosen at the boot menu.
    fileprivate func chosenRoot(_ name: Path) throws(Failure) -> Root {
        if case .root(let root) = standing { return root }
        throw Failure("could not boot '\(name)': there is no such kept root", hint: "docker-btrfs root ls shows which roots there are")
    }

    /// What `docker_root=` asks for. The one that stands is not the one before it, but may be asked for by its number.
    fileprivate func root(_ earlier: Request.EarlierRoot, of name: Path) throws(Failure) -> Root {
        let kept = Self.inOrder(kept, leftover, .nothing)
        switch earlier {
        case .previous:
            if let root = kept.last { return root }
            throw Failure("could not go on with the previous root: none was kept", hint: "docker_keep= says how many are")
        case .number(let number):
            if let root = kept.first(where: { $0.path == Layout.kept(name, number) }) { return root }
            if case .root(let root) = standing, root.mark.number == number { return root }
            throw Failure("could not go on with root \(number): it was not kept", hint: "docker-btrfs root ls shows which roots there are")
        }
    }

    /// Whether the image's own kernel is started. It is tried as often as `docker_tries=` says, also where a person chose the image: it may
    /// be one that never comes up. See `onceMore` for where nothing else boots.
    fileprivate func startsKernel(of source: Source, _ request: Request) -> Bool {
        kernel != nil && hasChances(source, request)
    }

    /// Of these roots the newest that is good and was not tried too often; else the newest that is good; else the newest.
    fileprivate func usable(_ roots: [Root], _ request: Request) -> Root? {
        let good = roots.filter { $0.isGood }
        return good.last { hasChances($0, request) } ?? good.last ?? roots.last
    }

    /// The root, or with `docker_mode=persist` the root that stands, if that is a copy of it which an earlier boot made. The copy also has
    /// what was done in it since.
    fileprivate func goingOn(_ root: Root, _ request: Request) -> Root {
        guard request.mode == .persist, case .root(let copy) = standing, copy.mark.number > root.mark.number,
            copy.mark.origin == root.mark.origin, copy.modules != .absent || root.modules == .absent, hasChances(copy, request)
        else { return root }
        return copy
    }

    /// The root that is booted with its own kernel where no new root can be made. It is one of all roots, or, once a kernel was found, of
    /// those that have this kernel. nil where the kernel was tried too often and another root boots under the running one.
    func rootOfKernel(_ request: Request) -> Root? {
        let roots = kernel.map { kernel in self.roots.filter { $0.mark.origin.chainID == kernel.chainID } } ?? self.roots
        guard request.kernel == .image, let root = usable(roots, request) else { return nil }
        let hasChances = record.tries(ofImage: root.mark.origin.imageID, under: request.name) < request.tries
        return hasChances || areAllWithoutModules && modulesElsewhere == nil ? root : nil
    }

    /// The image with its own kernel, although that was tried too often. nil where no kernel was found, and where a root boots under the
    /// running one. Where none does, one more try costs nothing: without it the machine does not boot at all.
    fileprivate func onceMore(_ source: Source, _ request: Request) -> Decision? {
        guard kernel != nil, areAllWithoutModules else { return nil }
        let own = sourceOfKernel(source, request)
        let tries = record.tries(ofImage: source.imageID, under: request.name)
        let which = own.imageID == source.imageID ? "it" : "\(own.title), the last image that booted well,"
        let note =
            "none of the last \(tries) boots of image \(source.title) was good; \(which) is booted again with its "
            + "own kernel, for nothing here has modules for the running one"
        var decision =
            unchanged(own, request, true)
            ?? Decision(choice: .build(own, modules: nil), notes: endOfPersistence(own, request, true), startsKernel: true)
        decision.notes.insert(note, at: 0)
        return decision
    }

    private var areAllWithoutModules: Bool { roots.allSatisfy { $0.modules == .absent } }

    /// The image whose kernel is looked for: this one, or the last good one where this one was tried too often and no person chose it.
    func sourceOfKernel(_ source: Source, _ request: Request) -> Source {
        request.isImageChosen || hasChances(source, request) ? source : lastGood ?? source
    }

    private func hasChances(_ source: Source, _ request: Request) -> Bool {
        !record.hadTries(source.imageID, request)
    }

    private func hasChances(_ root: Root, _ request: Request) -> Bool {
        record.tries(ofRoot: request.name, root.mark.number) < request.tries
    }

    /// What is booted instead of an image that was tried too often; nil where it was not, where a person chose it, and where nothing else
    /// is there. First the last good root of another image, then the last good image. Where these were tried too often too, or are not
    /// there, the image may not be at fault, but the top layer: then it is the last good root of any image.
    fileprivate func tooOften(_ source: Source, _ request: Request) -> Decision? {
        let tries = record.tries(ofImage: source.imageID, under: request.name)
        let wasGood = record.isGood(image: source.imageID, under: request.name)
        if request.isImageChosen || hasChances(source, request) { return nil }
        let why = "none of the last \(tries) boots of image \(source.title) was good"
        let choosing = "docker_image=\(source.reference.text) at the boot menu tries it again"
        let how = wasGood ? "it booted well before, and is tried again after a good boot of this one; \(choosing) at once" : choosing
        func decision(_ root: Root, _ instead: String) -> Decision {
            Decision(choice: choice(of: root), notes: ["\(why); booting \(root.title) instead\(instead); \(how)"])
        }
        // With its own kernel it is as good as it was.
        let isStarted = if let lastGood { startsKernel(of: lastGood, request) } else { false }
        let good = roots.filter { $0.isGood && $0.modules != .absent }
        let ofOther = good.last { $0.mark.origin.imageID != source.imageID }
        if let root = ofOther, !record.hadTries(root.mark.origin.imageID, request),
            !isStarted || root.mark.origin.imageID == lastGood?.imageID
        {
            return decision(goingOn(root, request), "")
        }
        var image: Decision?
        if let lastGood, lastGood.contents.modules != .absent || isStarted || modulesElsewhere != nil, lastGood.contents.owner == 0 {
            // The loader started the kernel of the image that is given up.
            let modules = lastGood.contents.modules == .absent && !isStarted ? modulesElsewhere : nil
            let note = "\(why); booting \(lastGood.title) instead, the last image that booted well; \(how)"
            // A root of it that persists is gone on with: somebody's work is in it.
            var decision =
                unchanged(lastGood, request, isStarted) ?? Decision(choice: .build(lastGood, modules: modules), startsKernel: isStarted)
            decision.notes.insert(note, at: 0)
            image = decision
            if !record.hadTries(lastGood.imageID, request) { return image }
        }
        if let root = good.last(where: { hasChances($0, request) }) {
            return decision(goingOn(root, request), ", with this machine's files as they were in it")
        }
        return image
    }

    /// `docker_mode=persist`: the root that stands, while nothing that it was made from changed; else a copy of the newest that
    /// was made from the same, which was put away, or made way for another image.
    fileprivate func unchanged(_ source: Source, _ request: Request, _ startsKernel: Bool) -> Decision? {
        guard request.mode == .persist else { return nil }
        let same = roots.filter { difference(of: $0, from: source, startsKernel) == nil }
        let persisting = same.filter { $0.persists }
        guard var root = persisting.last ?? same.last else { return nil }
        // Where no boot is ever marked as good, many tries do not mean that what was done in the root is at fault.
        let isMarked = root.isGood || record.lastGood(under: request.name) != nil
        if isMarked && !hasChances(root, request) {
            // An image that has its chances again has them with the work that was done in it.
            let good = persisting.last {
                $0.isGood && record.tries(ofImage: $0.mark.origin.imageID, under: request.name) < request.tries
            }
            guard let good else { return nil }
            root = good
        }
        let choice = choice(of: root)
        if case .stay = choice { return Decision(choice: choice, startsKernel: startsKernel) }
        let note = "going on with a copy of \(root.title), which was made from the same image and top layer"
        return Decision(choice: choice, notes: [note], startsKernel: startsKernel)
    }

    /// Why a root that persists ends here.
    fileprivate func endOfPersistence(_ source: Source, _ request: Request, _ startsKernel: Bool) -> [String] {
        guard request.mode == .persist, case .root(let root) = standing else { return [] }
        let tries = record.tries(ofRoot: request.name, root.mark.number)
        let why = difference(of: root, from: source, startsKernel) ?? "none of its last \(tries) boots was good"
        return ["making a new root, and keeping \(root.title) as '\(Layout.kept(request.name, root.mark.number))': \(why)"]
    }

    /// What the mark of a root that persists has.
    var topLayerState: String { topLayer?.state ?? "none" }

    /// What is not as it would be in a root that is made now; nil where there is nothing.
    private func difference(of root: Root, from source: Source, _ startsKernel: Bool) -> String? {
        let origin = root.mark.origin
        // An image that was built again may have another id and the same tree. Another engine's store may give the tree another name.
        if origin.chainID != source.chainID {
            if origin.imageID != source.imageID { return "it was made from another image" }
            if case .container = source.reference.kind { return "the container was changed" }
        }
        // 0.1 marked what persists without any top layer as it marked the others.
        let isOld = origin.topLayer == nil && origin.topLayers.isEmpty && topLayer == nil
        if !isOld && origin.topLayer != topLayerState {
            return root.persists ? "the top layer changed" : "it was not made with docker_mode=persist"
        }
        return root.modules == .absent && !startsKernel ? "it\(root.lack)" : nil
    }

    fileprivate func withoutModules(_ source: Source, _ request: Request) throws(Failure) -> Decision {
        let release = host.kernelRelease ?? ""
        let why = "image '\(source.reference.text)' has no modules for the running kernel \(release)"
        let how = "copy the image's kernel and initramfs to where the boot loader reads them"
        // One that was chosen is not overruled.
        let good = roots.filter {
            $0.isGood && $0.modules == .present && (!request.isImageChosen || $0.mark.origin.imageID == source.imageID)
        }
        func booting(_ title: String, _ choice: RootChoice) -> Decision {
            Decision(choice: choice, notes: ["\(why); booting \(title) instead, which has them; \(how)"])
        }
        if let root = good.last(where: { hasChances($0, request) }).map({ goingOn($0, request) }) {
            return booting(root.title, choice(of: root))
        }
        // Where those had their tries, what was done in them may be at fault.
        if !good.isEmpty, let lastGood, !request.isImageChosen, lastGood.contents.modules != .absent, lastGood.contents.owner == 0,
            !record.hadTries(lastGood.imageID, request)
        {
            return booting(lastGood.title, unchanged(lastGood, request, false)?.choice ?? .build(lastGood, modules: nil))
        }
        if let modules = modulesElsewhere {
            return Decision(choice: .build(source, modules: modules), notes: ["\(why); taking those in '\(modules)'; \(how)"])
        }
        if let root = good.last { return booting(root.title, choice(of: root)) }
        throw Failure("could not use the image: \(why)", hint: how)
    }
}

extension Facts.Standing {
    /// Fails where another thing than a root is called `name`.
    func checkIsOurs(_ name: Path) throws(Failure) {
        guard case .foreign(let what) = self else { return }
        throw Failure(
            "could not replace '\(name)': it is \(what) that docker-btrfs did not make",
            hint: "give rootflags=subvol= a name that is not taken, for example \(display(name.bytes))_docker"
        )
    }
}

extension Record {
    /// Whether an image was tried as often as it is before another one is booted instead.
    package func hadTries(_ image: ImageID, _ request: Request) -> Bool {
        // What was done in a root that persists may be at fault. So an image that was good gets as many tries again, in a new root.
        let limit = request.mode == .persist && isGood(image: image, under: request.name) ? 2 * request.tries : request.tries
        return tries(ofImage: image, under: request.name) >= limit
    }
}

extension Facts.Contents {
    /// Fails where the image's files belong to users of another system: those of an engine without root, or with `userns-remap`.
    package func checkOwner(of image: String) throws(Failure) { try Self.checkOwner(owner, of: image) }

    /// The same, of files that nothing else is known of.
    package static func checkOwner(of files: ImageFiles, of image: String) throws(Failure) {
        try checkOwner(files.status(of: .top)?.owner ?? 0, of: image)
    }

    static func checkOwner(_ owner: UInt32, of image: String) throws(Failure) {
        if owner == 0 { return }
        throw Failure(
            "could not use the image '\(image)': its '/' belongs to user \(owner) and not to root",
            hint: "an engine that is run by a user, or with userns-remap, stores images so; pull or build it with one that is run by root"
        )
    }
}

extension Facts.Source {
    fileprivate var title: String { "'\(reference.text)' (\(imageID))" }
}

extension Facts.Root {
    fileprivate var lack: String { " has no modules for the running kernel" }

    /// `root 7 (sample_image:latest)`
    package var title: String { "root \(mark.number) ('\(mark.origin.reference.text)')" }
}
