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

    /// What is locked (flock(2)), and there only as long: nobody else can open it, so that no user can keep an install out.
    private static let lock: Path = "usr/.docker-btrfs.lock"

    /// Keeps others out until it is unlocked: two at once would undo what the other one wrote. nil where nothing is changed, or can be.
    func locked() throws(Failure) -> Int32? {
        guard action == .perform, let folder = try tree.directory(at: Self.lock.parent) else { return nil }
        while true {
            var path = Self.lock
            let flags = O_WRONLY | O_CREAT | O_NONBLOCK | O_CLOEXEC
            var file = linux_openat2(folder.descriptor, path.fileName, flags, 0o600, linux_resolve_no_links)
            if file < 0 && [EROFS, ENOSPC].contains(linux_errno()) {
                // No file can be made. Others can lock the folder, but two at once are worse.
                path = Self.lock.parent
                file = linux_openat2(folder.descriptor, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, linux_resolve_no_links)
            }
            if file < 0 {
                // What cannot be written is named with the first file that is to go there.
                if linux_errno() == EACCES { return nil }
                throw .system("lock '\(tree.show(path))'")
            }
            if linux_flock(file, LOCK_EX | LOCK_NB) != 0 {
                close(file)
                throw Failure(
                    "could not change '\(tree.show(.top))': another install or uninstall has '\(tree.show(path))' locked",
                    hint: "try again when that has ended")
            }
            var found = stat()
            // Who had it before may have removed it meanwhile.
            if fstat(file, &found) == 0 && found.st_nlink > 0 { return file }
            close(file)
        }
    }

    func unlock(_ file: Int32?) {
        guard let file else { return }
        var found = stat()
        let isFolder = fstat(file, &found) == 0 && Int32(found.st_mode) & S_IFMT == S_IFDIR
        do throws(Failure) { if !isFolder { try tree.remove(Self.lock) } } catch {}
        close(file)
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
        if let note = try goodMarkNote() { say(note) }
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
        if let others = try await leftImages(than: rebuild, holdingProgram: false) { say("left without docker-btrfs: \(others)") }
        let without = rebuild.commands.withoutImage.sorted().joined(separator: ", ")
        if !without.isEmpty { say("left without an initramfs, as before: the kernel \(without)") }
    }

    /// The images that others built, with docker-btrfs-init in them or without; nil where there are none.
    func leftImages(than rebuild: Rebuild, holdingProgram: Bool) async throws(Failure) -> String? {
        var found: [String] = []
        for image in try tree.leftImages(than: rebuild.commands.images) where try await tree.holdsProgram(image) == holdingProgram {
            found.append("'\(image)'")
        }
        return found.isEmpty ? nil : found.joined(separator: ", ")
    }

    /// nil where the initramfs is left. Fails, before anything is changed, where it could not be built.
    func rebuild(_ framework: InitramfsTool, _ record: InstallRecord, isLasting: Bool) async throws(Failure) -> Rebuild? {
        if left != nil { return nil }
        let commands = try await BuildCommands(framework, isLasting: isLasting, in: tree)
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
        // Of an older version, or of another framework.
        for case .remove(let path) in plan.changes { say("removed '\(path)'") }
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
