internal import Basics
internal import Files

/// An image that is there before a build, with its copy.
struct PreviousImage {
    let image: Path
    /// What the image is; another path where it is a link.
    let file: Path
    /// Where that leads, as it is written; nil where the image is a file.
    let link: String?
    /// The copy that stays. Not by a name that boot loaders look for: `initr…` in /boot, `….efi` on an ESP.
    var kept: Path { Self.keptPath(file) }
    /// Whether an earlier install made that copy, also one in another root that has the same ESP or /boot. It stays as it is: since
    /// then the image has docker-btrfs in it.
    let wasKept: Bool
    /// Whether this build is the first that puts docker-btrfs into the image: the copy becomes the one that stays.
    let isFirst: Bool
    /// The copy that this build makes. That it is there says that the build was not finished.
    var copy: Path { Self.draft(of: file) }

    /// With `isLasting` a copy stays. nil where there is no such image. Fails where something that is not ours has the name of one that is to
    /// stay.
    init?(_ image: Path, _ record: InstallRecord, isLasting: Bool, in tree: Directory) async throws(Failure) {
        guard let file = try tree.resolved(image) else { return nil }
        self.image = image
        self.file = file
        link = try tree.status(of: image)?.kind == .symlink ? tree.linkTarget(of: image) : nil
        let kept = Self.keptPath(file)
        let found = try tree.found(at: kept)
        // One that cannot be read was not made with docker-btrfs in it.
        let hasProgram = (try? await tree.holdsProgram(file)) ?? false
        wasKept =
            switch found {
            case .nothing, .other: false
            case .entry(let entry): record.kept.contains(entry) || hasProgram
            }
        isFirst = isLasting && !wasKept && !hasProgram
        if found != .nothing && isFirst {
            throw Failure(
                "could not keep '\(image)' as '\(kept)': something is there, and no record says that docker-btrfs made it",
                hint: "move it away and run this again")
        }
    }

    private static func keptPath(_ file: Path) -> Path {
        file.parent.appending(name: file.isUnified ? file.name + Array(".old".utf8) : Array("old-".utf8) + file.name)
    }

    private static func draft(of file: Path) -> Path {
        file.parent.appending(name: Array(".".utf8) + file.name + Array(".docker-btrfs".utf8))
    }

    /// The image that a build's copy is of; nil for any other path.
    static func file(ofDraft path: Path) -> Path? {
        let (begin, end) = (Array(".".utf8), Array(".docker-btrfs".utf8))
        let name = path.name
        guard name.starts(with: begin), name.suffix(end.count).elementsEqual(end), name.count > begin.count + end.count else { return nil }
        return path.parent.appending(name: Array(name.dropFirst(begin.count).dropLast(end.count)))
    }

    /// The image that a copy which stays was made of; nil for any other path.
    static func original(of kept: Path) -> Path? {
        let names = [Array(kept.name.dropFirst(4)), Array(kept.name.dropLast(4))].filter { !$0.isEmpty }
        return names.map { kept.parent.appending(name: $0) }.first { keptPath($0) == kept }
    }

    func putBack(in tree: Directory) throws(Failure) {
        try tree.rename(copy, to: file)
        // A tool that renames puts a file in the place of the link.
        if let link, try tree.status(of: image)?.kind != .symlink { try tree.link(image, to: link) }
    }
}
