public import Basics
internal import Programs

extension Installer {
    /// Removes what `install` wrote, but not what was changed since.
    public func uninstall() async throws(Failure) {
        let lock = try locked()
        defer { unlock(lock) }
        try await endUnfinishedBuild()
        guard let record = try tree.record() else {
            throw Failure("could not uninstall: docker-btrfs is not installed: there is no '\(tree.show(InstallRecord.path))'")
        }
        // A system may have exchanged it.
        var framework = record.framework
        if left == nil, try !framework.isInstalled(in: tree) {
            do throws(Failure) { framework = try await InitramfsTool.used(in: tree) } catch {
                throw Failure(error.message, hint: "'docker-btrfs uninstall --no-build' takes away what install wrote, and builds nothing")
            }
        }
        let rebuild = try await rebuild(framework, record, isLasting: false)
        let plan = try InstallPlan(uninstalling: record, isBuilt: rebuild != nil, from: tree)
        if action == .dryRun { return describe(plan, rebuild) }
        try await Interruption.taken { () throws(Failure) in
            let undoing = try perform(plan.changes)
            do throws(Failure) {
                try Interruption.check()
                if let rebuild { _ = try await rebuild.run { (image, _) throws(Failure) in try await checkAbsence(in: image) } }
            } catch {
                throw tree.undo(undoing, after: error)
            }
            try perform(plan.closing)
        }
        say("removed docker-btrfs\(rebuild == nil ? "" : ", also from the initramfs")")
        for note in plan.notes { say(note) }
        if rebuild == nil { say(next(framework)) }
        if let rebuild, let others = try await leftImages(than: rebuild, holdingProgram: true) {
            say("left with docker-btrfs in it: \(others): build it anew with what made it")
        }
    }
}
