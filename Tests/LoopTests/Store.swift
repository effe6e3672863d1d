import Foundation
import TestSupport
import Testing

/// The disk that `Tests/Lab/store` makes, and what Docker itself said of the images on it.
struct Store {
    struct Image {
        let id: String
        let chainID: String
        let cacheID: String
    }

    let disk: String
    let images: [String: Image]

    /// The subvolumes that Docker made, sorted. Images may have the same layers.
    var layers: [String] { Set(images.values.map { "docker/btrfs/subvolumes/\($0.cacheID)" }).sorted() }

    /// The subvolumes of a disk on which roots were made of these images, and none was kept.
    func subvolumes(holding names: String...) -> [String] {
        let holds = names.compactMap { images[$0]?.chainID.dropFirst("sha256:".count) }.map { ".docker-btrfs/layers/\($0)" }
        return (layers + holds + ["docker_rwlayer"]).sorted()
    }

    /// Made where it is missing, once for all tests.
    static func made() async throws -> Store { try await making.value }

    private static let making = Task {
        try await output(of: [Repository.path("Tests/Lab/store")])
        try await Disk.sweep()
        let table = try String(contentsOfFile: Repository.path(".build/lab/store.tsv"), encoding: .utf8)
        return Store(disk: Repository.path(".build/lab/store.img"), images: images(in: table))
    }

    static func images(in table: String) -> [String: Image] {
        var images: [String: Image] = [:]
        for line in table.split(separator: "\n") {
            let fields = line.split(separator: "\t").map { String($0) }
            images[fields[0]] = Image(id: fields[1], chainID: fields[2], cacheID: fields[3])
        }
        return images
    }
}
