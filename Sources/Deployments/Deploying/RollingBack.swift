public import Basics
internal import Boot
internal import BootEntries

extension Site {
    /// The way to make an earlier deployment the next boot again: unless it is named, the newest before the default that was good, or
    /// where none was, the newest; where the boot loader was told of one boot, the default. Of several with the name that is asked for it is the
    /// newest that is not next.
    public func rollingBack(to asked: String?) throws(Failure) -> DeploymentPlan {
        let all = try Deployment.all(on: topLevel).deployments
        guard let current = all.first else {
            throw Failure("could not roll back: nothing was deployed yet", hint: "docker-btrfs deploy IMAGE makes a first one")
        }
        // Where a menu could not be written, that is not the records' default.
        let next = try next(among: all)
        let earlier = all.filter { $0 != next }
        let tried = Record.current(on: topLevel).record
        let isGood = { (one: Deployment) in tried.isGood(image: one.imageID, under: self.settings.root) }
        var target: Deployment
        if let asked {
            let named = try deployments(asked, among: all)
            target = named.first { $0 != next } ?? named[0]
        } else if let next, try nextOnce(among: all) != nil {
            // A try that was asked for is taken back.
            target = next
        } else if let newest = earlier.first {
            target = try wayBack(from: next ?? current, among: earlier) ?? newest
        } else {
            throw Failure(
                "could not roll back: there is no deployment but \(current.title)", hint: "docker-btrfs deploy IMAGE makes another one")
        }
        if let damage = try damage(of: target) {
            throw Failure(
                "could not roll back to \(target.title): \(damage)", hint: remedy(for: target))
        }
        let isBehind = target.number < current.number
        if isBehind { target.number = current.number + 1 }
        let others = all.filter { $0.imageID != target.imageID }
        let menu = try self.changes(toMenuOf: [target] + others) + forgettingOnce()
        var changes: [DeploymentChange] = []
        if isBehind { changes += [.prove(target.files, of: target, in: kernels)] + (try findingRoom(for: menu)) + record(target) }
        let forgetting = try forgettingFormerOnce()
        changes += menu + forgetting.changes
        let (chances, tries) = try givingChances(to: target)
        changes += chances
        let left = try [next, nextOnce(among: all)].compactMap { $0 }.filter { $0.imageID != target.imageID }
        changes += try noting(left: left, wanted: [target])
        if changes.isEmpty {
            throw Failure("could not roll back to \(target.title): it is what the machine boots next already", hint: "name another one")
        }
        changes += try forgettingFailure(beside: target)
        let isStaying = try isWhole(current)
        let staying = isStaying && current.imageID != target.imageID ? "; \(current.shortID) stays in the menu" : ""
        let more = asked == nil && all.count > 2 && !earlier.contains(where: isGood) ? ", nor of another earlier deployment" : ""
        let failed = try failedBoots(of: target.imageID, tried)
        let count = failed > 0 ? "; it was tried \(failed + tried.tries(ofImage: target.imageID, under: settings.root)) times" : ""
        let doubt = isGood(target) || !tries.isEmpty ? [] : ["no boot of \(target.title) was good yet\(more)\(count)"]
        return DeploymentPlan(
            site: self, changes: changes,
            outcome: try linesOfEntries(target, others) + ["next boot: \(target.title) with kernel \(target.release)\(staying)"],
            notes: byHand + forgetting.notes + doubt + tries + refusals(of: target) + (try mountNotes(of: target))
                + (try absences(among: others)) + (try namedAbsences()) + (try menuNotes()))
    }

    /// What is left to a person, behind the entries that are printed for him.
    var byHand: [String] {
        settings.loader == .print ? ["the boot menu is yours to write: make the first of these entries its default"] : []
    }

    /// The newest earlier deployment that was good, or where none was, the newest, of those that can be booted; nil where none can. One
    /// that boots what `current` boots is no way back where there is another as good.
    func wayBack(
        from current: Deployment?, among earlier: some Sequence<Deployment>, beside new: Deployment? = nil
    ) throws(Failure) -> Deployment? {
        let record = Record.current(on: topLevel).record
        var whole: [Deployment] = []
        for one in earlier where try isWhole(one, beside: new) { whole.append(one) }
        let others = whole.filter { !$0.isSame(as: current) }
        let isGood = { (one: Deployment) in record.isGood(image: one.imageID, under: settings.root) }
        return others.first(where: isGood) ?? whole.first(where: isGood) ?? others.first ?? whole.first
    }

    /// Which earlier deployments have no entry in the menu, and why.
    func absences(among earlier: [Deployment], beside new: Deployment? = nil) throws(Failure) -> [String] {
        var notes: [String] = []
        for one in earlier {
            guard let damage = try damage(of: one, beside: new) else { continue }
            notes.append("\(one.title) is not in the menu: \(damage); \(remedy(for: one, isEarlier: true))")
        }
        return notes
    }
}
