public import Basics
public import Boot
internal import BootEntries
internal import Linux
internal import Planning

/// What a machine boots and can go back to, read once.
public struct Inventory {
    /// A deployment, and what is known of it.
    public struct Item {
        public let deployment: Deployment
        public let isBooted: Bool
        /// What the machine boots when nobody chooses.
        public let isNext: Bool
        /// What was to be that, where the menu could not be written.
        public let isChosen: Bool
        /// Whether the boot loader was told to start it once, before that.
        public let isNextOnce: Bool
        /// Whether any boot of it was good.
        public let isGood: Bool
        /// Boots since the last good one; the one that runs is not counted as long as it may become good.
        public let tries: Int
        /// Those before it was given its chances anew, of which none was good.
        public let failedBefore: Int
        /// Why it cannot be booted; nil where all of it is there.
        public let damage: String?
    }

    /// The root that the system runs on.
    public struct Booted {
        public let reference: String
        public let imageID: String
        public let number: Int
        /// Seconds since 1970.
        public let made: Int
        public let isGood: Bool
        public let release: String?
    }

    /// nil where docker-btrfs did not make the running root.
    public let booted: Booted?
    /// The next one first.
    public let items: [Item]
    /// What came of the last `deploy --pull`; nil where there was none, and where it failed before another name was deployed.
    public let update: Update?
    /// What a person should know.
    public let notes: [String]
    /// Seconds since 1970.
    public let now = secondsNow()

    public init(of site: Site) async throws(Failure) {
        let (deployments, damaged) = try Deployment.all(on: site.topLevel)
        let (record, damage) = Record.current(on: site.topLevel)
        let root = try BootedRoot.current()
        booted = root.map { root in
            let origin = root.mark.origin
            return Booted(
                reference: origin.reference.description, imageID: origin.imageID.description, number: root.mark.number,
                made: root.mark.made, isGood: root.isGood,
                release: kernelRelease())
        }
        var faults = Faults()
        let next = faults.known(nil) { () throws(Failure) in try site.next(among: deployments) }
        let once = faults.known(nil) { () throws(Failure) in try site.nextOnce(among: deployments) }
        let items = try Self.items(deployments, record, root, next: next, once: once, on: site)
        self.items = items.filter(\.isNext) + items.filter { !$0.isNext }
        update = try site.update().flatMap { $0.isNews(beside: next) ? $0 : nil }
        var notes = damaged.map { Site.keepsKernels($0) }
        if let damage { notes.append(damage) }
        notes += Self.notes(ofBoot: root)
        notes += try Self.notes(ofTries: self.items, record, on: site)
        if let other = faults.known(nil, { () throws(Failure) in try site.otherOnce(among: deployments) }) { notes.append(other) }
        if let next, let obstacle = try await site.obstacle(toDiskFor: next) {
            let remedy = site.disk?.isMapped == true ? ImageKernel.openingRemedy : site.remedy(for: next)
            notes.append("\(next.title) does not get to '\(site.device)', where the roots are now: \(obstacle); \(remedy)")
        }
        notes += try Self.notes(ofMenu: items, next: next, on: site, &faults)
        if let next {
            // What it lacks is said beside it.
            if try site.damage(of: next) == nil { notes += site.refusals(of: next) }
            notes += try site.mountNotes(of: next)
        }
        let menuNotes = faults.known([]) { () throws(Failure) in try site.menuNotes() }
        self.notes = notes + (try site.namedAbsences()) + faults.texts + menuNotes
    }

    /// What is known of each deployment, in the records' order.
    private static func items(
        _ deployments: [Deployment], _ record: Record, _ root: BootedRoot?, next: Deployment?, once: Deployment?, on site: Site
    ) throws(Failure) -> [Item] {
        var items: [Item] = []
        for deployment in deployments {
            let id = deployment.imageID
            items.append(
                Item(
                    deployment: deployment, isBooted: root?.mark.origin.imageID == id, isNext: deployment == next,
                    isChosen: deployment == deployments.first && deployment != next,
                    isNextOnce: deployment == once,
                    isGood: record.isGood(image: id, under: site.settings.root),
                    tries: max(0, record.tries(ofImage: id, under: site.settings.root) - (root?.isPending(id) == true ? 1 : 0)),
                    failedBefore: try site.failedBoots(of: id, record),
                    damage: try site.damage(of: deployment)))
        }
        return items
    }

    /// Of the boot of the running system.
    private static func notes(ofBoot root: BootedRoot?) -> [String] {
        var notes: [String] = []
        if BootedRoot.isWithoutInit {
            notes.append(
                "this boot made no root: docker-btrfs-init is not in its initramfs, or was not run; 'docker-btrfs check-initramfs' tells")
        }
        if let root { notes += root.notes.map { "this boot: \($0)" } }
        return notes
    }

    /// Of boots that were not good; the first of the items is the next one.
    private static func notes(ofTries items: [Item], _ record: Record, on site: Site) throws(Failure) -> [String] {
        var notes: [String] = []
        let request = try site.settings.request(on: site.volume)
        if let first = items.first, first.tries >= request.tries, record.hadTries(first.deployment.imageID, request) {
            let roots = try site.roots().roots
            let hasOther = items.contains { $0.isGood } || roots.contains { $0.isGood }
            notes.append(
                "none of the last \(first.tries) boots of \(first.deployment.title) was good"
                    + (hasOther ? ": what booted well last is booted instead" : ", and nothing else was: it is booted again"))
        }
        return notes
    }

    /// Where the menu is not what the records say; the items are in their order.
    private static func notes(
        ofMenu items: [Item], next: Deployment?, on site: Site, _ faults: inout Faults
    ) throws(Failure) -> [String] {
        var notes: [String] = []
        if let chosen = items.first, chosen.isChosen, let next {
            let (title, id) = (chosen.deployment.title, chosen.deployment.shortID)
            notes.append("\(title) was chosen, and the menu still boots \(next.title): 'docker-btrfs rollback \(id)' writes it anew")
        } else if !items.isEmpty {
            let difference = faults.known([]) { () throws(Failure) in try site.difference(toMenuOf: items.map(\.deployment)) }
            if !difference.isEmpty {
                // What the command would say of it.
                let refusal = try site.refusalOfForeignMenu()
                notes.append(refusal?.note ?? "the boot menu is not what it should be: docker-btrfs deploy writes it anew")
            }
        }
        return notes
    }
}

/// A menu that cannot be read is one of the things to know.
private struct Faults {
    private(set) var texts: [String] = []

    /// What is found; `unknown` where that fails.
    mutating func known<Value>(_ unknown: Value, _ look: () throws(Failure) -> Value) -> Value {
        do throws(Failure) { return try look() } catch {
            if !texts.contains(error.note) { texts.append(error.note) }
            return unknown
        }
    }
}
