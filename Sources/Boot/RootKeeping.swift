internal import Basics
internal import Planning

extension Rotation {
    /// Adds what becomes of the root that is replaced, which then lies where the new one was built, and of older ones and of
    /// holds that nothing refers to any more.
    func keep(_ old: Facts.Root?, under mark: Mark, _ plan: Plan) -> Plan {
        var afterwards: [Step] = []
        var notes = plan.notes
        var staying: [Facts.Root] = []
        let gone = plan.steps.deleted
        let all = (facts.kept + replacedLeftover).filter { !gone.contains($0.path) } + (old.map { [$0] } ?? [])
        let kept = worthKeeping(all)
        for root in all {
            let isOld = root == old
            let place = isOld || replacedLeftover.contains(root) ? Layout.kept(request.name, root.mark.number) : root.path
            if kept.contains(root) || !root.occupied.isEmpty {
                staying.append(root)
                if isOld { afterwards.append(.rename(new, to: place)) }
                if !kept.contains(root) { notes.append(occupation(of: root, at: place)) }
            } else {
                afterwards.append(.deleteSubvolume(isOld ? new : place))
            }
        }
        return Plan(steps: plan.steps, afterwards: afterwards + dropHolds(but: staying, mark), notes: notes)
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

    private func occupation(of root: Facts.Root, at place: Path) -> String {
        let inside = root.occupied.map { "'\($0)'" }.joined(separator: ", ")
        return "\(root.title) at '\(place)' is not deleted: somebody put something into its subvolume \(inside)"
    }

    private func dropHolds(but roots: [Facts.Root], _ mark: Mark) -> [Step] {
        var needed = roots.map { $0.mark.origin.chainID } + [mark.origin.chainID]
        if let good = facts.record.lastGood(but: nil) { needed.append(good.chainID) }
        return facts.held.filter { !needed.contains($0) }.map { .deleteSubvolume(Layout.hold($0)) }
    }
}

extension [Step] {
    /// The roots that a step of these may delete.
    fileprivate var deleted: [Path] {
        flatMap { step in
            if case .makeRoom(_, let paths) = step { return paths }
            return []
        }
    }
}
