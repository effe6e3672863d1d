internal import Basics

/// Where a store's layers are (moby, layer/filestore.go): one directory for each chain id, with the files `cache-id`, `diff` and,
/// but for a lowest layer, `parent`, each with one value.
struct LayerDatabase {
    let store: Directory

    /// The directory of the highest of an image's layers. Fails where the database and the image do not agree, and where that
    /// directory is not what the driver made.
    func directory(of layers: [DiffID], chain: ChainID) throws(Failure) -> Path {
        let entry = ("image/btrfs/layerdb/sha256" as Path).appending(name: Array(chain.digest.hex.utf8))
        guard try store.status(of: entry)?.kind == .directory else {
            throw Failure("could not find the image's top layer: there is no directory '\(store.show(entry))'", hint: repairHint)
        }
        try check(entry / "diff", is: layers.last?.digest)
        try check(entry / "parent", is: ChainID(of: layers.dropLast())?.digest)
        let file = entry / "cache-id"
        let name = try value(of: file)
        guard let cache = name.flatMap({ CacheID($0) }) else {
            let state = name.map { "'\(display($0))' is not a cache id" } ?? "it is not there"
            throw Failure("could not use '\(store.show(file))': \(state)", hint: repairHint)
        }
        let layer = ("btrfs/subvolumes" as Path).appending(name: cache.name)
        try checkLayer(layer)
        return layer
    }

    private func check(_ file: Path, is expected: Digest?) throws(Failure) {
        let found = try value(of: file)
        let wanted = expected.map { Array($0.description.utf8) }
        if found == wanted { return }
        let state = found.map { "it says '\(display($0))'" } ?? "it is not there"
        throw Failure(
            "could not use '\(store.show(file))': \(state), the image says \(expected.map { "'\($0)'" } ?? "that nothing is below")",
            hint: repairHint
        )
    }

    /// The content of a small file without white space around it; nil where there is no file.
    private func value(of file: Path) throws(Failure) -> [UInt8]? {
        guard let content = try store.contents(of: file, limit: 4096) else { return nil }
        let trimmed = trim(content)
        if trimmed.isEmpty { throw Failure("could not use '\(store.show(file))': it is empty", hint: repairHint) }
        return trimmed
    }

    private func checkLayer(_ layer: Path) throws(Failure) {
        let sentence = "could not use the image's top layer '\(store.show(layer))'"
        guard let status = try store.status(of: layer) else { throw Failure("\(sentence): it is not there", hint: repairHint) }
        guard status.kind == .directory, let directory = try store.directory(at: layer) else {
            throw Failure("\(sentence): it is not a directory", hint: repairHint)
        }
        guard store.isOnBtrfs else { return }
        if try directory.subvolume() != nil { return }
        // Where a snapshot is taken of a subvolume with others in it, those are left out: btrfs shows an empty directory of inode 2.
        if status.inode == 2 {
            throw Failure(
                "\(sentence): it is only the empty place of a subvolume, since the docker data-root is in a snapshot",
                hint: "snapshots leave out docker's layers, which are subvolumes: docker_path must name the original data-root"
            )
        }
        throw Failure("\(sentence): it is an ordinary directory, not a btrfs subvolume", hint: repairHint)
    }
}

/// Without white space at both ends, as the daemon reads the files of one value.
func trim(_ bytes: [UInt8]) -> [UInt8] {
    let isSpace: (UInt8) -> Bool = { $0 == 0x20 || (0x09...0x0d).contains($0) }
    guard let first = bytes.firstIndex(where: { !isSpace($0) }), let last = bytes.lastIndex(where: { !isSpace($0) }) else { return [] }
    return Array(bytes[first...last])
}
