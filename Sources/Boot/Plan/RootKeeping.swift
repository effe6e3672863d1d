internal import Basics
internal import Planning

extension Rotation {
    /// Adds what becomes of the root that is replaced, which then lies where the new one was built, and of older ones and of
    /// holds that nothing refers to any more.
    func keep(_ old: Facts.Root?, under mark: Mark, _ plan: Plan) -> Plan {
        let gone = facts.roots.filter { plan.steps.deleted.contains(Place($0.path)) }
        let rest = facts.roots.filter { !gone.contains($0) }
        let worthy = worthKeeping(rest)
        let staying = rest.filter { worthy.contains($0) || $0.obstacle != nil }
        let leaving = rest.filter { !staying.contains($0) }
        var afterwards = plan.afterwards
        if let old, staying.contains(old) { afterwards.append(.rename(new, to: Place(path(of: old)))) }
        afterwards += leaving.map { .deleteSubvolume($0 == old ? new : Place($0.path)) }
        // Those that make room may not all have to go.
        afterwards += dropHolds(but: staying + gone, mark)
        let notes = staying.filter { !worthy.contains($0) }.compactMap { reprieve(of: $0) } + leaving.compactMap { farewell(to: $0) }
        return Plan(steps: plan.steps, afterwards: afterwards, notes: plan.notes + notes)
    }

    /// Where a root lies after the swap.
    private func path(of root: Facts.Root) -> Path {
        root.path == request.name ? places.old ?? root.path : root.path
    }

    /// The newest ones, as many as were asked for, and the last good one. A root that persists has work in it: one of those is
    /// always kept, also by boots of another mode, and a good one of each image that is deployed or asked for.
    private func worthKeeping(_ roots: [Facts.Root]) -> [Facts.Root] {
        let count = request.mode == .persist ? max(1, request.keep) : request.keep
        var worthy = Array(roots.suffix(count))
        if let root = roots.last(where: { $0.persists }) { worthy.append(root) }
        var chains = facts.heldForOthers
        if case .success(let source) = facts.wanted { chains.append(source.chainID) }
        for root in roots.reversed() where root.persists && root.isGood && chains.contains(root.mark.origin.chainID) {
            chains.removeAll { $0 == root.mark.origin.chainID }
            worthy.append(root)
        }
        if count == 0 { return worthy }
        let good = roots.filter { $0.isGood }
        // Those that failed do not push out what boots may still go back to.
        worthy += good.suffix(mayFail ? count : 1)
        if let good = goodWithThisKernel(among: roots) { worthy.append(good) }
        return worthy
    }

    /// Whether the image was booted since its last good boot, or something stands in for it.
    private var mayFail: Bool {
        guard case .success(let source) = facts.wanted else { return true }
        return facts.record.tries(ofImage: source.imageID, under: request.name) > 0
    }

    /// With `docker_kernel=image` the running kernel is the loader's: a root that is good with it too is what can be gone back to.
    func goodWithThisKernel(among roots: [Facts.Root]) -> Facts.Root? {
        request.kernel == .image ? roots.last { $0.isGood && $0.modules == .present } : nil
    }

    private func reprieve(of root: Facts.Root) -> String? {
        root.obstacle.map { "\(root.title) at '\(path(of: root))' is not deleted: \($0)" }
    }

    /// Work is never lost without a word.
    private func farewell(to root: Facts.Root) -> String? {
        if request.mode != .persist && !root.persists { return nil }
        return "\(root.title) is deleted with what was done in it: docker_keep=\(request.keep) keeps no more"
    }

    /// Where a root goes on as it was asked for; what a fallback goes on with is no reason to give up what was asked for.
    func dropHolds(whileStaying root: Facts.Root) -> [Step] {
        guard case .success(let source) = facts.wanted, source.chainID == root.mark.origin.chainID else { return [] }
        return dropHolds(but: facts.roots, root.mark)
    }

    private func dropHolds(but roots: [Facts.Root], _ mark: Mark) -> [Step] {
        // Without a record, the last good image is not known.
        if facts.recordDamage != nil || !facts.areRootsKnown { return [] }
        let needed = roots.map { $0.mark.origin.chainID } + [mark.origin.chainID] + facts.heldForOthers + facts.record.lastGoodLayers
        return facts.held.filter { !needed.contains($0) }.map { .deleteSubvolume(Place(Layout.hold($0))) }
    }
}

extension Facts.Root {
    /// Whether it was made with `docker_mode=persist`: only then its mark has the state of the top layer.
    var persists: Bool { mark.origin.topLayer != nil }

    /// Why it is not deleted, however old it is.
    package var obstacle: String? {
        if !occupied.isEmpty {
            let shown = occupied.prefix(5).map { "'\($0)'" }.joined(separator: ", ")
            let more = occupied.count > 5 ? " and \(occupied.count - 5) more" : ""
            return "somebody put something into its subvolume \(shown)\(more)"
        }
        if let unseen { return unseen }
        return isDefault ? "it is the filesystem's default subvolume ('btrfs subvolume set-default' chooses another one)" : nil
    }
}

extension [Step] {
    /// The roots and templates that a step of these may delete.
    var deleted: [Place] {
        flatMap { step in
            if case .makeRoom(_, _, let leftovers, let roots) = step { return leftovers + roots }
            return []
        }
    }
}
