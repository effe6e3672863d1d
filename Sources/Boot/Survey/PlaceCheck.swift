internal import Basics

/// Fails where one of the directories of a boot lies in another that is copied or deleted as a whole.
func checkPlaces(_ request: Request, on topLevel: Directory, _ topLayer: Directory?) throws(Failure) {
    let dataRoot = try topLevel.target(of: request.dockerPath)?.kind == .directory ? topLevel.directory(at: request.dockerPath) : nil
    if try topLevel.target(of: request.name)?.kind == .directory, let root = try topLevel.directory(at: request.name) {
        try root.checkLacks(dataRoot, as: "Docker's data-root", key: Request.optIn.rawValue)
        try root.checkLacks(topLayer, as: "the top layer", key: "toplayer_path")
    }
    guard let topLayer else { return }
    // Copying a directory into itself never ends, and the store is no one's machine files.
    var parent = request.name.parent
    while try topLevel.target(of: parent) == nil { parent = parent.parent }
    try topLayer.checkLacksMachine(try topLevel.directory(at: parent), request.name)
    try topLayer.checkLacksMachine(dataRoot, request.dockerPath)
}

extension Directory {
    /// A root is deleted with all that is in it, and must not hold what the next boot reads.
    fileprivate func checkLacks(_ other: Directory?, as what: String, key: String) throws(Failure) {
        guard let other, try other.isWithin(self) else { return }
        throw Failure(
            "could not use \(what) '\(other.show(.top))' (\(key)=): it is in the root '\(show(.top))', which boots delete",
            hint: "move it out of the root, to a directory of its own"
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
