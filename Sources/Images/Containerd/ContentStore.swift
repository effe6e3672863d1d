internal import Basics

/// What was pulled or built, each file under the digest of its content.
struct ContentStore {
    let root: Directory

    /// The OCI distribution specification lets registries refuse manifests of more than 4 MiB.
    private static let limit = 8 << 20
    /// An index may be in another one.
    private static let deepest = 4

    /// A manifest and the configuration that it names.
    private struct Manifest {
        let json: JSON
        let configuration: ImageConfiguration
    }

    /// The configuration that a manifest names, or the manifest for this machine in an index. Fails where one of them is missing.
    func configuration(of target: Digest, _ reference: ImageReference) throws(Failure) -> ImageConfiguration {
        guard let found = try find(target, depth: 0) else {
            let platform = "linux/\(hostArchitecture)"
            throw Failure(
                "could not use image '\(reference.text)': it is recorded, but its content for \(platform) is not in the store",
                hint: "pull it with --platform \(platform)"
            )
        }
        return found.configuration
    }

    /// The layers' archives by that manifest, the lowest first; nil where it is not there.
    func layers(of target: Digest) throws(Failure) -> (configuration: ImageConfiguration, archives: [Path])? {
        guard let found = try find(target, depth: 0) else { return nil }
        let digests = (found.json["layers"]?.elements ?? []).compactMap { $0["digest"]?.string.flatMap { Digest($0) } }
        return (found.configuration, digests.map { place(of: $0) })
    }

    /// The configuration that the same manifest names, as it lies; nil where one of them is not there.
    func configurationContent(of target: Digest) throws(Failure) -> [UInt8]? {
        guard let found = try find(target, depth: 0), let digest = found.json["config"]?["digest"]?.string.flatMap({ Digest($0) }) else {
            return nil
        }
        return try document(digest)?.content
    }

    private func place(of digest: Digest) -> Path {
        ("io.containerd.content.v1.content/blobs/sha256" as Path).appending(digest.hex)
    }

    /// Content as JSON; nil where it is not there. Fails where it is not that of its digest.
    private func document(_ digest: Digest) throws(Failure) -> (content: [UInt8], json: JSON, name: String)? {
        let path = place(of: digest)
        guard let content = try root.contents(of: path, limit: Self.limit) else { return nil }
        let name = root.show(path)
        guard Digest.of(content) == digest else {
            let state = content.isEmpty ? "it is empty" : "its content has another digest"
            throw Failure("could not use '\(name)': \(state)", hint: repairHint)
        }
        return (content, try JSON(parsing: content, name: name), name)
    }

    private func find(_ target: Digest, depth: Int) throws(Failure) -> Manifest? {
        guard depth < Self.deepest, let document = try document(target) else { return nil }
        if let manifests = document.json["manifests"]?.elements { return try choose(manifests, depth: depth + 1) }
        guard let digest = document.json["config"]?["digest"]?.string.flatMap({ Digest($0) }) else {
            throw Failure("could not use '\(document.name)': it is neither an image's manifest nor an index of manifests")
        }
        guard let configuration = try self.document(digest) else { return nil }
        return Manifest(
            json: document.json, configuration: try ImageConfiguration(configuration.content, name: configuration.name))
    }

    /// The manifest of an index for this machine, else one for another: whoever boots it says that it is none.
    private func choose(_ manifests: [JSON], depth: Int) throws(Failure) -> Manifest? {
        var other: Manifest?
        for digest in instances(of: manifests) {
            guard let found = try find(digest, depth: depth) else { continue }
            if isForThisMachine(os: found.configuration.os, architecture: found.configuration.architecture) { return found }
            if other == nil { other = found }
        }
        return other
    }
}
