public import Basics
public import Images

extension Image {
    /// Fails, as a boot from it would, where it is for another machine, or its tree lacks what a boot needs: an init, os-release,
    /// and the modules of `kernel`, which is `uname -r`. What a top layer may bring is not known here.
    public func checkBootable(below dataRoot: Directory, kernel: String?) throws(Failure) {
        try checkPlatform(self)
        guard let tree = try dataRoot.directory(at: layer) else { throw Failure("could not open the layer '\(layer)': it is not there") }
        let host = Facts.Host(kernelRelease: kernel, time: 0)
        let contents = try Facts.Contents(of: tree, under: [], of: reference.text, initProgram: nil, host)
        if contents.modules == .absent {
            throw Failure("could not use the image '\(reference)': it has no modules for the running kernel \(kernel ?? "")")
        }
    }
}
