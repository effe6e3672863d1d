internal import Basics

/// The containers of a data-root by their names (moby, container/container.go: `containers/ID/config.v2.json`).
struct DockerContainers {
    let dataRoot: Directory
    /// Such a file has some 10 kB.
    private static let limit = 1 << 20

    /// The id of a container of that name, id or beginning of an id; nil where there is none. Fails where several ids begin so.
    func id(_ wanted: String) throws(Failure) -> ImageID? {
        let folders = try dataRoot.directory(at: "containers")?.names() ?? []
        let ids = folders.compactMap { Digest(hex: $0).map { ImageID($0) } }
        if let id = ids.first(where: { $0.digest.hex == wanted }) { return id }
        for id in ids {
            if name(of: id) == wanted { return id }
        }
        let found = ids.filter { $0.digest.hex.utf8.starts(with: wanted.utf8) }
        if found.count <= 1 { return found.first }
        throw Failure(
            "could not choose a container: \(found.count) ids in \(dataRoot.show(.top)) begin with '\(wanted)'",
            hint: "they are " + shortList(found.map { $0.digest.hex })
        )
    }

    func names() throws(Failure) -> [String] {
        var names: [String] = []
        for folder in try dataRoot.directory(at: "containers")?.names() ?? [] {
            guard let id = Digest(hex: folder).map({ ImageID($0) }), let name = name(of: id) else { continue }
            names.append(name)
        }
        return names
    }

    /// Without the slash that it is written with; nil where the file is damaged, which is the matter of that container alone.
    private func name(of id: ImageID) -> String? {
        let file = ("containers" as Path).appending(id.digest.hex) / "config.v2.json"
        guard let content = try? dataRoot.contents(of: file, limit: Self.limit),
            let name = try? JSON(parsing: content, name: dataRoot.show(file))["Name"]?.string
        else { return nil }
        return display(name.utf8.drop { $0 == UInt8(ascii: "/") })
    }
}
