internal import Basics
internal import CLinux
internal import Planning

extension TargetDirectory {
    /// Removes what a layer's directory says.
    func removeWhiteouts(of layer: Directory, _ rules: LayerRules) throws(Failure) {
        try layer.forEachName { (name, _) throws(Failure) in
            if rules.ignores(plainName(name), in: path) { return }
            do throws(Failure) {
                switch LayerName(plainName(name)) {
                case .entry, .reserved: break
                case .whiteout(let hidden?): try directory.remove(cString(hidden))
                case .whiteout(nil): throw LayerName.namesNothing
                case .opaque: try directory.removeContents()
                }
            } catch {
                throw error.located(at: path.appending(name: name))
            }
        }
    }
}

extension Path {
    /// The path with one more component, NUL-terminated.
    func appending(name: [CChar]) -> Path {
        appending(name: plainName(name))
    }
}
