internal import Basics
internal import Boot
internal import BootRun
internal import Files
internal import Planning

/// What the running root was given when it was made, where it is one of ours: nobody on this machine chose that, and in the top layer it
/// would win over every later image.
struct GivenFiles {
    /// The image's layer, as it is held; nil where it is not there.
    let image: Directory?
    /// The root as it was before its first boot, with the top layer's files: what that layer lacks by now, a person took out of it. nil where
    /// that is not there, or another top layer is asked for.
    private let template: Directory?

    /// nil in any other system.
    init?(on filesystem: MachineBtrfs, topLayer: Path) throws(Failure) {
        guard let root = try RunningRoot.current() else { return nil }
        let (origin, own) = (root.mark.origin, try root.place().topLevel)
        image = own.held(origin.chainID)
        let isOfLayer = origin.topLayers.contains { $0 == topLayer || $0.isBelow(topLayer) }
        let isThere = try filesystem.topLevel.directory(at: topLayer) != nil
        if isOfLayer, isThere, try filesystem.topLevel.isSame(as: own) {
            template = try RootBase.template(of: root.subvolume, made: root.mark.made, on: own)?.tree
        } else {
            template = nil
        }
    }

    /// Whether a file or symlink of the root is as it was given. Where nobody can tell, it counts as that.
    func has(_ path: Path, of root: Directory) throws(Failure) -> Bool {
        let given = [image, template].compactMap { $0 }
        for tree in given where try tree.hasSame(path, as: root) { return true }
        return given.isEmpty
    }
}

extension Directory {
    fileprivate func hasSame(_ path: Path, as other: Directory) throws(Failure) -> Bool {
        guard let here = try status(of: path), let there = try other.status(of: path), here.kind == there.kind else { return false }
        if here.kind == .symlink { return try linkBytes(of: path) == other.linkBytes(of: path) }
        if here.permissions != there.permissions { return false }
        return try contents(of: path) == other.contents(of: path)
    }
}
