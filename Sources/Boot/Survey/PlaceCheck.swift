package import Basics

/// Fails where one of the directories of a boot lies in another that is copied or deleted as a whole. `store` is the filesystem of the
/// store; nil where it is not there.
func checkPlaces(
    _ request: Request, on topLevel: Directory, _ store: Directory?, _ topLayers: [Spot], _ faults: Faults
) throws(Failure) {
    let dataRoot = try request.dockerPath.flatMap { path throws(Failure) in
        try store?.target(of: path)?.kind == .directory ? try store?.directory(at: path).map { Spot($0) } : nil
    }
    for (path, what) in [(request.name, "the root"), (Layout.home, "what docker-btrfs keeps in")] {
        let folder = faults.without(nil, "what is in it is not known") { () throws(Failure) in try Spot(path, on: topLevel) }
        try folder?.checkLacks(dataRoot, within: what, as: "Docker's data-root", key: Request.optIn.rawValue)
        for layer in topLayers { try folder?.checkLacks(layer, within: what, as: "the top layer", key: "toplayer_path") }
    }
    // Copying a directory into itself never ends, and the store is no one's machine files.
    for layer in topLayers {
        try layer.checkLacksMachine(try Spot(request.name.parent, on: topLevel), request.name)
        try layer.checkLacksMachine(dataRoot, request.dockerPath ?? .top)
    }
}

extension Facts {
    /// Fails where every boot would be refused, whatever its image is: for what has the root's name, or for where the top layer is. Both may
    /// have to be made yet.
    package static func checkNames(of request: Request, on topLevel: Directory, _ host: Host) throws(Failure) {
        let faults = Faults()
        try RootSurvey(topLevel, host, faults).standing(request.name, after: []).checkIsOurs(request.name)
        _ = try missingParents(of: request.name, on: topLevel)
        // What is on another device cannot hold any of these.
        let layer = request.topLayer.flatMap { $0.device == request.root.device ? $0.path : nil }
        let spots = try layer.map { path throws(Failure) in [try Spot(path, on: topLevel)] } ?? []
        try checkPlaces(request, on: topLevel, request.dockerDevice == nil ? topLevel : nil, spots, faults)
    }
}

/// A directory that is there, or where it is to be made.
struct Spot {
    /// The directory itself, or the nearest above it.
    private let directory: Directory
    /// What is missing below that.
    private let missing: Path

    init(_ directory: Directory) {
        self.directory = directory
        missing = .top
    }

    init(_ path: Path, on filesystem: Directory) throws(Failure) {
        var (place, missing) = (path, Path.top)
        while !place.isTop, try filesystem.target(of: place)?.kind != .directory {
            missing = Path.top.appending(name: place.name) / missing
            place = place.parent
        }
        guard let directory = try filesystem.directory(at: place) else { throw Failure("could not open '\(filesystem.show(place))'") }
        self.directory = directory
        self.missing = missing
    }

    private var title: String { directory.show(missing) }

    /// Whether it is `other` or lies below it, whatever symlinks lead to either.
    private func isWithin(_ other: Spot) throws(Failure) -> Bool {
        if other.missing.isTop { return try directory.isWithin(other.directory) }
        return try directory.isSame(as: other.directory) && missing.components.starts(with: other.missing.components)
    }

    /// A root is deleted with all that is in it, and must not hold what the next boot reads.
    fileprivate func checkLacks(_ other: Spot?, within place: String, as what: String, key: String) throws(Failure) {
        guard let other, try other.isWithin(self) else { return }
        throw Failure(
            "could not use \(what) '\(other.title)' (\(key)=): it is in \(place) '\(title)', which boots delete",
            hint: "move it out of there, to a directory of its own"
        )
    }

    fileprivate func checkLacksMachine(_ other: Spot?, _ path: Path) throws(Failure) {
        guard let other, try other.isWithin(self) else { return }
        throw Failure(
            "could not use '\(title)' as the top layer: it holds '\(path)'",
            hint: "give toplayer_path= a directory that holds only this machine's files"
        )
    }
}
