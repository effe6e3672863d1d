public import Basics
public import Planning

extension Plan {
    /// The plan of a boot. Fails where the image cannot be booted on this machine, and where the root's name is taken by
    /// something that docker-btrfs did not make.
    public init(for request: Request, given facts: Facts) throws(Failure) {
        self = try Rotation(request, facts).plan(Decision(for: request, given: facts))
    }

    /// The plan of a boot after that one's was not possible, for `docker_onfail=previous`. Fails where no root is left.
    public init(after failure: Failure, for request: Request, given facts: Facts) throws(Failure) {
        self = try Rotation(request, facts).plan(Decision(after: failure, for: request, given: facts))
    }

    /// The plan of a boot that goes on with the root that stands, as a last resort. Fails where none does.
    public init(stayingAfter failure: Failure, for request: Request, given facts: Facts) throws(Failure) {
        self = try Rotation(request, facts).plan(Decision(after: failure, for: request, stayingOn: facts))
    }

    /// Puts the root away, so that nothing mounts it by its name: a boot that is to stop must not go on there.
    public init(stopping request: Request, given facts: Facts) {
        let rotation = Rotation(request, facts)
        guard let place = rotation.places.old, !Layout.isKept(request.name) else {
            self.init(steps: [], notes: facts.faults)
            return
        }
        var what = "what is called '\(request.name)'"
        if case .root(let root) = facts.standing { what = root.title }
        self.init(
            steps: rotation.directories + [.rename(rotation.root, to: Place(place))],
            notes: ["\(what) was put away as '\(place)'"] + facts.faults
        )
    }
}

/// The steps from one root to the next: the new one is built aside, swapped in when it is complete, and the one that it
/// replaces is kept.
struct Rotation {
    let request: Request
    let facts: Facts
    /// Where the root is that a boot mounts.
    let root: Place
    /// Where the next one is built.
    let new: Place
    let places: Places

    init(_ request: Request, _ facts: Facts) {
        self.request = request
        self.facts = facts
        root = Place(request.name)
        new = Place(Layout.new(request.name))
        places = Places(of: request.name, given: facts)
    }

    func plan(_ decision: Decision) throws(Failure) -> Plan {
        var plan = try plan(decision, loading: decision.startsKernel ? load() : [])
        plan.startsKernel = decision.startsKernel
        return plan
    }

    /// Holds the image's layer and loads the image's own kernel, before anything is changed. Where that fails, another root may be
    /// chosen.
    private func load() -> [Step] {
        guard let kernel = facts.kernel else { return [] }
        let source = [try? facts.wanted.get(), facts.lastGood].compactMap { $0 }.first { $0.chainID == kernel.chainID }
        // The kernel is that of a root whose layer is held.
        let tree = source?.tree ?? Place(Layout.hold(kernel.chainID))
        return (source.map { hold($0) } ?? []) + [.loadKernel(kernel.path, initramfs: kernel.initramfs, of: tree)]
    }

    private func plan(_ decision: Decision, loading: [Step]) throws(Failure) -> Plan {
        let damage = facts.recordDamage.map { [$0] } ?? []
        let notes = decision.notes + damage + facts.faults
        switch decision.choice {
        case .stay(let root):
            // A kept root that was chosen says nothing about its image: it is as its last boot left it.
            if Layout.isKept(request.name) { return Plan(steps: [], notes: notes) }
            // A kernel that may not come up is started only where the try is counted before.
            if !loading.isEmpty && !root.isGood { return Plan(steps: directories + loading + attempt(root.mark), notes: notes) }
            if !loading.isEmpty {
                let making = loading.count > 1 ? directories : []
                return Plan(steps: making + loading, afterwards: home + attempt(root.mark), notes: notes)
            }
            // A boot that cannot be counted is still a boot: the disk may be read-only.
            return Plan(steps: [], afterwards: home + attempt(root.mark) + dropHolds(whileStaying: root), notes: notes)
        case .restore(let root, let modules):
            let mark = Mark(origin: root.mark.origin, number: places.number, made: facts.host.time)
            let building = loading + root.copy(at: new, mark) + copying(modules, to: new)
            let clearing = try clear(for: Self.snapshot, sparing: root)
            return swap(mark, copyOf: root.mark, building: building, clearing, notes + root.leftBehind)
        case .build(let source, let modules):
            let origin = Origin(
                reference: source.reference, imageID: source.imageID, chainID: source.chainID, layer: source.tree.path,
                topLayer: request.mode == .persist ? facts.topLayerState : nil, topLayers: layers.map { $0.path }
            )
            let mark = Mark(origin: origin, number: places.number, made: facts.host.time, knownLayer: facts.topLayer?.known)
            let template = modules == nil ? facts.template(of: source, for: request) : nil
            let building = (loading.isEmpty ? hold(source) : loading) + build(source, mark, modules, template, at: new)
            let about = notes + imageNotes(source) + labelNote(source) + (facts.topLayer?.notes ?? [])
            let clearing = try clear(for: needed(for: source, using: template), using: template)
            return storeMinted(keepTemplate(template, swap(mark, building: building, clearing, about)))
        }
    }

