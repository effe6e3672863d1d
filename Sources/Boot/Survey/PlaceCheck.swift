package import Basics

/// Fails where one of the directories of a boot lies in another that is copied or deleted as a whole, or that is somebody else's. `store`
/// is the filesystem of the store; nil where it is not there.
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
    var place = request.name.parent
    var outer: String?
    if let dataRoot, let path = request.dockerPath, !path.isTop, try Spot(place, on: topLevel).isWithin(dataRoot) {
        outer = "'\(path)' is Docker's data-root"
    }
    while !place.isTop {
        if (try? Facts.markedRoot(at: place, on: topLevel)) != nil { outer = "'\(place)' is another root" }
        place = place.parent
    }
    if let outer {
        throw Failure("could not make the root '\(request.name)': \(outer)", hint: "give rootflags=subvol= a name outside of that")
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
        let survey = RootSurvey(topLevel, host, faults)
        try survey.standing(request.name, after: survey.kept(request.name).numbers).checkIsOurs(request.name)
        _ = try missingParents(of: request.name, on: topLevel)
        // What is on another device cannot hold any of these.
        let layer = request.topLayer.flatMap { $0.device == request.root.device ? ($0.subvolume ?? .top) / $0.path : nil }
        let spots = try layer.map { path throws(Failure) in [try Spot(path, on: topLevel)] } ?? []
        try checkPlaces(request, on: topLevel, request.dockerDevice == nil ? topLevel : nil, spots, faults)
    }
}
