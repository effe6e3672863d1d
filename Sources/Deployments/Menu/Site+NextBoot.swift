public import Basics
internal import Boot
internal import BootEntries
internal import Images

/// What the machine boots next.
extension Site {
    /// What the machine boots when nobody chooses: the records' default, unless the menu with it could not be written. nil where nothing is
    /// deployed, and where the record of what the menu names is damaged.
    func next(among all: [Deployment]) throws(Failure) -> Deployment? {
        let text = try loader?.textOfDefault() ?? ""
        if let named = all.first(where: { text.contains($0.imageID.digest.hex) }) { return named }
        return try damagedNext() == nil ? all.first : nil
    }

    /// The damaged record of what the machine boots when nobody chooses.
    func damagedNext() throws(Failure) -> Path? {
        let text = try loader?.textOfDefault() ?? ""
        return try Deployment.all(on: topLevel).damaged.first { text.contains(display($0.name)) }
    }

    /// What the next boot is of: the deployment that the boot loader was told to start once, else what it starts when nobody chooses. The
    /// note tells where that is not the same, or no deployment is what it was told of. nil where `next` is.
    func nextBoot(among all: [Deployment]) throws(Failure) -> (deployment: Deployment, note: String?)? {
        if let once = try nextOnce(among: all) {
            return (once, "this is the next boot alone (deploy --once); after it the default is booted again")
        }
        let note = try otherOnce(among: all).map { "\($0); this is the default, which comes after it" }
        return try next(among: all).map { ($0, note) }
    }

    /// The image of the next boot, what it was called, and what is to be known of it; nil where nothing is deployed.
    public func nextImage() throws(Failure) -> (id: String, name: String, note: String?)? {
        try nextBoot(among: Deployment.all(on: topLevel).deployments).map {
            ($0.deployment.imageID.description, $0.deployment.reference.text, $0.note)
        }
    }

    /// The one that the next boot is of, where the default comes after that.
    func nextOnce(among all: [Deployment]) throws(Failure) -> Deployment? {
        guard let id = try loader?.toldOnce()?.id else { return nil }
        return all.first { entryID(of: $0.imageID) == id }
    }

    /// That the boot loader was told to start something else once than a deployment: a root that was kept, or another system.
    func otherOnce(among all: [Deployment]) throws(Failure) -> String? {
        guard let id = try loader?.entryOnce(), !all.contains(where: { entryID(of: $0.imageID) == id }) else { return nil }
        let root = try namedRoots().first { entryID(of: $0) == id }
        let what = root.map { "'\($0.path)'" } ?? "the entry '\(display(id.utf8))'"
        return "the boot loader was told to start \(what) at the next boot alone"
    }

    /// The entry that the boot loader was told of for one boot is none any more: the way to let it forget that.
    func forgettingOnce() throws(Failure) -> [DeploymentChange] {
        guard let loader, let told = try loader.toldOnce() else { return [] }
        return try checked([.startOnce(nil, told.forgetting, of: loader), .sync(loader.directory)])
    }

    /// The same of those that were set up before: each of them may be what starts this machine still. One that cannot be told is in nobody's way.
    func forgettingFormerOnce() throws(Failure) -> (changes: [DeploymentChange], notes: [String]) {
        var (changes, notes): ([DeploymentChange], [String]) = ([], [])
        for former in try formerLoaders().map(\.loader) {
            // What the firmware has for one systemd-boot is for all.
            if former.kind == .systemdBoot && loader?.kind == .systemdBoot { continue }
            guard let told = try former.toldOnce() else { continue }
            if case .grubEnvironment = told.forgetting {
                do throws(Failure) { try checkLoaderFolder(of: former) } catch {
                    notes.append("\(former.kind.title), which was set up before, starts another entry at its next boot: \(error.message)")
                    continue
                }
            }
            changes += [.startOnce(nil, told.forgetting, of: former), .sync(former.directory)]
        }
        return (changes, notes)
    }
}

/// Deploying for one boot: `deploy --once`.
extension Site {
    /// Fails where an image cannot be deployed for one boot, before anything that takes time.
    public func checkOnce(_ asked: String?) throws(Failure) {
        let before = try Deployment.all(on: topLevel).deployments
        guard case .image(let image, _) = try wanted(asked, among: before) else { return }
        _ = try startingOnce(image.id, image.reference, before: before.first)
    }

    /// Fails, before anything is written, where the boot loader cannot be told of one boot, or there is no other one after it.
    func startingOnce(_ image: ImageID, _ reference: ImageReference, before standing: Deployment?) throws(Failure) -> [DeploymentChange] {
        let what = "could not deploy '\(reference)' for one boot"
        guard let standing, standing.imageID != image else {
            throw Failure("\(what): there is no other default, which comes after it", hint: "deploy it without --once")
        }
        if let damage = try damage(of: standing) {
            throw Failure(
                "\(what): after it comes \(standing.title), and \(damage)",
                hint: remedy(for: standing))
        }
        guard let loader else {
            throw Failure("\(what): the entries are written by a person", hint: "choose its entry in the menu")
        }
        do throws(Failure) {
            let device = try MountedFolder(loader.directory).device
            if loader.kind == .grub, MachineBtrfs.isMapped(device) {
                throw Failure("GRUB cannot write to '\(device)', where its folder is, and would not forget it")
            }
            let id = entryID(of: image)
            return try checked([.startOnce(id, try loader.nextBoot(id), of: loader), .sync(loader.directory)])
        } catch {
            throw Failure("\(what): \(error.message)", hint: "deploy it without --once; the entry of \(standing.title) stays in the menu")
        }
    }

    func outcomeOnce(_ deployment: Deployment, _ standing: Deployment) -> [String] {
        ["next boot, once: \(deployment.title) with kernel \(deployment.release), a new root; after it \(standing.title) again"]
    }
}
