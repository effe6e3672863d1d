internal import Basics
internal import Boot
internal import Deployments
internal import Files
internal import Images

/// An image in a store of the running system.
struct ImageSource {
    /// A directory with the image's store.
    struct Place {
        let stores: ImageStores
        /// From where the image's paths go.
        let filesystem: Directory
        let dataRoot: Directory
        /// The btrfs that this is on, by its device, and where it is from the top level; nil where layers are merged or copied.
        let btrfs: (device: String, path: Path)?
    }

    /// Docker's data-root, or another engine's.
    let root: Directory
    let image: Image
    let files: ImageFiles
    /// As the engine wrote it.
    let configuration: [UInt8]
    /// What the layers have, in bytes; nil where the store does not say.
    let size: Int?
    /// What should be known of where it was found.
    let notes: [String]
    /// From where the image's paths go.
    private let filesystem: Directory
    private let stores: ImageStores
    let place: (device: String, path: Path)?

    /// Looks through the engines' stores, or the one in `dataRoot`.
    init(_ text: String, in dataRoot: String?, _ choice: StoreChoice) throws(Failure) {
        let (place, image, notes) = try Self.find(ImageReference(text), in: dataRoot, choice)
        try self.init(text, place, image, notes)
    }

    /// The store that a machine is set up with.
    init(_ text: String, of machine: RehearsedMachine) throws(Failure) {
        let found: (image: Image, notes: [String])
        do throws(Failure) { found = try machine.store.stores.image(ImageReference(text)) } catch {
            throw error.placing(machine.settings.store, of: machine.store.filesystem)
        }
        try self.init(text, machine.store, found.image, found.notes)
    }

    private init(_ text: String, _ place: Place, _ image: Image, _ notes: [String]) throws(Failure) {
        if image.isContainer {
            throw Failure(
                "could not make a disk of '\(text)': it is a container, which changes", hint: "docker commit makes an image of it")
        }
        try checkPlatform(image)
        (root, stores, filesystem, self.place) = (place.dataRoot, place.stores, place.filesystem, place.btrfs)
        (self.image, self.notes) = (try place.stores.called(image), notes)
        files = try image.files(in: filesystem)
        configuration = try stores.configuration(of: image)
        // No filesystem has more, whatever the store says.
        size = try stores.listing().images.first { $0.id == image.id && $0.store == image.store }?.size.map { min(max($0, 0), 1 << 50) }
    }

    /// Looks through the engines' stores, or the one in `chosen`.
    static func find(
        _ reference: ImageReference, in chosen: String?, _ choice: StoreChoice
    ) throws(Failure) -> (Place, Image, notes: [String]) {
        let system = try Directory(opening: "/", label: "")
        if let chosen { return try find(reference, among: [chosen], of: system, choice) }
        let roots = try EngineRoots(in: system)
        return try find(reference, among: [roots.docker, roots.containerd, roots.podman], of: system, choice)
    }

    /// What the stores in one folder have for a name.
    private struct Candidate {
        let folder: String
        let stores: ImageStores
        let image: Image
        let notes: [String]
    }

    /// Of several engines that have the name, the one is taken that got it last, where that is sure, else the first one.
    static func find(
        _ reference: ImageReference, among folders: [String], of system: Directory, _ choice: StoreChoice
    ) throws(Failure) -> (Place, Image, notes: [String]) {
        var failure: Failure?
        var found: [Candidate] = []
        for folder in folders {
            do throws(Failure) {
                // Engines that are not there are no reason.
                if folders.count > 1, try system.target(of: Path(folder) ?? .top) == nil { continue }
                let stores = try ImageStores(ofEngineAt: folder, in: system, choice)
                let (image, notes) = try stores.image(reference)
                if let namespace = choice.namespace, !image.store.isContainerd {
                    throw Failure(
                        "could not take '\(reference)' from containerd's namespace '\(namespace)': '\(folder)' has it in a store of another kind, \(image.store.word)",
                        hint: "leave --namespace out")
                }
                let place = found.firstIndex { (try? stores.gotLater($0.stores, for: reference)) == true } ?? found.count
                found.insert(Candidate(folder: folder, stores: stores, image: image, notes: notes), at: place)
            } catch {
                failure = failure ?? error
            }
        }
        guard let first = found.first else {
            throw failure
                ?? Failure(
                    "could not find a store of images in \(folders.map { "'\($0)'" }.joined(separator: ", "))", hint: "--data-root DIR")
        }
        let others = found.filter { $0.image.chainID != first.image.chainID }
        let notes = others.map {
            "'\($0.folder)' has another image under the name '\(reference)', \($0.image.id); --data-root \($0.folder) takes that"
        }
        let root = try Directory(opening: first.folder)
        let folder = try MountedFolder(root)
        let btrfs = folder.type == "btrfs" ? (device: folder.device, path: folder.path) : nil
        return (Place(stores: first.stores, filesystem: system, dataRoot: root, btrfs: btrfs), first.image, first.notes + notes)
    }

    /// The layers of Docker's btrfs driver, each a subvolume with all that is below it, from the lowest on; nil for another store,
    /// whose layers are merged.
    func subvolumes() throws(Failure) -> [DockerLayer]? {
        guard image.store == .dockerBtrfs, place != nil else { return nil }
        let chains = ChainID.each(of: try layers())
        let stored = try stores.layers(of: image)
        guard chains.count == stored.count else { return nil }
        return zip(chains, stored).map { DockerLayer(chain: $0, folder: DockerRecord.subvolumes.appending(name: $1.folder.name)) }
    }

    /// The image's tree for a merge, the topmost layer first.
    func directories() throws(Failure) -> [Directory] { try image.layers(in: filesystem) }

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
    var record: Path { DockerRecord.layers.appending(chain.digest.hex) }
}
