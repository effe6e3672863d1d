internal import Basics
internal import Files

/// An image that is there before a build, with its copy.
struct PreviousImage {
    let image: Path
    /// What the image is; another path where it is a link.
    let file: Path
    private let link: String?
    /// The copy that stays. Not by a name that boot loaders look for: `initr…` in /boot, `….efi` on an ESP.
    var kept: Path { Self.keptPath(file) }
    /// Whether an earlier install made that copy, also one in another root that has the same ESP or /boot. It stays as it is: since
    /// then the image has docker-btrfs in it.
    let wasKept: Bool
    /// The copy that this build makes.
    var copy: Path { wasKept ? file.parent.appending(name: Array(".".utf8) + file.name + Array(".docker-btrfs".utf8)) : kept }

    /// nil where there is no such image. Fails where something that is not ours has the copy's name.
    init?(_ image: Path, _ record: InstallRecord, in tree: Directory) async throws(Failure) {
        guard let file = try tree.resolved(image) else { return nil }
        self.image = image
        self.file = file
        link = try tree.status(of: image)?.kind == .symlink ? tree.linkTarget(of: image) : nil
        let kept = Self.keptPath(file)
        let found = try tree.found(at: kept)
        wasKept =
            switch found {
            case .nothing, .other: false
            case .entry(let entry) where record.kept.contains(entry): true
            case .entry: try await tree.holdsProgram(file)
            }
        if found != .nothing && !wasKept {
            throw Failure(
                "could not keep '\(image)' as '\(kept)': something is there that is not from docker-btrfs",
                hint: "move it away and run this again")
        }
    }

    private static func keptPath(_ file: Path) -> Path {
        file.parent.appending(name: file.isUnified ? file.name + Array(".old".utf8) : Array("old-".utf8) + file.name)
    }

    func putBack(in tree: Directory) throws(Failure) {
        try tree.rename(copy, to: file)
        // A tool that renames puts a file in the place of the link.
        if let link, try tree.status(of: image)?.kind != .symlink { try tree.link(image, to: link) }
    }
}
