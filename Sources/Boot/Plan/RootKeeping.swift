internal import Basics
internal import Planning

extension Rotation {
    /// Adds what becomes of the root that is replaced, which then lies where the new one was built, and of older ones and of
    /// holds that nothing refers to any more.
    func keep(_ old: Facts.Root?, under mark: Mark, _ plan: Plan) -> Plan {
        let gone = facts.roots.filter { plan.steps.deleted.contains(Place($0.path)) }
        let rest = facts.roots.filter { !gone.contains($0) }
        let worthy = worthKeeping(rest)
        let staying = rest.filter { worthy.contains($0) || !$0.occupied.isEmpty }
        let leaving = rest.filter { !staying.contains($0) }
        var afterwards: [Step] = []
        if let old, staying.contains(old) { afterwards.append(.rename(new, to: Place(path(of: old)))) }
        afterwards += leaving.map { .deleteSubvolume($0 == old ? new : Place($0.path)) }
        // Those that make room may not all have to go.
        afterwards += dropHolds(but: staying + gone, mark)
        let notes = staying.filter { !worthy.contains($0) }.map { occupation(of: $0) } + leaving.compactMap { farewell(to: $0) }
        return Plan(steps: plan.steps, afterwards: afterwards, notes: plan.notes + notes)
    }

    /// Where a root lies after the swap.
    private func path(of root: Facts.Root) -> Path {
        root.path == request.name ? Layout.kept(request.name, root.mark.number) : root.path
    }

    /// The newest ones, as many as were asked for, and the last good one. A root that persisted has work in it: one of those is
    /// always kept.
    private func worthKeeping(_ roots: [Facts.Root]) -> [Facts.Root] {
        let count = request.mode == .persist ? max(1, request.keep) : request.keep
        if count == 0 { return [] }
        let newest = roots.suffix(count)
        let good = roots.last { $0.isGood }
        return newest + (good.map { newest.contains($0) ? [] : [$0] } ?? [])
    }

    private func occupation(of root: Facts.Root) -> String {
        let inside = root.occupied.map { "'\($0)'" }.joined(separator: ", ")
        return "\(root.title) at '\(path(of: root))' is not deleted: somebody put something into its subvolume \(inside)"
    }

    /// Work is never lost without a word.
    private func farewell(to root: Facts.Root) -> String? {
        if request.mode != .persist { return nil }
        return "\(root.title) is deleted with what was done in it: docker_keep=\(request.keep) keeps no more"
    }

    private func dropHolds(but roots: [Facts.Root], _ mark: Mark) -> [Step] {
        // Without a record, the last good image is not known.
        if facts.recordDamage != nil { return [] }
        var needed = roots.map { $0.mark.origin.chainID } + [mark.origin.chainID] + facts.heldForOthers
        if let good = facts.record.lastGood(but: nil) { needed.append(good.chainID) }
        return facts.held.filter { !needed.contains($0) }.map { .deleteSubvolume(Place(Layout.hold($0))) }
    }
}

extension [Step] {
    /// The roots and templates that a step of these may delete.
    var deleted: [Place] {
        flatMap { step in
            if case .makeRoom(_, let places) = step { return places }
            return []
        }
    }
}
