public import Basics
package import Boot
package import Images

/// The images of the store, and what is deployed of them.
extension Site {
    func image(_ reference: ImageReference, in store: StoreFilesystem?) throws(Failure) -> Image {
        let stores = try imageStores(in: store)
        let image: Image
        do throws(Failure) { image = try stores.image(reference).image.calledByID } catch {
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
