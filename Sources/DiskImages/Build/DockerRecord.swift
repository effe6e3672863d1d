internal import Basics
internal import CLinux
internal import Files
internal import Images

/// What Docker's btrfs driver has below `image/btrfs` of its data-root, of one image.
struct DockerRecord {
    /// The data-root, on a disk that is made: its only store.
    static let store: Path = "docker"
    static let metadata: Path = "image/btrfs"
    static let layers: Path = "image/btrfs/layerdb/sha256"
    static let subvolumes: Path = "btrfs/subvolumes"

    let id: ImageID
    let configuration: [UInt8]
    /// Each file of the layers' records, from the data-root.
    let files: [(path: Path, content: [UInt8])]

    /// As it is in the image's own store.
    init(copying source: ImageSource, layers: [DockerLayer]) throws(Failure) {
        id = source.image.id
        configuration = source.configuration
        var files: [(path: Path, content: [UInt8])] = []
        for layer in layers {
            for name in ["cache-id", "diff", "parent", "size", "tar-split.json.gz"] as [Path] {
                // The record of a layer with a million files has 100 MB.
                guard let content = try source.root.contents(of: layer.record / name, limit: 1 << 30) else { continue }
                files.append((layer.record / name, content))
            }
        }
        self.files = files
    }

    /// Of one layer that others were merged to. It is another image for Docker: with one layer, whose digest nobody computed, since there
    /// is no archive of it.
    init(merging source: ImageSource, to cache: Path, size: Int) throws(Failure) {
        let layer = DiffID(Digest.of(Array("docker-btrfs: the merged layers of \(source.image.chainID)".utf8)))
        configuration = try Self.configuration(source.configuration, with: layer)
        id = ImageID(Digest.of(configuration))
        let record = Self.layers.appending(layer.digest.hex)
        files = [
            (record / "cache-id", cache.name), (record / "diff", Array("\(layer)".utf8)), (record / "size", Array("\(size)".utf8)),
        ]
    }

    /// With one layer. All else stays as the engine wrote it: this is done by jansson, since a configuration may have real numbers, and
    /// `JSONOutput` has none.
    private static func configuration(_ content: [UInt8], with layer: DiffID) throws(Failure) -> [UInt8] {
        var error = json_error_t()
        let root = content.withUnsafeBufferPointer { buffer in
            buffer.withMemoryRebound(to: CChar.self) { json_loadb($0.baseAddress, $0.count, 0, &error) }
        }
        guard let root else { throw Failure("could not read the image's configuration: it is not JSON") }
        defer { json_decref(root) }
        let layers = json_array()
        json_array_append_new(layers, json_string(layer.description))
        let rootfs = json_object()
        json_object_set_new(rootfs, "type", json_string("layers"))
        json_object_set_new(rootfs, "diff_ids", layers)
        json_object_set_new(root, "rootfs", rootfs)
        let step = json_object()
        json_object_set_new(step, "created_by", json_string("docker-btrfs: layers merged to one"))
        let history = json_array()
        json_array_append_new(history, step)
        json_object_set_new(root, "history", history)
        guard let text = json_dumps(root, 0) else { throw Failure("could not write the image's configuration: there is no memory") }
        defer { free(text) }
        return Array(UnsafeRawBufferPointer(start: text, count: strlen(text)))
    }

    /// All files, in the order in which they are written.
    func all(named reference: ImageReference) -> [(path: Path, content: [UInt8])] {
        var names: [(String, JSONOutput)] = []
        if case .name(let name) = reference.kind {
            names = [(name.repository, .object([(name.description, .string(id.description))]))]
        }
        let text = JSONOutput.object([("Repositories", .object(names))]).line
        return files + [
            ((Self.metadata / "imagedb/content/sha256").appending(id.digest.hex), configuration),
            (Self.metadata / "repositories.json", Array(text.utf8)),
        ]
    }
}
