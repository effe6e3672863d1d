public import Basics

/// What is read of an image's configuration (OCI image specification, "Image Configuration").
struct ImageConfiguration {
    let layers: [DiffID]
    /// The chain id of each of the layers.
    let chains: [ChainID]
    let os: String
    let architecture: String
    /// Seconds since 1970; nil where it does not say.
    let created: Int?

    /// A file of this kind has some 100 kB for 127 layers.
    static let limit = 4 << 20

    /// Takes the file at `path` for the configuration of the image `id`. nil where there is no such file; fails where it is not
    /// what the id is the digest of.
    init?(of id: ImageID, at path: Path, in store: Directory) throws(Failure) {
        guard let content = try store.contents(of: path, limit: Self.limit) else { return nil }
        let name = store.show(path)
        let found = Digest.of(content)
        guard found == id.digest else {
            let state = content.isEmpty ? "it is empty" : "its content has the digest \(found)"
            throw Failure("could not use the image's configuration '\(name)': \(state)", hint: repairHint)
        }
        try self.init(content, name: name)
    }

    /// Takes what is known to be the content of a digest.
    init(_ content: [UInt8], name: String) throws(Failure) {
        let json = try JSON(parsing: content, name: name)
        var layers: [DiffID] = []
        for element in json["rootfs"]?["diff_ids"]?.elements ?? [] {
            guard let digest = element.string.flatMap({ Digest($0) }) else {
                throw Failure("could not use the image's configuration '\(name)': one of its layers has no sha256 digest")
            }
            layers.append(DiffID(digest))
        }
        self.layers = layers
        chains = ChainID.each(of: layers)
        os = json["os"]?.string ?? ""
        architecture = json["architecture"]?.string ?? ""
        created = json["created"]?.string.flatMap { seconds(ofTimestamp: $0) }
    }
}

extension ImageStores {
    /// The configuration of an image as its engine wrote it (OCI image specification). Fails where the store does not have it any more.
    public func configuration(of image: Image) throws(Failure) -> [UInt8] {
        for store in stores where store.kind == image.store {
            let content =
                switch store {
                case .docker(let docker): try docker.root.contents(of: docker.file(of: image.id), limit: ImageConfiguration.limit)
                case .containerd(let containerd): try containerd.content.configurationContent(of: image.id.digest)
                case .containers(let containers):
                    try containers.root.contents(of: containers.configurationFile(of: image.id).path, limit: ImageConfiguration.limit)
                }
            if let content { return content }
        }
        throw Failure("could not find the configuration of '\(image.reference)' in its store", hint: "pull or build it again")
    }
}
