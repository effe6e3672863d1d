internal import Basics
internal import Foundation

/// A store as Docker's btrfs driver keeps it, of made-up images with 20 layers each. Every digest in it is right.
///
/// Docker itself would need hours for thousands of layers. All metadata is there; of the layers' subvolumes only those of the
/// images that are booted, which no program here looks further than.
struct Store {
    static let layersOfAnImage = 20

    let layers: Int
    /// How many of an image's lowest layers are those of 50 images, as of images that are built from the same one.
    var shared = 0
    /// Where it lies on the disk: `docker_path=`.
    var path: String { "stores/\(layers)" }

    /// Writes the metadata below the disk's top level and returns where each image's subvolume has to be put. Images of the
    /// given numbers of files come first, the store's other images after them.
    func write(on disk: String, imageFiles: [Int]) throws -> [(files: Int, layer: String)] {
        var tree = Tree(in: "\(disk)/\(path)")
        try tree.addDirectory("btrfs/subvolumes")
        var names: [String] = []
        var placed: [(files: Int, layer: String)] = []
        for number in 0..<layers / Self.layersOfAnImage {
            let name = number < imageFiles.count ? "bench:\(imageFiles[number])" : "other:\(number)"
            let image = try writeImage(name, base: "base \(number / 50)", &tree)
            names.append("\"\(name)\":\"\(image.id)\"")
            if number < imageFiles.count { placed.append((imageFiles[number], "\(path)/btrfs/subvolumes/\(image.cacheID)")) }
        }
        try tree.add("image/btrfs/repositories.json", repositories(names), mode: 0o600)
        return placed
    }

    private func repositories(_ names: [String]) -> String {
        let bench = names.filter { $0.hasPrefix("\"bench:") }.joined(separator: ",")
        let other = names.filter { $0.hasPrefix("\"other:") }.joined(separator: ",")
        return "{\"Repositories\":{\"bench\":{\(bench)},\"other\":{\(other)}}}"
    }

    private func writeImage(_ name: String, base: String, _ tree: inout Tree) throws -> (id: Digest, cacheID: String) {
        let owner = { (number: Int) in number < shared ? base : name }
        let diffs = (0..<Self.layersOfAnImage).map { digest("\(owner($0)) diff \($0)") }
        var chain: Digest?
        var cacheID = ""
        for (number, diff) in diffs.enumerated() {
            cacheID = hex(digest("\(owner(number)) cache \(number)"))
            let parent = chain
            chain = parent.map { digest("\($0) \(diff)") } ?? diff
            try writeLayer(hex(chain ?? diff), diff, parent, cacheID, &tree)
        }
        let list = diffs.map { "\"\($0)\"" }.joined(separator: ",")
        let configuration =
            "{\"architecture\":\"\(Self.architecture)\",\"os\":\"linux\",\"config\":{},\"history\":[],"
            + "\"rootfs\":{\"type\":\"layers\",\"diff_ids\":[\(list)]}}"
        let id = digest(configuration)
        try tree.add("image/btrfs/imagedb/content/sha256/\(hex(id))", configuration, mode: 0o600)
        return (id, cacheID)
    }

    private func writeLayer(_ chain: String, _ diff: Digest, _ parent: Digest?, _ cacheID: String, _ tree: inout Tree) throws {
        let folder = "image/btrfs/layerdb/sha256/\(chain)"
        try tree.add("\(folder)/diff", "\(diff)")
        if let parent { try tree.add("\(folder)/parent", "\(parent)") }
        try tree.add("\(folder)/cache-id", cacheID)
        try tree.add("\(folder)/size", "1048576")
        // A list of the layer's files, as large as one may be, in which there are none to compare.
        try tree.add("\(folder)/tar-split.json.gz", String(repeating: "\n", count: 2500))
    }

    private func digest(_ text: String) -> Digest { .of(Array(text.utf8)) }

    private func hex(_ digest: Digest) -> String { String("\(digest)".dropFirst("sha256:".count)) }

    #if arch(arm64)
        private static let architecture = "arm64"
    #else
        private static let architecture = "amd64"
    #endif
}