    private func swap(_ mark: Mark, copyOf source: Mark? = nil, building: [Step], _ clearing: [Step], _ notes: [String]) -> Plan {
        let steps = clearing + directories + building + attempt(mark, copyOf: source)
        if case .root(let old) = facts.standing {
            return keep(old, under: mark, Plan(steps: steps + [.exchange(new, root)], notes: notes))
        }
        // What could not be looked at has its own place before. Where the new one was built, a boot after a cut would take it for a root
        // that was not finished.
        let aside = places.old.map { [Step.rename(root, to: Place($0))] } ?? []
        let about = places.old.map { ["'\(request.name)' is put aside as '\($0)'"] } ?? []
        return keep(nil, under: mark, Plan(steps: steps + aside + [.rename(new, to: root)], notes: notes + about))
    }

    private var home: [Step] {
        facts.missingDirectories.contains(Layout.home) ? [.createDirectory(Place(Layout.home), permissions: 0o700)] : []
    }

    var directories: [Step] {
        facts.missingDirectories.map { path in
            .createDirectory(Place(path), permissions: path.isWithin(Layout.home) ? 0o700 : 0o755)
        }
    }

    /// Takes away what is in the way. Where there is no room, what is deleted is waited for.
    private func clear(for needed: Room, sparing root: Facts.Root? = nil, using template: Path? = nil) throws(Failure) -> [Step] {
        let room = try makeRoom(for: needed, sparing: root, template)
        return switch facts.leftover {
        case .replaced(let root): [.rename(new, to: Place(root.path))] + room
        case .unfinished where room.isEmpty: [.deleteSubvolume(new)]
        case .unreadable(let path): [.rename(new, to: Place(path))] + room
        case .nothing, .unfinished: room
        }
    }

    /// Counts this boot. It is not counted where a person starts something else than the system, or chose a root: that says nothing about
    /// the image. Nor is it where another kernel started this one, which counted it. A boot of a copy counts for its original, too.
    private func attempt(_ mark: Mark, copyOf source: Mark? = nil) -> [Step] {
        if request.isForRepair || request.earlierRoot != nil || request.kernel == .started || startsOther { return [] }
        // A new root may have the number of one that was never finished, and whose boot was counted.
        let numbers = facts.roots.map { $0.mark.number }
        let known = facts.hasOtherNames ? facts.record : facts.record.adopted(by: request.name)
        let record = known.forgetting(rootsOf: request.name, but: numbers).trying(mark, copyOf: source, of: request.name)
        return [.replaceFile(Place(Layout.record), content: record.text)]
    }

    private var startsOther: Bool {
        if case .success(let source) = facts.wanted { return source.contents.startsOther }
        return false
    }
}

extension Plan {
    /// Marks a boot of the root called `name` as good, on the root and in the record where there is one: the plan of the booted system.
    public init(markingGood mark: Mark, of name: Path, given record: Record?) {
        // A kept root that is booted by its path says nothing about its image, as when its boot was begun.
        let record = Layout.isKept(name) ? nil : record?.good(mark, of: name)
        self.init(steps: [.markGood(Place(name))] + (record.map { [.replaceFile(Place(Layout.record), content: $0.text)] } ?? []))
    }
}
