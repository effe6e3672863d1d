internal import Basics
internal import Files

extension PackageSet {
    static let debianStatus: Path = "var/lib/dpkg/status"

    /// What dpkg has installed, as deb-substvars(5) and dpkg-query(1) call its fields, and which of it apt installed for the others' sake.
    static func debian(in tree: Directory) throws(Failure) -> [String: Package]? {
        guard let status = try tree.contents(of: debianStatus) else { return nil }
        let installed = paragraphs(of: status).filter { $0["Status"]?.ends(with: " installed") == true }
        let native = installed.first { $0["Package"] == "dpkg" }?["Architecture"] ?? "all"
        let isForeign = { (architecture: String) in architecture != native && architecture != "all" }
        var automatic: Set<String> = []
        for entry in paragraphs(of: try tree.contents(of: "var/lib/apt/extended_states") ?? []) where entry["Auto-Installed"] == "1" {
            let architecture = entry["Architecture"] ?? native
            automatic.insert((entry["Package"] ?? "") + (isForeign(architecture) ? ":\(architecture)" : ""))
        }
        var packages: [String: Package] = [:]
        for entry in installed {
            guard let plain = entry["Package"], let architecture = entry["Architecture"] else { continue }
            let name = plain + (isForeign(architecture) ? ":\(architecture)" : "")
            guard Package.isName(name) else { continue }
            // Where several architectures can be installed, its name has the one that it is of.
            let lists = [plain, "\(plain):\(architecture)"].compactMap { Path("var/lib/dpkg/info/\($0).list") }
            var list = lists[0]
            for path in lists where try tree.status(of: path) != nil { list = path }
            packages[name] = Package(
                name: name, version: entry["Version"] ?? "", isDependency: automatic.contains(name),
                needs: relations(entry["Pre-Depends"]) + relations(entry["Depends"]),
                provides: [plain] + relations(entry["Provides"]).flatMap { $0 },
                list: list, digests: digests(entry["Conffiles"] ?? ""))
        }
        return packages
    }

    /// `a (>= 1.0) | b:any, c`, without versions and architectures.
    static func relations(_ field: String?) -> [[String]] {
        (field ?? "").parts(at: ",").map { group in
            group.parts(at: "|").compactMap { one in
                one.parts(at: " ").first?.parts(at: "(").first?.parts(at: ":").first
            }
        }
    }

    private static func digests(_ field: String) -> [Path: String] {
        var found: [Path: String] = [:]
        for line in field.parts(at: "\n") {
            // `/etc/a file 0123… obsolete`: a name may have spaces.
            var words = line.parts(at: " ")
            while let last = words.last, last == "obsolete" || last == "remove-on-upgrade" { words.removeLast() }
            guard words.count > 1, let digest = words.popLast(), let path = Path(words.joined(separator: " ")) else { continue }
            found[path] = digest
        }
        return found
    }

    /// What dpkg does not unpack, by dpkg.cfg(5), up to the first wildcard; and what it unpacks under another name, by dpkg-divert(1).
    static func pathsLeftOut(in tree: Directory) throws(Failure) -> [Path] {
        let folder: Path = "etc/dpkg/dpkg.cfg.d"
        let files = try ["etc/dpkg/dpkg.cfg"] + (tree.directory(at: folder)?.names().map { folder.appending(name: $0) } ?? [])
        var found: [Path] = []
        for file in files where try tree.target(of: file)?.kind == .file {
            for line in try tree.text(of: file).parts(at: "\n") {
                guard let pattern = line.after("path-exclude")?.drop(while: { " =\t".contains($0) }) else { continue }
                if let path = Path(String(pattern.prefix { !"*?[".contains($0) })), !path.isTop { found.append(path) }
            }
        }
        let diversions = try tree.text(of: "var/lib/dpkg/diversions").parts(at: "\n")
        return found + stride(from: 0, to: diversions.count, by: 3).compactMap { Path(diversions[$0]) }
    }

    /// The MD5 digests of a package's files: of all but the configuration, as `NAME.md5sums` has them.
    static func digests(besides list: Path, in tree: Directory) throws(Failure) -> [Path: String] {
        try Path(list.bytes.dropLast("list".utf8.count) + "md5sums".utf8).map { path throws(Failure) in
            try digests(listedIn: path, of: tree)
        } ?? [:]
    }

    /// What md5sum(1) printed.
    static func digests(listedIn file: Path, of tree: Directory) throws(Failure) -> [Path: String] {
        var found: [Path: String] = [:]
        for line in try tree.contents(of: file)?.split(separator: UInt8(ascii: "\n")) ?? [] where line.count > 34 {
            if let path = Path(line.dropFirst(34)) { found[path] = String(decoding: line.prefix(32), as: UTF8.self) }
        }
        return found
    }

    /// The fields of each paragraph; lines that go on keep their newline.
    static func paragraphs(of content: [UInt8]) -> [[String: String]] {
        var found: [[String: String]] = []
        var fields: [String: String] = [:]
        var name = ""
        for line in content.split(separator: UInt8(ascii: "\n"), omittingEmptySubsequences: false) {
            if line.isEmpty {
                if !fields.isEmpty { found.append(fields) }
                (fields, name) = ([:], "")
            } else if line.first == UInt8(ascii: " ") || line.first == UInt8(ascii: "\t") {
                // A description is most of the file, and nothing asks for it.
                if name != "Description" { fields[name]? += "\n" + String(decoding: line.dropFirst(), as: UTF8.self) }
            } else if let colon = line.firstIndex(of: UInt8(ascii: ":")) {
                name = String(decoding: line[..<colon], as: UTF8.self)
                let value = line[(colon + 1)...].drop { $0 == UInt8(ascii: " ") }
                fields[name] = String(decoding: value, as: UTF8.self)
            }
        }
        if !fields.isEmpty { found.append(fields) }
        return found
    }
}
