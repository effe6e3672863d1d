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
        if action == .dryRun { return try describe(plan, building) }
        try perform(plan.changes)
        tell(plan, framework)
        guard let building else { return say(next(framework)) }
        try await run(building, record)
        say("next: boot with 'docker_path=' on the kernel command line")
    }

    private func run(_ building: Building, _ record: Record) async throws(Failure) {
        do throws(Failure) {
            let kept = try await building.run(record) { image throws(Failure) in try await check(image) }
            for image in kept { say("kept the initramfs from before as '\(Building.keptPath(image))'") }
        } catch {
            throw Failure(error.message, hint: "'docker-btrfs uninstall --no-build' takes the files away again")
        }
        for image in building.build.images { say("docker-btrfs is in '\(image)'") }
    }

    /// nil where the initramfs is left. Fails, before anything is changed, where it could not be built.
    func building(_ framework: Framework, _ record: Record) async throws(Failure) -> Building? {
        if left != nil { return nil }
        let building = Building(build: try await Build(framework, in: tree), tree: tree)
        _ = try building.recording(record)
        try building.checkSpace()
        return building
    }

    func describe(_ plan: Plan, _ building: Building?) throws(Failure) {
        for change in plan.changes { say(change.description) }
        for line in try building?.description() ?? [] { say(line) }
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

    func next(_ framework: Framework) -> String {
        let command = "'\(framework.generalCommand)'"
        return switch left {
        case .asked, nil: "next: build the initramfs with \(command)"
        case .otherTree: "next: build the initramfs of '\(tree.show(.top))', with \(command) in it"
        case .container: "this is a container, and builds no initramfs for a machine by itself; next: \(command) with the kernel's version"
        }
    }
}

extension Framework {
    /// What builds every initramfs of a system.
    var generalCommand: String {
        switch self {
        case .mkinitcpio: "mkinitcpio -P"
        case .dracut: "dracut --force --regenerate-all"
        case .initramfsTools: "update-initramfs -u -k all"
        }
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

extension Directory {
    /// Whether this is the root of a container: what Docker, Podman and systemd leave there.
    fileprivate var isContainer: Bool {
        get throws(Failure) {
            let marks: [Path] = [".dockerenv", "run/.containerenv", "run/systemd/container"]
            for mark in marks where try status(of: mark) != nil { return true }
            return false
        }
    }
}
