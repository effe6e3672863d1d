public import Basics
internal import Images
internal import Planning

extension Facts {
    /// Finds out all that the plan needs. Changes nothing.
    ///
    /// `topLevel` is subvolume 5 of the root's filesystem, `topLayer` the filesystem of `toplayer=`. Fails where the image,
    /// its layer or the top layer's directory is not there.
    public init(surveying topLevel: Directory, topLayer: Directory?, for request: Request) throws(Failure) {
        guard let dataRoot = try topLevel.directory(at: request.dockerPath) else {
            throw try topLevel.absent(request.dockerPath, as: "Docker's data-root", key: Request.optIn)
        }
        let oldRoot = try topLevel.target(of: request.name)?.kind == .directory ? topLevel.directory(at: request.name) : nil
        try oldRoot?.checkLacks(request.dockerPath, of: topLevel, as: "Docker's data-root", key: Request.optIn)
        image = try DockerStore(at: dataRoot).image(request.image)
        let layerPath = request.dockerPath / image.layer
        guard let layer = try topLevel.directory(at: layerPath) else {
            throw Failure("could not open the layer '\(layerPath)': it is not there")
        }
        if let topLayer, let path = request.topLayer?.path {
            try oldRoot?.checkLacks(path, of: topLayer, as: "the top layer", key: "toplayer_path")
        }
        let machineFiles = try Self.topLayer(topLayer, topLevel: topLevel, request)
        contents = try Contents(of: layer, under: machineFiles, initProgram: request.initProgram)
        standing = try Standing(of: request.name, on: topLevel)
        missingParents = try Self.missingParents(of: request.name, on: topLevel)
        hasWorkshop = try topLevel.status(of: Layout.workshop) != nil
        hasLeftover = try topLevel.status(of: Layout.workplace(of: request.name)) != nil
    }

    private static func topLayer(
        _ filesystem: Directory?, topLevel: Directory, _ request: Request
    ) throws(Failure) -> Directory? {
        guard let filesystem, let layer = request.topLayer else { return nil }
        guard let directory = try filesystem.directory(at: layer.path) else {
            throw try filesystem.absent(layer.path, as: "the top layer", key: "toplayer_path")
        }
        // Copying a directory into itself never ends, and the store is no one's machine files.
        let strangers = [(request.name, place: request.name.parent), (request.dockerPath, place: request.dockerPath)]
        for (inside, place) in strangers where try directory.holds(place, of: topLevel) {
            throw Failure(
                "could not use '\(filesystem.show(layer.path))' as the top layer: it holds '\(inside)'",
                hint: "give toplayer_path= a directory that holds only this machine's files"
            )
        }
        return directory
    }

    private static func missingParents(of name: Path, on topLevel: Directory) throws(Failure) -> [Path] {
        var missing: [Path] = []
        var parent = name.parent
        while !parent.isTop, try topLevel.status(of: parent) == nil {
            missing.insert(parent, at: 0)
            parent = parent.parent
        }
        guard try topLevel.target(of: parent)?.kind == .directory else {
            throw Failure("could not make the root '\(name)': '\(parent)' is not a directory")
        }
        return missing
    }
}

extension Facts.Contents {
    /// systemd's switch-root wants an os-release, and every init wants to be there. The top layer may bring either.
    init(of image: Directory, under topLayer: Directory?, initProgram asked: Path?) throws(Failure) {
        let layers = topLayer.map { [$0, image] } ?? [image]
        missingDirectories = []
        for directory: Path in ["proc", "sys", "dev", "run", "tmp"] where try image.status(of: directory) == nil {
            missingDirectories.append(directory)
        }
        hasContainerMark = try image.status(of: ".dockerenv") != nil
        hasOSRelease = try Self.first(of: ["etc/os-release", "usr/lib/os-release"], in: layers) { $0.kind == .file } != nil
        let inits: [Path] = asked.map { [$0] } ?? ["sbin/init", "etc/init", "bin/init", "lib/systemd/systemd"]
        self.initProgram = try Self.first(of: inits, in: layers) { $0.isExecutableFile }
    }

    private static func first(
        of paths: [Path], in layers: [Directory], where fits: (Status) -> Bool
    ) throws(Failure) -> Path? {
        for path in paths {
            for layer in layers {
                if let found = try layer.target(of: path), fits(found) { return path }
            }
        }
        return nil
    }
}

extension Facts.Standing {
    init(of name: Path, on topLevel: Directory) throws(Failure) {
        guard let status = try topLevel.status(of: name) else {
            self = .nothing
            return
        }
        guard status.kind == .directory, let directory = try topLevel.directory(at: name) else {
            self = .foreign(status.kind == .symlink ? "a symlink" : "a file")
            return
        }
        guard let subvolume = try directory.subvolume() else {
            self = .foreign("a directory")
            return
        }
        let mark = try directory.attribute(Mark.attribute)
        guard let origin = mark.flatMap({ Mark.origin($0, subvolume: subvolume) }) else {
            self = .foreign("a subvolume")
            return
        }
        self = .root(origin)
    }
}

extension Directory {
    /// Whether `path` of `topLevel`, or a directory above it, is this very directory.
    fileprivate func holds(_ path: Path, of topLevel: Directory) throws(Failure) -> Bool {
        guard let own = try status(of: .top) else { return false }
        var above = path
        while true {
            if let status = try topLevel.target(of: above), status.isSameFile(as: own) { return true }
            if above.isTop { return false }
            above = above.parent
        }
    }

    /// Fails where `path` of `filesystem` is in this directory: a root is deleted with all that is in it, and must not hold what
    /// the next boot reads.
    fileprivate func checkLacks(_ path: Path, of filesystem: Directory, as what: String, key: String) throws(Failure) {
        if try !holds(path, of: filesystem) { return }
        throw Failure(
            "could not use \(what) '\(filesystem.show(path))' (\(key)=): it is in the root '\(show(.top))', which each boot deletes",
            hint: "move it out of the root, to a directory of its own"
        )
    }

    /// The failure that says that `path` is not there, and what is there instead.
    fileprivate func absent(_ path: Path, as what: String, key: String) throws(Failure) -> Failure {
        var parent = path.parent
        var found = try directory(at: parent)
        while found == nil && !parent.isTop {
            parent = parent.parent
            found = try directory(at: parent)
        }
        let names = try found?.names().map { display($0) } ?? []
        return Failure(
            "could not find \(what) '\(show(path))' (\(key)=): there is no such directory",
            hint: "'\(show(parent))' holds \(names.isEmpty ? "nothing" : names.joined(separator: ", "))"
        )
    }
}
