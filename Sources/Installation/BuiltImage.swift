internal import Basics
internal import Initramfs

/// What must be in an image that was built, and what must not.
extension Installer {
    /// Fails unless what a boot needs is in the image, and as it is in the system.
    func check(_ image: Path) async throws(Failure) {
        let opened = try await open(image)
        if let failure = Inspection(of: opened).failure { throw failure }
        for path in [programPath, configurationFile] {
            guard let bytes = try tree.contents(of: path) else { continue }
            if opened.target(of: path)?.content.elementsEqual(bytes) != true {
                throw Failure("'\(path)' in '\(image)' is not the one of this system")
            }
        }
    }

    func checkAbsence(in image: Path) async throws(Failure) {
        if try await open(image).target(of: programPath) == nil { return }
        throw Failure("'\(programPath)' is still in '\(image)'")
    }

    private func open(_ image: Path) async throws(Failure) -> InitramfsImage {
        try await InitramfsImage(reading: image.description)
    }
}
