public import Basics
public import Images

extension Image {
    /// Fails, as a boot from it would, where it is for another machine, or its tree lacks what a boot needs: an init, os-release,
    /// and the modules of `kernel`, which is `uname -r`. What a top layer may bring is not known here.
    ///
    /// `filesystem` is where the store was looked for.
    public func checkBootable(in filesystem: Directory, kernel: String?) throws(Failure) {
        try checkPlatform(self)
        let files = try files(in: filesystem)
        let host = Facts.Host(kernelRelease: kernel, time: 0)
        let contents = try Facts.Contents(of: files, under: [], of: reference.text, initProgram: nil, host)
        try contents.checkOwner(of: reference.text)
        if contents.modules == .absent {
            throw Failure("could not use the image '\(reference.text)': it has no modules for the running kernel \(kernel ?? "")")
        }
    }

    /// Its files, as its tree will have them.
    package func files(in filesystem: Directory) throws(Failure) -> ImageFiles { ImageFiles(of: try layers(in: filesystem)) }

    /// Opens what has its files, the topmost first.
    func layers(in filesystem: Directory) throws(Failure) -> [Directory] {
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
