public import Basics
internal import Planning

extension Facts {
    /// Finds out all that the plan needs. Changes nothing.
    ///
    /// `topLevel` is subvolume 5 of the root's filesystem, `topLayer` the filesystem of `toplayer=`, `store` that of `docker_path=`
    /// where it is another one than the root's. That the image or the top layer is not there, or cannot be read, is one of the facts; so
    /// is what is wrong with anything else.
    public init(
        surveying topLevel: Directory, store: Result<StoreFilesystem?, Failure> = .success(nil),
        topLayer filesystem: Result<Directory?, Failure>, for request: Request, on host: Host
    ) {
        let faults = Faults()
        let survey = RootSurvey(topLevel, host, faults)
        self.host = host
        (kept, takenNumbers) = survey.kept(request.name)
        standing = survey.standing(request.name, after: takenNumbers + kept.map { $0.mark.number })
        missingDirectories = Self.missingHome(request.name, on: topLevel, faults)
        leftover = .nothing
        if !missingDirectories.contains(Layout.roots(of: request.name)) {
            leftover = survey.leftover(of: request.name, among: Self.inOrder(kept, .nothing, standing), taken: takenNumbers)
        }
        let (record, damage) = Record.current(on: topLevel)
        self.record = record.forgetting { name in name != request.name && topLevel.hasNone(of: name) }
        recordDamage = damage
        let (held, unfinished) = Self.heldLayers(on: topLevel, faults)
        (self.held, unfinishedHolds) = (held, unfinished)
        let others = survey.chains(but: request.name)
        hasOtherNames = others != nil
        heldForOthers =
            (others ?? [])
            + faults.without(held, "all that is held stays") { () throws(Failure) in try Deployment.chains(on: topLevel, held: held) }
        modulesElsewhere = faults.without(nil, "no modules beside the kernel are used") { () throws(Failure) in
            try Self.modules(in: request.bootFolders, held, on: topLevel, host)
        }
        let templates = TemplateSurvey(of: request.name, on: topLevel, faults)
        self.templates = templates.templates
        strayTemplates = templates.strays
        minted = []
        wanted = .failure(Failure("could not use the image: it was not looked for"))
        do throws(Failure) {
            wanted = .success(try look(for: request, on: topLevel, store, filesystem, faults))
        } catch {
            wanted = .failure(error)
            if let root = rootOfKernel(request) { kernel = heldKernel(of: root, on: topLevel, faults) }
        }
        self.faults = faults.notes
        areRootsKnown = faults.areRootsKnown
    }

    /// Looks at the image that is asked for and at the top layer, which alone can be why there is no new root.
    private mutating func look(
        for request: Request, on topLevel: Directory, _ store: Result<StoreFilesystem?, Failure>,
        _ filesystem: Result<Directory?, Failure>, _ faults: Faults
    ) throws(Failure) -> Source {
        missingDirectories += try Self.missingParents(of: request.name, on: topLevel)
        let machineFiles = try MachineFiles(of: request, on: filesystem.get(), besides: topLevel, host)
        var (other, missing): (StoreFilesystem?, Failure?)
        switch store {
        case .success(let filesystem): other = filesystem
        case .failure(let failure): missing = failure
        }
        let images = ImageSurvey(
            topLevel: topLevel, store: other, topLayer: machineFiles?.layers ?? [], initProgram: request.root.initProgram, host: host)
        let sources = SourceSurvey(request: request, images: images, missing: missing)
        let source = try sources.wanted(roots: Self.inOrder(kept, leftover, standing))
        var spots = machineFiles?.places.map { Spot($0) } ?? []
        // What lies above the subvolume that is mounted is not seen from there.
        if let layer = request.topLayer, machineFiles?.isShared == true, let subvolume = layer.subvolume {
            spots.append(try Spot(subvolume / layer.path, on: topLevel))
        }
        try checkPlaces(request, on: topLevel, missing == nil ? other?.top ?? topLevel : nil, spots, faults)
        // The folder of what is held may not have been readable before.
        if !held.contains(source.chainID), !missingDirectories.contains(Layout.layers), topLevel.held(source.chainID) != nil {
            held.append(source.chainID)
        }
        topLayer = try machineFiles?.facts(marks: Self.inOrder(kept, leftover, standing).map { $0.mark })
        minted = machineFiles?.minted(by: standing, on: topLevel, faults) ?? []
        if topLayer?.extent == nil && !hasTemplate(of: source, for: request) { topLayer?.extent = try machineFiles?.extent() }
        if let image = record.lastGood(under: request.name, but: source.imageID) {
            do throws(Failure) {
                lastGood = try sources.recorded(image)
            } catch {
                // Why is told if it would be booted.
                lastGood = nil
            }
        }
        if request.kernel == .image {
            let source = sourceOfKernel(source, request)
            kernel = faults.without(nil, Self.staying) { () throws(Failure) in
                try Self.kernel(of: source, on: source.root.isOnRoot ? topLevel : other?.top ?? topLevel, host)
            }
        }
        return source
    }

    private static let staying = "the running kernel stays (docker_kernel=image)"

