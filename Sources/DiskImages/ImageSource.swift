internal import Basics
internal import Boot
internal import Deployments
internal import Images

/// An image in a store of the running system.
struct ImageSource {
    /// From where the image's paths go.
    let root: Directory
    let image: Image
    let files: ImageFiles
    /// As the engine wrote it.
    let configuration: [UInt8]
    /// What the layers have, in bytes; nil where the store does not say.
    let size: Int?
    private let stores: ImageStores
    /// The btrfs that the store is on, by its device, and where it is from the top level; nil where its layers are merged or copied.
    let place: (device: String, path: Path)?

    /// Looks through the engines' stores, or the one in `dataRoot`.
    init(_ text: String, in dataRoot: String?, _ choice: StoreChoice) throws(Failure) {
        let (root, stores, image) = try Self.find(ImageReference(text), in: dataRoot, choice)
        try self.init(text, root, stores, image, btrfs(of: root))
    }

    /// The store that a machine is set up with.
    init(_ text: String, of machine: RehearsedMachine) throws(Failure) {
        guard let stores = try ImageStores(in: machine.store, at: .top) else {
            throw Failure("could not find the images' store '\(machine.settings.store)'", hint: "docker-btrfs setup looks for it again")
        }
        let image: Image
        do throws(Failure) { image = try stores.image(ImageReference(text)).image } catch {
            throw error.placing(machine.settings.store, of: machine.storeFilesystem)
        }
        try self.init(text, machine.store, stores, image, machine.storePlace)
    }

    private init(
        _ text: String, _ root: Directory, _ stores: ImageStores, _ image: Image, _ place: (device: String, path: Path)?
    ) throws(Failure) {
        if image.isContainer {
            throw Failure(
                "could not make a disk of '\(text)': it is a container, which changes", hint: "docker commit makes an image of it")
        }
        try checkPlatform(image)
        (self.root, self.stores, self.image, self.place) = (root, stores, image, place)
        files = try image.files(in: root)
        configuration = try stores.configuration(of: image)
        // No filesystem has more, whatever the store says.
        size = try stores.listing().first { $0.id == image.id && $0.store == image.store }?.size.map { min(max($0, 0), 1 << 50) }
    }

    static func find(
        _ reference: ImageReference, in chosen: String?, _ choice: StoreChoice
    ) throws(Failure) -> (Directory, ImageStores, Image) {
        var folders = [String]()
        if let chosen {
            folders = [chosen]
        } else {
            let roots = try EngineRoots(in: Directory(opening: "/", label: ""))
            folders = [roots.docker, roots.containerd, roots.podman]
        }
        var failure: Failure?
        for folder in folders {
            do throws(Failure) {
                // Engines that are not there are no reason.
                if chosen == nil, try Directory(opening: "/", label: "").target(of: Path(folder) ?? .top) == nil { continue }
                let root = try Directory(opening: folder)
                guard let stores = try ImageStores(in: root, at: .top, choice) else { continue }
                let image = try stores.image(reference).image
                if let namespace = choice.namespace, !image.store.isContainerd {
                    throw Failure(
                        "could not take '\(reference)' from containerd's namespace '\(namespace)': '\(folder)' has it in a store of another kind, \(image.store.word)",
                        hint: "leave --namespace out")
                }
                return (root, stores, image)
            } catch {
                failure = failure ?? error.ofStoreOptions
            }
        }
        throw failure
            ?? Failure("could not find a store of images in \(folders.map { "'\($0)'" }.joined(separator: ", "))", hint: "--data-root DIR")
    }

    /// The layers of Docker's btrfs driver, each a subvolume with all that is below it, from the lowest on; nil for another store,
    /// whose layers are merged.
    func subvolumes() throws(Failure) -> [DockerLayer]? {
        guard image.store == .dockerBtrfs, place != nil else { return nil }
        let chains = ChainID.each(of: try layers())
        let stored = try stores.layers(of: image)
        guard chains.count == stored.count else { return nil }
        return zip(chains, stored).map { DockerLayer(chain: $0, folder: $1.folder) }
    }

    /// The image's tree for a merge, the topmost layer first.
    func directories() throws(Failure) -> [Directory] { try image.layers(in: root) }

    private func layers() throws(Failure) -> [DiffID] {
        let json = try JSON(parsing: configuration, name: "the configuration of \(image.reference)")
        return (json["rootfs"]?["diff_ids"]?.elements ?? []).compactMap { $0.string.flatMap { Digest($0) } }.map { DiffID($0) }
    }
}

/// A layer as Docker's btrfs driver has it.
struct DockerLayer {
    let chain: ChainID
    /// Its subvolume, from the data-root.
    let folder: Path

    /// What the engine noted of it, from the data-root (moby, layer/filestore.go).
    var record: Path { DockerRecord.layers.appending(name: Array(chain.digest.hex.utf8)) }
}
