public import Basics
internal import CLinux
internal import Files
internal import Programs

/// Puts docker-btrfs into a system, and takes it out again.
public struct Installer: Sendable {
    public enum Action: Sendable { case perform, dryRun }
    public enum Initramfs: Sendable { case build, leave }

    let tree: Directory
    let action: Action
    /// Why the initramfs is not built here; nil where it is.
    let left: Left?
    /// Takes each line for the person in front of the screen.
    let say: @Sendable (String) -> Void

    /// Why an initramfs is left to others.
    enum Left { case asked, otherTree, container }

    /// `root` is the tree to install into: nil for the running system.
    public init(
        root: String?, action: Action, initramfs: Initramfs, say: @escaping @Sendable (String) -> Void
    ) throws(Failure) {
        tree = try Directory(opening: root ?? "/")
        self.action = action
        self.say = say
        left =
            if initramfs == .leave {
                .asked
            } else if root != nil {
                .otherTree
            } else {
                try tree.isContainer ? .container : nil
            }
    }

    /// Whether `install` was here.
    public var isInstalled: Bool { get throws(Failure) { try tree.record() != nil } }

    /// Keeps others out until it is unlocked: two at once would undo what the other one wrote. It is that of the program, which
    /// nothing else locks (flock(2)); nil where nothing is changed.
    func locked() throws(Failure) -> Directory? {
        guard action == .perform, let folder = try tree.directory(at: "usr") else { return nil }
        if linux_flock(folder.descriptor, LOCK_EX | LOCK_NB) == 0 { return folder }
        throw Failure(
            "could not change '\(tree.show(.top))': another install or uninstall has '\(folder.show(.top))' locked",
            hint: "try again when that has ended")
    }

    func unlock(_ folder: Directory?) {
        if let folder { _ = linux_flock(folder.descriptor, LOCK_UN) }
    }

    /// `program` is docker-btrfs-init. Whatever fails, all is as it was before.
    public func install(_ given: InitramfsTool?, program: [UInt8]) async throws(Failure) {
        let lock = try locked()
        defer { unlock(lock) }
        try await endUnfinishedBuild()
        let framework = if let given { given } else { try await InitramfsTool.used(in: tree) }
        let (plan, record) = try InstallPlan.installing(framework, program: program, into: tree)
        let rebuild = try await rebuild(framework, record, isLasting: true)
        let cause = try await framework.overridden(in: tree)
        if action == .dryRun { return describe(plan, rebuild) }
        try await Interruption.taken { () throws(Failure) in
            let undoing = try perform(plan.changes)
            tell(plan, framework)
            do throws(Failure) {
                try Interruption.check()
                if let rebuild { try await run(rebuild, framework, cause) }
            } catch {
                throw tree.undo(undoing, after: error)
            }
        }
        if rebuild != nil { return say("next: boot with 'docker_path=' or 'docker_deployed=' on the kernel command line") }
        if let cause { say("\(cause), so docker-btrfs would not be in the initramfs: \(framework.omissionHint)") }
        say(next(framework))
    }

    private func run(_ rebuild: Rebuild, _ framework: InitramfsTool, _ cause: String?) async throws(Failure) {
        var lines: [String] = []
        let kept = try await rebuild.run { (image, old) throws(Failure) in
            do throws(Failure) {
                lines += try await check(image, old, by: framework)
            } catch {
                throw Failure(cause.map { "\(error.message): \($0)" } ?? error.message, hint: error.hint)
            }
        }
        for line in kept + lines { say(line) }
        var others: [Path] = []
        for image in try tree.leftImages(than: rebuild.commands.images) where try await !tree.holdsProgram(image) { others.append(image) }
        if !others.isEmpty { say("left without docker-btrfs: \(others.map { "'\($0)'" }.joined(separator: ", "))") }
    }

    /// nil where the initramfs is left. Fails, before anything is changed, where it could not be built.
    func rebuild(_ framework: InitramfsTool, _ record: InstallRecord, isLasting: Bool) async throws(Failure) -> Rebuild? {
        if left != nil { return nil }
        let commands = try await BuildCommands(framework, in: tree)
        let rebuild = try await Rebuild(commands, record, isLasting: isLasting, in: tree)
        try rebuild.checkSpace()
        return rebuild
    }

    func describe(_ plan: InstallPlan, _ rebuild: Rebuild?) {
        let lines = plan.changes.map(\.description) + (rebuild?.description ?? []) + plan.closing.map(\.description)
        for line in lines.isEmpty ? ["nothing is to be done"] : lines { say(line) }
        for note in plan.notes { say(note) }
    }

    /// Returns what takes the changes back.
    @discardableResult
    func perform(_ changes: [Change]) throws(Failure) -> [Change] {
        // What a run that was killed left half written.
        for path in KnownPaths.files.union([InstallRecord.path]) { try tree.removeDraft(beside: path) }
        return try tree.perform(changes)
    }

    private func tell(_ plan: InstallPlan, _ framework: InitramfsTool) {
        let count = plan.changes.filter(\.isFile).count
        let files = count == 1 ? "1 file" : "\(count) files"
        say(count == 0 ? "all files for \(framework.rawValue) are there" : "wrote \(files) for \(framework.rawValue)")
        for note in plan.notes { say(note) }
    }
}

extension Change {
    fileprivate var isFile: Bool {
        switch self {
        case .write, .replace: true
        case .makeDirectory, .record, .remove, .removeDirectory: false
        }
    }
}
