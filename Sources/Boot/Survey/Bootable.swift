public import Basics
public import Images

extension Image {
    /// Fails, as a boot from it would, where it is for another machine, or its tree lacks what a boot needs: an init, os-release,
    /// and the modules of `kernel`, which is `uname -r`. What a top layer may bring is not known here.
    ///
    /// `filesystem` is where the store was looked for.
    public func checkBootable(in filesystem: Directory, kernel: String?) throws(Failure) {
        try checkPlatform(self)
        // No more than that: a list has hundreds of images.
        let files = try files(in: filesystem)
        _ = try Facts.Contents.program(of: [files], of: reference.text, nil)
        try Facts.Contents.checkOwner(files.status(of: .top)?.owner ?? 0, of: reference.text)
        if try Facts.Modules(of: [files], Facts.Host(kernelRelease: kernel, time: 0)) == .absent {
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
