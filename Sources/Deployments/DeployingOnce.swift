public import Basics
internal import Boot
internal import BootEntries
internal import Images

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
