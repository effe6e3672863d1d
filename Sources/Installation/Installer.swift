public import Basics

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

    /// `program` is docker-btrfs-init.
    public func install(_ given: Framework?, program: [UInt8]) async throws(Failure) {
        let framework = if let given { given } else { try await Framework.used(in: tree) }
        let (plan, record) = try Plan.installing(framework, program: program, into: tree)
        let building = try await building(framework, record)
        if action == .dryRun { return describe(plan, building) }
        try perform(plan.changes)
        tell(plan, framework)
        guard let building else { return say(next(framework)) }
        try await run(building)
        say("next: boot with 'docker_path=' on the kernel command line")
    }

    private func run(_ building: Building) async throws(Failure) {
        do throws(Failure) {
            var lines: [String] = []
            let kept = try await building.run { (image, old) throws(Failure) in lines += try await check(image, old) }
            for copy in kept { say("kept the initramfs from before as '\(copy)'") }
            for line in lines { say(line) }
        } catch {
            throw error.hinting("'docker-btrfs uninstall --no-build' takes the files away again")
        }
        var others: [Path] = []
        for image in try tree.otherImages(than: building.build.images) where try await !tree.holdsProgram(image) { others.append(image) }
        if !others.isEmpty { say("left without docker-btrfs: \(others.map { "'\($0)'" }.joined(separator: ", "))") }
    }

    /// nil where the initramfs is left. Fails, before anything is changed, where it could not be built.
    func building(_ framework: Framework, _ record: Record) async throws(Failure) -> Building? {
        if left != nil { return nil }
        let building = try await Building(Build(framework, in: tree), record, in: tree)
        try building.checkSpace()
        return building
    }

    func describe(_ plan: Plan, _ building: Building?) {
        for change in plan.changes { say(change.description) }
        for line in building?.description ?? [] { say(line) }
        for change in plan.closing { say(change.description) }
        for note in plan.notes { say(note) }
    }

    func perform(_ changes: [Change]) throws(Failure) {
        for change in changes { try tree.perform(change) }
    }

    private func tell(_ plan: Plan, _ framework: Framework) {
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
