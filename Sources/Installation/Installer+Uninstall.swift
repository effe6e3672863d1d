public import Basics

extension Installer {
    /// Removes what `install` wrote, but not what was changed since.
    public func uninstall() async throws(Failure) {
        guard let record = try tree.record() else {
            throw Failure("could not uninstall: docker-btrfs is not installed: there is no '\(tree.show(Record.path))'")
        }
        let building = try await building(record.framework, record)
        let copies = building?.kept.filter { !$0.isKept }.map(\.copy)
        let plan = try Plan(uninstalling: record, copies: copies ?? [], from: tree)
        if action == .dryRun { return describe(plan, building) }
        try perform(plan.changes)
        if let building {
            _ = try await building.run { (image, _) throws(Failure) in try await checkAbsence(in: image) }
        }
        try perform(plan.closing)
        say("removed docker-btrfs\(building == nil ? "" : ", also from the initramfs")")
        for note in plan.notes { say(note) }
        if building == nil { say(next(record.framework)) }
    }
}
