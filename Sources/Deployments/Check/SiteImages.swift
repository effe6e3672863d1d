public import Basics
package import Boot
package import Images

/// The images of the store, and what is deployed of them.
extension Site {
    func image(_ reference: ImageReference, in store: StoreFilesystem?) throws(Failure) -> Image {
        let stores = try imageStores(in: store)
        let image: Image
        do throws(Failure) { image = try stores.called(stores.image(reference).image) } catch {
            throw error.placing(settings.store, of: store?.top ?? topLevel)
        }
        try checkPlatform(image)
        return image
    }

    /// Where images are looked for, of the kind and namespace that a boot reads by the options.
    package func imageStores(in store: StoreFilesystem?) throws(Failure) -> ImageStores {
        let (root, choice) = (store?.top ?? topLevel, try settings.storeChoice(on: volume))
        do throws(Failure) {
            if let stores = try ImageStores(in: root, at: settings.store, choice) { return stores }
        } catch {
            throw error.ofSetup.placing(settings.store, of: root)
        }
        throw Failure("could not find the images' store '\(settings.store)'", hint: "docker-btrfs setup looks for it again")
    }

    /// The id of the image that a name means now.
    public func imageID(of name: String) throws(Failure) -> String {
        try image(ImageReference(name), in: storeFilesystem()).id.description
    }

    /// The names of the images in the store.
    public func imageNames() throws(Failure) -> [String] {
        try imageStores(in: storeFilesystem()).names()
    }

    /// The same of what is deployed.
    public func deployedNames() throws(Failure) -> [String] {
        Set(try Deployment.all(on: topLevel).deployments.map { $0.reference.description }).sorted()
    }
}

extension ImageStores {
    /// An image that was found here, called by its id where it was found by the beginning of that, and has no name that reads so: engines look
    /// for names first.
    package func called(_ image: Image) throws(Failure) -> Image {
        let byID = image.calledByID
        if byID.reference == image.reference { return image }
        for name in try names() where "/\(name)".hasSuffix("/\(image.reference.text):latest") {
            if (try? self.image(ImageReference(name)))?.image.id == image.id { return image }
        }
        return byID
    }
}
