internal import Basics

extension PackageSet {
    static let pacmanDatabase: Path = "var/lib/pacman/local"

    /// What pacman has installed: a directory for each package, with `desc` and `files`. alpm(3) calls their sections so.
    static func pacman(in tree: Directory) throws(Failure) -> [String: Package]? {
        guard let folder = try tree.directory(at: pacmanDatabase) else { return nil }
        var packages: [String: Package] = [:]
        for entry in try folder.names() {
            let place = Path.top.appending(name: entry)
            guard try folder.status(of: place)?.kind == .directory, let content = try folder.contents(of: place / "desc") else { continue }
            let description = sections(of: content)
            guard let name = description["NAME"]?.first, Package.isName(name) else { continue }
            let files = sections(of: try folder.contents(of: place / "files") ?? [])
            var digests: [Path: String] = [:]
            for line in files["BACKUP"] ?? [] {
                let words = line.parts(at: "\t")
                if words.count == 2, let path = Path(words[0]) { digests[path] = words[1] }
            }
            packages[name] = Package(
                name: name, version: description["VERSION"]?.first ?? "", isDependency: description["REASON"] == ["1"],
                needs: (description["DEPENDS"] ?? []).map { [withoutVersion($0)] },
                provides: [name] + (description["PROVIDES"] ?? []).map(withoutVersion),
                list: pacmanDatabase / place / "files", digests: digests)
        }
        return packages
    }

    private static func withoutVersion(_ name: String) -> String { String(name.prefix { !"<>=:".contains($0) }) }

    /// `%NAME%`, lines, an empty line.
    static func sections(of content: [UInt8]) -> [String: [String]] {
        var found: [String: [String]] = [:]
        var name = ""
        for line in String(decoding: content, as: UTF8.self).parts(at: "\n") {
            if line.begins(with: "%") && line.ends(with: "%") {
                name = line.parts(at: "%").first ?? ""
            } else {
                found[name, default: []].append(line)
            }
        }
        return found
    }
}
