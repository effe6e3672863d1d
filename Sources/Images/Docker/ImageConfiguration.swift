internal import Basics

/// What is read of an image's configuration (OCI image specification, "Image Configuration").
struct ImageConfiguration {
    let layers: [DiffID]
    let os: String
    let architecture: String

    /// Takes the file at `path` for the configuration of the image `id`. nil where there is no such file; fails where it is not
    /// what the id is the digest of.
    init?(of id: ImageID, at path: Path, in store: Directory) throws(Failure) {
        guard let content = try store.contents(of: path) else { return nil }
        let name = store.show(path)
        let found = Digest.of(content)
        guard found == id.digest else {
            let state = content.isEmpty ? "it is empty" : "its content has the digest \(found)"
            throw Failure("could not use the image's configuration '\(name)': \(state)", hint: repairHint)
        }
        let json = try JSON(parsing: content, name: name)
        var layers: [DiffID] = []
        for element in json["rootfs"]?["diff_ids"]?.elements ?? [] {
            guard let digest = element.string.flatMap({ Digest($0) }) else {
                throw Failure("could not use the image's configuration '\(name)': one of its layers has no sha256 digest")
            }
            layers.append(DiffID(digest))
        }
        self.layers = layers
        os = json["os"]?.string ?? ""
        architecture = json["architecture"]?.string ?? ""
    }
}

/// What helps against a store that lost files or content: the daemon forgets such an image when it starts.
let repairHint = "the store is damaged, as after a power failure: restart docker, then pull or build the image again"
