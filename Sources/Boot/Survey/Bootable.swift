public import Basics
public import Images

extension Image {
    /// Fails, as a boot from it would, where it is for another machine, or its tree lacks what a boot needs: an init, os-release,
    /// and the modules of `kernel`, which is `uname -r`. What a top layer may bring is not known here.
    ///
    /// `filesystem` is where the store was looked for.
    public func checkBootable(in filesystem: Directory, kernel: String?) throws(Failure) {
        try checkPlatform(self)
        guard case .subvolume(let path) = tree else { throw notMerged }
        guard let layer = try filesystem.directory(at: path) else { throw Failure("could not open the layer '\(path)': it is not there") }
        let host = Facts.Host(kernelRelease: kernel, time: 0)
        let contents = try Facts.Contents(of: layer, under: [], of: reference.text, initProgram: nil, host)
        try contents.checkOwner(of: reference.text)
        if contents.modules == .absent {
            throw Failure("could not use the image '\(reference.text)': it has no modules for the running kernel \(kernel ?? "")")
        }
    }

    /// What a boot says until the layers are one tree.
    package var notMerged: Failure {
        Failure("could not use the image '\(reference.text)': its layers (\(store.word)) are not merged to one root yet")
    }
}
