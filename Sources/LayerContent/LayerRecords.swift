public import Basics
internal import Decompression
public import Images

/// What a store recorded of an image's layers. It is read once, for all places that are compared with it.
public struct LayerRecords {
    let filesystem: Directory
    let depth: ContentCheck.Depth
    /// The lowest first, each with its files; nil where nothing is recorded of them.
    let layers: [(layer: StoredLayer, files: [RecordedFile]?)]

    /// `layers` are those of an image, the lowest first, in the filesystem of their store.
    public init(of layers: [StoredLayer], in filesystem: Directory, depth: ContentCheck.Depth) throws(Failure) {
        var found: [(StoredLayer, [RecordedFile]?)] = []
        for layer in layers { found.append((layer, try Self.files(of: layer, in: filesystem, depth))) }
        (self.filesystem, self.depth, self.layers) = (filesystem, depth, found)
    }

    /// The layers that nothing is recorded of, by their folders.
    var unrecorded: [Path] { layers.filter { $0.files == nil }.map(\.layer.folder) }

    /// In bytes: no engine unpacks a longer path, and what it would take is not bounded.
    private static let longestPath = 4096

    private static func files(
        of layer: StoredLayer, in filesystem: Directory, _ depth: ContentCheck.Depth
    ) throws(Failure) -> [RecordedFile]? {
        var files: [RecordedFile] = []
        switch layer.record {
        case nil: return nil
        case .tarSplit(let path):
            try TarSplit(file: open(path, in: filesystem), name: filesystem.show(path)).visitAll { file in
                if file.name.count <= longestPath { files.append(file) }
            }
        case .archive(let path):
            do throws(Failure) {
                let archive = TarArchive(try open(path, in: filesystem), name: filesystem.show(path), hasChecksums: depth == .content)
                try archive.visitAll { file in if file.name.count <= longestPath { files.append(file) } }
            } catch {
                // It may be encrypted, or of a kind to come: what was unpacked need not be bad.
                if depth == .content { throw error }
                return nil
            }
        }
        return files
    }

    private static func open(_ path: Path, in filesystem: Directory) throws(Failure) -> CompressedFile {
        if try filesystem.status(of: path)?.size == 0 { throw Failure("could not read '\(filesystem.show(path))': it is empty") }
        if let file = try CompressedFile(at: path, in: filesystem) { return file }
        throw Failure("could not find '\(filesystem.show(path))'")
    }
}
