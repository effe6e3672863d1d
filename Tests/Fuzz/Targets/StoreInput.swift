import Basics
import Images

/// The input is the files of a store, divided by the byte 0x1e: an image reference, repositories.json, an image's configuration, its
/// top layer's `diff`, `parent` and `cache-id`, and the `parent` of another image.
///
/// `$id`, `$diff` and `$parent` in them stand for the digests that fit: the parsers behind those checks are to be reached.
struct StoreInput {
    private static let separator: UInt8 = 0x1e
    private let parts: [[UInt8]]
    private let id: Digest
    private let layers: [DiffID]

    init(_ input: [UInt8]) {
        parts = input.split(separator: Self.separator, maxSplits: 6, omittingEmptySubsequences: false).map { Array($0) }
        let content = parts.count > 2 ? parts[2] : []
        id = .of(content)
        layers = Self.layers(content)
    }

    func check() throws {
        let folder = try Folder()
        try write(to: folder)
        guard let store = try ImageStores(in: Directory(opening: folder.path, label: "/docker"), at: .top) else { return }
        let reference = String(decoding: part(0), as: UTF8.self)
        for asked in [reference, id.description] {
            guard let image = try parsed({ () throws(Failure) in try store.image(ImageReference(asked)).image }) else { continue }
            try check(image)
            try expect(image.id.digest == id, "the only image there is found")
        }
        try check(try parsed { () throws(Failure) in try store.listing().images } ?? [])
    }

    private func check(_ image: Image) throws(Violation) {
        guard case .subvolume(let layer) = image.tree else { throw Violation(description: "not so: the image is a subvolume") }
        try expectSound(layer, "the layer")
        try expect(layer.parent == "btrfs/subvolumes", "the layer is one of Docker's: \(layer)")
        try expect(ChainID(of: layers) == image.chainID, "the chain is that of the layers")
    }

    private func check(_ listing: [ListedImage]) throws(Violation) {
        for line in listing {
            for name in line.names { try expectPrintable(name) }
            switch line.image {
            case .success(let image): try check(image)
            case .failure(let failure): try expectPrintable(failure)
            }
        }
    }

    /// A part with the digests that fit; empty where the input has none.
    private func part(_ index: Int) -> [UInt8] {
        guard index < parts.count else { return [] }
        let known = [("$id", id), ("$diff", layers.last?.digest), ("$parent", ChainID(of: layers.dropLast())?.digest)]
        return known.reduce(parts[index]) { $0.replacing(Array($1.0.utf8), with: Array(($1.1?.description ?? "none").utf8)) }
    }

    private func write(to folder: Folder) throws {
        try folder.makeDirectory("image/btrfs")
        if parts.count > 1 { try folder.write(part(1), to: "repositories.json", in: "image/btrfs") }
        if parts.count > 2 { try folder.write(parts[2], to: id.hex, in: "image/btrfs/imagedb/content/sha256") }
        if let chain = ChainID(of: layers) { try writeLayer("image/btrfs/layerdb/sha256/\(chain.digest.hex)", to: folder) }
        if parts.count > 6 { try folder.write(part(6), to: "parent", in: "image/btrfs/imagedb/metadata/sha256/\(id.hex)") }
    }

    private func writeLayer(_ entry: String, to folder: Folder) throws {
        for (index, name) in [(3, "diff"), (4, "parent"), (5, "cache-id")] where !part(index).isEmpty {
            try folder.write(part(index), to: name, in: entry)
        }
        let cache = part(5).filter { $0 > 0x20 }
        if let cache = CacheID(cache) { try folder.makeDirectory("btrfs/subvolumes/\(cache)") }
    }

    /// What the store's own reader makes of the layers, as far as all of them have digests.
    private static func layers(_ configuration: [UInt8]) -> [DiffID] {
        let json = try? JSON(parsing: configuration, name: "input")
        return (json?["rootfs"]?["diff_ids"]?.elements ?? []).compactMap { $0.string.flatMap { Digest($0) }.map { DiffID($0) } }
    }
}