    /// The layers that are held, and the places of those whose copy or merge was cut off.
    private static func heldLayers(on topLevel: Directory, _ faults: Faults) -> (held: [ChainID], unfinished: [Path]) {
        let names = faults.without([], "what is held is not known") { () throws(Failure) in
            try topLevel.directory(at: Layout.layers)?.names() ?? []
        }
        let held = names.compactMap { Digest(hex: $0).map { ChainID($0) } }.filter { topLevel.held($0) != nil }
        return (held, names.filter { Draft.isOfLayer($0) }.map { Layout.layers.appending(name: $0) })
    }

    /// The kernel of the image that a root was made from, where its layer is held.
    private func heldKernel(of root: Root, on topLevel: Directory, _ faults: Faults) -> Kernel? {
        faults.without(nil, Self.staying) { () throws(Failure) in
            guard let layer = topLevel.held(root.mark.origin.chainID) else { return nil }
            return try Self.kernel(of: root.mark.origin.chainID, in: [layer], host)
        }
    }

    /// The kernel of `docker_kernel=image`.
    private static func kernel(of source: Source, on top: Directory, _ host: Host) throws(Failure) -> Kernel? {
        var layers: [Directory] = []
        for place in source.root.places {
            if let layer = try top.directory(at: place.path) { layers.append(layer) }
        }
        return try kernel(of: source.chainID, in: layers, host)
    }

    private static func kernel(of chain: ChainID, in layers: [Directory], _ host: Host) throws(Failure) -> Kernel? {
        guard let kernel = try ImageFiles(of: layers).ownKernel(of: chain, besides: host.kernelRelease) else { return nil }
        if let obstacle = host.kernelObstacle { throw Failure(obstacle) }
        return kernel
    }

    private static func missingHome(_ name: Path, on topLevel: Directory, _ faults: Faults) -> [Path] {
        var missing: [Path] = []
        for directory in [Layout.home, Layout.layers, Layout.templates, Layout.allRoots, Layout.roots(of: name)] {
            if missing.contains(directory.parent) {
                missing.append(directory)
                continue
            }
            let isMissing = faults.without(false, "it is taken to be there") { () throws(Failure) in
                try !topLevel.leadsToDirectory(directory)
            }
            if isMissing { missing.append(directory) }
        }
        return missing
    }

    static func missingParents(of name: Path, on topLevel: Directory) throws(Failure) -> [Path] {
        var parent = name.parent
        var parents: [Path] = []
        while !parent.isTop {
            if try topLevel.status(of: parent) != nil { break }
            parents.insert(parent, at: 0)
            parent = parent.parent
        }
        guard try topLevel.target(of: parent)?.kind == .directory else {
            throw Failure("could not make the root '\(name)': '\(parent)' is not a directory")
        }
        return parents
    }

    private static func modules(in folders: [Path], _ held: [ChainID], on topLevel: Directory, _ host: Host) throws(Failure) -> Path? {
        guard let release = host.kernelRelease.flatMap({ Path($0) }) else { return nil }
        let layers = held.flatMap { [Layout.hold($0) / "lib", Layout.hold($0) / "usr/lib"] }
        for folder in folders + layers {
            let modules = folder / "modules" / release
            if try ImageFiles(of: [topLevel]).isModuleFolder(modules) { return modules }
        }
        return nil
    }
}

extension Directory {
    /// A layer that is held; nil where it is not, or something else is in its place, which is nobody's layer.
    package func held(_ chain: ChainID) -> Directory? {
        guard let layer = try? directory(at: Layout.hold(chain)) else { return nil }
        return !isOnBtrfs || (try? layer.subvolume()) != nil ? layer : nil
    }

    /// Whether no root has that name, nor had it and is kept. What cannot be looked at may be one.
    fileprivate func hasNone(of name: Path) -> Bool {
        do throws(Failure) {
            if try status(of: name) != nil { return false }
            return try status(of: Layout.roots(of: name)) == nil
        } catch {
            return false
        }
    }

    /// Whether a directory of ours is there. What else has its place is put aside.
    fileprivate func leadsToDirectory(_ path: Path) throws(Failure) -> Bool {
        guard let found = try status(of: path) else { return false }
        if found.kind != .symlink { return found.kind == .directory }
        return (try? target(of: path))?.kind == .directory
    }

    /// Some names for a message, sorted: a directory may have more than anyone reads.
    private func firstNames() throws(Failure) -> [String] {
        var left = 50
        let names = try names { _ in
            left -= 1
            return left >= 0
        }
        return names.map { display($0) } + (left < 0 ? ["and more"] : [])
    }

    /// The failure that says that `path` is not there, and what is there instead.
    func absent(_ path: Path, as what: String, key: String) throws(Failure) -> Failure {
        var parent = path.parent
        var found = try directory(at: parent)
        while found == nil && !parent.isTop {
            parent = parent.parent
            found = try directory(at: parent)
        }
        let names = try found?.firstNames() ?? []
        return Failure(
            "could not find \(what) '\(show(path))' (\(key)=): there is no such directory",
            hint: "'\(show(parent))' holds \(names.isEmpty ? "nothing" : names.joined(separator: ", "))"
        )
    }
}
