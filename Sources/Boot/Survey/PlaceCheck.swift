internal import Basics

/// Fails where one of the directories of a boot lies in another that is copied or deleted as a whole. `store` is the filesystem of the
/// store; nil where it is not there.
func checkPlaces(
    _ request: Request, on topLevel: Directory, _ store: Directory?, _ topLayer: Directory?, _ faults: Faults
) throws(Failure) {
    let dataRoot = try request.dockerPath.flatMap { path throws(Failure) in
        try store?.target(of: path)?.kind == .directory ? try store?.directory(at: path) : nil
    }
    for (path, what) in [(request.name, "the root"), (Layout.home, "what docker-btrfs keeps in")] {
        let folder = faults.without(nil, "what is in it is not known") { () throws(Failure) in
            try topLevel.target(of: path)?.kind == .directory ? topLevel.directory(at: path) : nil
        }
        try folder?.checkLacks(dataRoot, within: what, as: "Docker's data-root", key: Request.optIn.rawValue)
        try folder?.checkLacks(topLayer, within: what, as: "the top layer", key: "toplayer_path")
    }
    guard let topLayer else { return }
    // Copying a directory into itself never ends, and the store is no one's machine files.
    var parent = request.name.parent
    while try topLevel.target(of: parent) == nil { parent = parent.parent }
    try topLayer.checkLacksMachine(try topLevel.directory(at: parent), request.name)
    try topLayer.checkLacksMachine(dataRoot, request.dockerPath ?? .top)
}

extension Directory {
    /// A root is deleted with all that is in it, and must not hold what the next boot reads.
    fileprivate func checkLacks(_ other: Directory?, within place: String, as what: String, key: String) throws(Failure) {
        guard let other, try other.isWithin(self) else { return }
        throw Failure(
            "could not use \(what) '\(other.show(.top))' (\(key)=): it is in \(place) '\(show(.top))', which boots delete",
            hint: "move it out of there, to a directory of its own"
        )
    }

    fileprivate func checkLacksMachine(_ other: Directory?, _ path: Path) throws(Failure) {
        guard let other, try other.isWithin(self) else { return }
        throw Failure(
            "could not use '\(show(.top))' as the top layer: it holds '\(path)'",
            hint: "give toplayer_path= a directory that holds only this machine's files"
        )
    }
}
