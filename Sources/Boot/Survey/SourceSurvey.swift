internal import Basics
internal import Images
internal import Planning

/// Looks for what images give.
struct SourceSurvey {
    let request: Request
    let images: ImageSurvey
    /// Why the filesystem of the store cannot be had.
    let missing: Failure?

    private var topLevel: Directory { images.topLevel }

    /// What the request's image gives. For one that was deployed no store is read: its layer is held. Where the store has an image
    /// no more and a root of ours was made from one of that reference, it is the layer that was held then.
    func wanted(roots: [Facts.Root]) throws(Failure) -> Facts.Source {
        if let source = try deployed() { return source }
        if let missing { return try held(without: missing, roots) }
        let stores = try stores()
        let image: Image
        let notes: [String]
        do throws(Failure) {
            (image, notes) = try stores.image(request.image)
        } catch {
            return try held(without: error, roots)
        }
        var source = try images.stored(image, as: request.image)
        if !notes.isEmpty { source.note = notes.joined(separator: "; ") }
        return source
    }

    /// The layer that was held when an image of that reference was booted. Fails with what failed before where there is none.
    private func held(without failure: Failure, _ roots: [Facts.Root]) throws(Failure) -> Facts.Source {
        let origin = roots.map { $0.mark.origin }.last { request.image.means($0.imageID, foundAs: $0.reference) }
        guard let origin, var source = try images.held(origin.chainID, origin.imageID, origin.reference) else { throw failure }
        source.note = "\(failure.message); taking the layer that was held when it was booted"
        return source
    }

    /// What was deployed: the image that a program chose, or, where no store is named, one that a person did. nil where that is
    /// not there and the store may have it.
    private func deployed() throws(Failure) -> Facts.Source? {
        if request.deployed == nil && request.dockerPath != nil { return nil }
        let all = try Deployment.all(on: topLevel).deployments
        let one = all.first { request.image.means($0.imageID, foundAs: $0.reference) }
        if let one, let source = try images.held(one.chainID, one.imageID, one.reference) { return source }
        if request.dockerPath != nil { return nil }
        let names = all.map { "\($0.reference.text) (\($0.imageID))" }.joined(separator: ", ")
        throw Failure(
            "could not find the deployed image '\(request.image.text)': \(one == nil ? "it is not among the deployments" : "its layer is not held any more")",
            hint: all.isEmpty ? "docker-btrfs deploy makes a deployment" : "deployed are \(names)"
        )
    }

    private func stores() throws(Failure) -> ImageStores {
        guard let path = request.dockerPath else {
            throw Failure("could not look for an image: there is no '\(Request.optIn)=' on the kernel command line")
        }
        let filesystem = images.store?.top ?? topLevel
        if let stores = try ImageStores(in: filesystem, at: path, request.store) { return stores }
        throw try filesystem.absent(path, as: "the image store", key: Request.optIn.rawValue)
    }

    /// An image that was booted before: from the store, or its layer that was held.
    func recorded(_ image: Record.Image) throws(Failure) -> Facts.Source? {
        do throws(Failure) {
            if let missing { throw missing }
            return try images.stored(stores().image(ImageReference(image.id)).image, as: image.reference)
        } catch {
            return try images.held(image.chainID, image.id, image.reference)
        }
    }
}
