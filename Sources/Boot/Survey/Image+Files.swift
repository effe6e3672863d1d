package import Basics
package import Images

extension Image {
    /// Its files, as its tree will have them.
    package func files(in filesystem: Directory) throws(Failure) -> ImageFiles { ImageFiles(of: try layers(in: filesystem)) }

    /// Opens what has its files, the topmost first.
    package func layers(in filesystem: Directory) throws(Failure) -> [Directory] {
        let paths =
            switch tree {
            case .subvolume(let path): [path]
            case .layers(let paths): paths
            }
        var layers: [Directory] = []
        for path in paths {
            guard let layer = try filesystem.directory(at: path) else {
                throw Failure("could not open the layer '\(path)': it is not there")
            }
            layers.append(layer)
        }
        return layers
    }
}
