public import Basics
internal import Boot
internal import BootEntries
internal import Images
internal import Linux
internal import Planning

/// What is deployed, and what it is made from.
extension Site {
    /// The top layer, where it has a kernel and the image has none: an application has nothing to boot with.
    func treeOfKernel(besides image: ImageFiles) throws(Failure) -> Directory? {
        guard try ImageKernel.kernels(in: image).isEmpty, let topLayer = try topLevel.directory(at: settings.topLayer),
            try !ImageKernel.kernels(in: ImageFiles(of: [topLayer])).isEmpty
        else { return nil }
        return topLayer
    }

    enum Wanted {
        case image(Image, in: StoreFilesystem?)
        /// One that the store has no more, while its layer is held; with why there is no store, where that is so.
        case held(Deployment, Failure?)
    }

    func wanted(_ asked: String?, among before: [Deployment]) throws(Failure) -> Wanted {
        let reference = if let asked { try ImageReference(asked) } else { try reference(of: before) }
        var store: StoreFilesystem?
        do throws(Failure) {
            store = try storeFilesystem()
            return .image(try image(reference, in: store), in: store)
        } catch {
            guard let named = try? deployments(reference.text, among: before), named.count == 1,
                topLevel.held(named[0].chainID) != nil
            else { throw error }
            // A store that cannot be opened has no images.
            let isOpen = store != nil || settings.storeDevice == nil
            guard isOpen, let stores = try? imageStores(in: store) else { return .held(named[0], error) }
            // A name that an image has, or several deployments had, may mean another one than that which is held.
            guard (try? image(ImageReference(named[0].imageID), in: store)) == nil,
                try !stores.names().contains(where: { (try? ImageReference($0))?.kind == reference.kind })
            else { throw error }
            return .held(named[0], nil)
        }
    }

    /// What a deployment is made from.
    struct DeploymentOrigin {
        let id: ImageID
        let chainID: ChainID
        let reference: ImageReference
        let tree: Directory
        var hold: [DeploymentChange] = []
        var notes: [String] = []
    }

    func origin(of wanted: Wanted) throws(Failure) -> DeploymentOrigin {
        switch wanted {
        case .image(let image, let store):
            let source = try source(of: image, in: store)
            let held = topLevel.held(source.chainID)
            if held == nil { try checkIsWhole(image, in: store) { _ in } }
            let found = if let held { held } else { try topLevel.directory(at: source.tree.path) }
            guard let tree = found else {
                if image.isContainer {
                    throw Failure(
                        "could not deploy '\(image.reference)': the container changed while it was read",
                        hint: "stop it first, or make an image of it: docker commit")
                }
                throw Failure("could not open the layer '\(source.tree.path)': it is not there")
            }
            return DeploymentOrigin(
                id: image.id, chainID: source.chainID, reference: image.reference, tree: tree,
                hold: held == nil ? [.step(source.hold)] : [])
        case .held(let known, let failure):
            let path = Layout.hold(known.chainID)
            guard let tree = topLevel.held(known.chainID) else {
                throw Failure("could not open the layer '\(path)': it is not there")
            }
            try refusing(known.reference) { () throws(Failure) in
                try checkBoot(of: KernelOptions("docker_deployed", known.imageID.digest.hex), in: nil)
            }
            let reason = failure.map { " (\($0.message))" } ?? ""
            return DeploymentOrigin(
                id: known.imageID, chainID: known.chainID, reference: known.reference, tree: tree,
                notes: ["the store has \(known.title) no more\(reason): it is made from '\(path)', which is held"])
        }
    }

    /// What a boot of an image makes its root from. Fails, as that boot would, where it lacks what no boot goes without.
    func source(of image: Image, in store: StoreFilesystem?) throws(Failure) -> Facts.Source {
        let topLayer = try topLevel.directory(at: settings.topLayer)
        let survey = ImageSurvey(
            topLevel: topLevel, store: store, topLayer: [topLayer].compactMap { $0 }, initProgram: nil,
            host: Facts.Host(kernelRelease: nil, time: secondsNow()))
        let source = try survey.stored(image, as: image.reference)
        try source.contents.checkOwner(of: image.reference.text)
        let files = try image.files(in: store?.top ?? self.topLevel)
        try ([topLayer].compactMap { $0 }.map { ImageFiles(of: [$0]) } + [files]).checkMachine(
            of: image.reference.text, settings.options.initProgram)
        try refusing(image.reference) { () throws(Failure) in try checkBoot(of: image, in: store) }
        return source
    }

    func refusing(_ reference: ImageReference, where check: () throws(Failure) -> Void) throws(Failure) {
        do throws(Failure) { try check() } catch {
            throw Failure("could not deploy '\(reference)', for its boot would be refused: \(error.message)", hint: error.hint)
        }
    }

    /// What `deploying` takes where no image is named. Fails where nothing was deployed yet.
    public func usualName() throws(Failure) -> String { try reference(of: Deployment.all(on: topLevel).deployments).text }

    func reference(of deployments: [Deployment]) throws(Failure) -> ImageReference {
        if let first = deployments.first { return first.reference }
        throw Failure("could not tell which image to deploy: none was deployed yet", hint: "name one: docker-btrfs deploy IMAGE")
    }
}
