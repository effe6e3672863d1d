public import Basics
internal import Boot
internal import BootRun
internal import CLinux
internal import Planning

/// A root that docker-btrfs made: the one that the machine runs on, or one of an earlier boot.
public struct ListedRoot {
    let root: Facts.Root
    /// By which the roots of one name are told apart.
    public let number: Int
    /// Whether the system runs on it.
    public let isBooted: Bool
    /// What it is called, of one that is entered and not booted.
    public var project: String?
    /// Whether it is written down of a project what it was made of: whoever is in it can write its mark.
    var hasRecord = true

    public var reference: String { root.mark.origin.reference.description }
    public var imageID: String { root.mark.origin.imageID.description }
    /// Seconds since 1970.
    public var made: Int { root.mark.made }
    /// Whether a boot of it was good.
    public var isGood: Bool { root.isGood }
    /// From the top level.
    public var path: String { root.path.description }
    package var place: Path { root.path }
    /// `project 'work'`, `root 7 ('desktop')`
    var title: String { project.map { "project '\($0)'" } ?? root.title }
}

extension Site {
    /// All of them, oldest first, and what is wrong with any.
    public func roots() throws(Failure) -> (roots: [ListedRoot], faults: [String]) {
        let (found, faults) = Facts.roots(of: settings.root, on: topLevel)
        // What runs may be a root whose mark is not its own: one that came back from elsewhere.
        let running = if let root = try RunningRoot.current() { root.tree } else { try Directory(opening: "/") }
        var roots: [ListedRoot] = []
        for root in found {
            // One that came back from elsewhere may have the number of another one in its mark.
            let number = root.path == settings.root ? root.mark.number : Layout.number(root.path.name) ?? root.mark.number
            let isBooted = try topLevel.directory(at: root.path)?.isSame(as: running) == true
            roots.append(ListedRoot(root: root, number: number, isBooted: isBooted))
        }
        return (roots, faults)
    }

    /// The way to delete roots of earlier boots.
    public func removing(roots numbers: [Int]) throws(Failure) -> DeploymentPlan {
        let good = try roots().roots.last { $0.isGood }?.number
        var changes: [DeploymentChange] = []
        var (outcome, notes): ([String], [String]) = ([], [])
        for number in Set(numbers).sorted() {
            let one = try root(number)
            let root = one.root
            let reason =
                if one.isBooted { "the system runs on it" } else if root.path == settings.root {
                    "it is the machine's root, which the next boot replaces"
                } else { root.obstacle }
            if let reason { throw Failure("could not remove \(root.title): \(reason)") }
            changes.append(.step(.deleteSubvolume(Place(root.path))))
            outcome.append("removed \(root.title)")
            if number == good { notes.append("\(root.title) was the last root that booted well") }
        }
        return DeploymentPlan(site: self, changes: changes + [.sync(topLevel)], outcome: outcome, notes: notes)
    }

    func root(_ number: Int) throws(Failure) -> ListedRoot {
        let all = try roots().roots
        let found = all.filter { $0.number == number }
        // As a boot takes it: the one that stands may have the number of a kept one in its mark.
        if let root = found.first(where: { $0.root.path != settings.root }) ?? found.first { return root }
        throw Failure(
            "could not find root \(number)",
            hint: all.isEmpty ? "there is none of '\(settings.root)' yet" : there(all.map { "\($0.number)" }, "root"))
    }

    /// How many bytes of data are a root's own: shared neither with its image nor with another root. What was not changed in it is not
    /// looked at.
    public func ownBytes(of one: ListedRoot) throws(Failure) -> Int {
        guard let tree = try topLevel.directory(at: one.root.path), let subvolume = try tree.subvolume() else { return 0 }
        let items = try SubvolumeTree(tree)
        var sum = 0
        for inode in try items.changedInodes(after: subvolume.made) where inode.kind == .file && inode.size > 0 {
            guard let path = try items.path(of: inode.number), let parent = try? tree.descending(path.parent) else { continue }
            let flags = O_RDONLY | O_NONBLOCK | O_NOFOLLOW | O_CLOEXEC
            let file = linux_openat2(parent.descriptor, cString(path.name), flags, 0, linux_resolve_no_links)
            if file < 0 { continue }
            defer { close(file) }
            sum += max(0, Int(linux_own_bytes(file)))
        }
        return sum
    }
}
