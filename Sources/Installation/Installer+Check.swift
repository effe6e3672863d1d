internal import Basics
internal import Initramfs

/// What must be in an image that was built, and what must not.
extension Installer {
    /// Fails unless what a boot needs is in the image, and as it is in the system. `old` is the image from before. Returns what
    /// to say of it.
    func check(_ image: Path, _ old: Path?, by framework: InitramfsTool) async throws(Failure) -> [String] {
        let opened = try await open(image)
        let inspection = Inspection(of: opened)
        if let failure = inspection.failureOfInitramfs { throw Failure(failure.message, hint: framework.omissionHint) }
        for path in [programPath, configurationFile] {
            guard let bytes = try tree.contents(of: path) else { continue }
            if opened.target(of: path).map({ ELF.areOneProgram($0.content, bytes[...]) }) != true {
                throw Failure("'\(path)' in '\(image)' is not the one of this system")
            }
        }
        let line = "docker-btrfs is in '\(image)'"
        guard image.isUnified else { return [line] }
        // One that was made by hand may have got its command line there.
        if opened.commandLine == nil, let old, try await open(old).commandLine != nil {
            throw Failure(
                "'\(image)' has lost its kernel command line",
                hint: "\(framework.rawValue) takes it from \(inspection.commandLineSource)")
        }
        // What is missing can only be on its kernel command line, which is not ours: it is named.
        if inspection.failure == nil { return [line] }
        return [line, "its kernel command line boots no image: \(inspection.commandLineRemedy)"]
    }

    func checkAbsence(in image: Path) async throws(Failure) {
        if try await open(image).target(of: programPath) == nil { return }
        throw Failure("'\(programPath)' is still in '\(image)'")
    }

    private func open(_ image: Path) async throws(Failure) -> InitramfsImage {
        try await InitramfsImage(reading: image.description)
    }
}
