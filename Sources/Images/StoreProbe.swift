internal import Basics

/// Looks for the stores in a directory, in the order of `StoreKind`. What a directory is called says nothing.
struct StoreProbe {
    let filesystem: Directory
    let path: Path
    let root: Directory
    let choice: StoreChoice

    /// Fails where there is no store or not the one that is asked for. A damaged one is there: what is in the others is to be found.
    func stores() throws(Failure) -> (stores: [ImageStore], broken: [BrokenStore]) {
        let (inContainerd, broken) = try containerdStores()
        let found = try inContainerd + dockerStores() + podmanStores()
        if found.isEmpty {
            if let first = broken.first { throw first.failure }
            throw try unusableRoot()
        }
        let order = StoreKind.allCases
        let wanted = choice.kind.map { kind in found.filter { $0.kind == kind } } ?? found
        if let kind = choice.kind, wanted.isEmpty {
            throw Failure(
                "could not use '\(root.show(.top))': there is no store '\(kind.word)' (docker_store=)",
                hint: "there is " + found.map { $0.kind.word }.joined(separator: ", ")
            )
        }
        let isAsked = choice.kind?.isContainerd ?? true
        let unreadable = choice.kind == nil ? try laterUnreadable(than: found) : []
        return (order.flatMap { kind in wanted.filter { $0.kind == kind } }, (isAsked ? broken : []) + unreadable)
    }

    /// Stores that cannot be read and were written to after all that can: an older image is not to be booted in silence. What was left
    /// before is of no account, and what is damaged is known by now.
    private func laterUnreadable(than found: [ImageStore]) throws(Failure) -> [BrokenStore] {
        var unreadable = (try? unreadableStores(of: root)) ?? []
        for place in try containerdPlaces() {
            guard let directory = try folder(at: place), !found.contains(where: { $0.path == place }),
                let metadata = try? BoltDatabase(at: ContainerdStore.metadataFile, in: directory),
                let drivers = try? snapshotters(in: metadata), !drivers.isEmpty,
                let failure = try? unusableContainerd(directory, metadata)
            else { continue }
            // Whose layers they are is all the same for the names.
            let store = ContainerdStore(at: directory, place, kind: .containerdNative, namespace: namespace, metadata: metadata)
            unreadable.append(BrokenStore(failure: failure, changed: try store.changed()))
        }
        for store in found {
            let time = try store.changed()
            unreadable.removeAll { $0.changed <= time }
        }
        return unreadable
    }

    /// Those that have layers of the namespace.
    private func snapshotters(in metadata: BoltDatabase) throws(Failure) -> [String] {
        try metadata.root.bucket(at: ["v1", namespace, "snapshots"])?.bucketNames().map { display($0) } ?? []
    }

    private var namespace: String { choice.namespace ?? StoreChoice.dockerNamespace }

    /// Docker's data-root, where this is one, or the one beside containerd's own directory.
    func dataRoot() throws(Failure) -> Directory? {
        if try root.target(of: "containers")?.kind == .directory { return root }
        return try folder(at: path.parent / "docker")
    }

    /// nil where there is none, or something else of that name, which nobody asked for.
    private func folder(at path: Path) throws(Failure) -> Directory? {
        try filesystem.target(of: path)?.kind == .directory ? filesystem.directory(at: path) : nil
    }

    /// Docker 29 has its images in containerd's own directory, or in one in its data-root: which of the two depends on how dockerd
    /// was started.
    private func containerdPlaces() throws(Failure) -> [Path] {
        var places = [path, path / "containerd/daemon"]
        if try isDataRoot() { places.append(path.parent / "containerd") }
        return places
    }

    private func isDataRoot() throws(Failure) -> Bool {
        for name: Path in ["engine-id", "buildkit", "image"] {
            if try root.target(of: name) != nil { return true }
        }
        return false
    }

    private func containerdStores() throws(Failure) -> ([ImageStore], [BrokenStore]) {
        var stores: [ImageStore] = []
        var broken: [BrokenStore] = []
        for place in try containerdPlaces() {
            guard let directory = try folder(at: place), let status = try directory.status(of: ContainerdStore.metadataFile)
            else { continue }
            do throws(Failure) {
                stores += try containerdStores(in: directory, place)
            } catch {
                broken.append(BrokenStore(failure: error, changed: status.modified))
            }
        }
        return (stores, broken)
    }

    /// One for each snapshotter that keeps layers in a namespace.
    private func containerdStores(in directory: Directory, _ place: Path) throws(Failure) -> [ImageStore] {
        guard let metadata = try BoltDatabase(at: ContainerdStore.metadataFile, in: directory),
            case let drivers = try snapshotters(in: metadata)
        else { return [] }
        return StoreKind.allCases.filter { $0.isContainerd && drivers.contains($0.driver) }.map { kind in
            .containerd(ContainerdStore(at: directory, place, kind: kind, namespace: namespace, metadata: metadata))
        }
    }

    private func dockerStores() throws(Failure) -> [ImageStore] {
        var stores: [ImageStore] = []
        for driver in GraphDriver.allCases {
            if let store = try DockerStore(at: root, path, driver: driver) { stores.append(.docker(store)) }
        }
        return stores
    }

    private func podmanStores() throws(Failure) -> [ImageStore] {
        var stores: [ImageStore] = []
        for kind: StoreKind in [.podmanOverlay, .podmanBtrfs, .podmanVfs] {
            if let store = try ContainersStore(at: root, path, kind: kind) { stores.append(.containers(store)) }
        }
        return stores
    }

    /// Why a directory cannot be used, by what is there instead.
    private func unusableRoot() throws(Failure) -> Failure {
        for place in try containerdPlaces() {
            guard let directory = try folder(at: place),
                let metadata = try BoltDatabase(at: ContainerdStore.metadataFile, in: directory)
            else { continue }
            return try unusableContainerd(directory, metadata)
        }
        return try unusable(root, isDataRoot: isDataRoot())
    }

    private func unusableContainerd(_ directory: Directory, _ metadata: BoltDatabase) throws(Failure) -> Failure {
        let sentence = "could not use containerd's store '\(directory.show(.top))'"
        if try metadata.root.bucket(at: ["v1", namespace]) == nil {
            let names = try metadata.root.bucket(at: ["v1"])?.bucketNames().map { display($0) } ?? []
            return Failure(
                "\(sentence): it has no namespace '\(namespace)'",
                hint: names.isEmpty
                    ? "no image is there yet: docker pull or docker build makes one"
                    : "name one of these with docker_namespace=: \(names.joined(separator: ", "))"
            )
        }
        guard let driver = try snapshotters(in: metadata).first else {
            return Failure("\(sentence): no image is unpacked in it", hint: "docker pull or docker build makes one")
        }
        return Failure(
            "\(sentence): its layers are kept by the \(driver) snapshotter",
            hint:
                "pull or build the image again with the overlayfs snapshotter, which is what docker and containerd use unless told otherwise"
        )
    }
}

/// A store whose names cannot be read.
struct BrokenStore {
    let failure: Failure
    /// When it was last written to, in nanoseconds since 1970.
    let changed: Int
}
