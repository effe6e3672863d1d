package import Basics
package import Images

/// Fails where the image was built for another kind of machine than this one.
package func checkPlatform(_ image: Image) throws(Failure) {
    if isForThisMachine(os: image.os, architecture: image.architecture) { return }
    let os = image.os.isEmpty ? "linux" : image.os
    let platform = display("\(os)/\(image.architecture.isEmpty ? hostArchitecture : image.architecture)".utf8)
    throw Failure(
        "could not use the image '\(image.reference.text)': it is for \(platform), and this machine is linux/\(hostArchitecture)",
        hint: "build or pull it with --platform linux/\(hostArchitecture)"
    )
}
