internal import Basics

/// The images of containerd, which Docker 29 keeps its images with: names, manifests and configurations of one namespace, and the
/// layers that one of its snapshotters unpacked.
final class ContainerdStore: Sendable {
    let root: Directory
    /// Where that is, from the top of its filesystem.
    let path: Path
    let kind: StoreKind
    let namespace: String
    let metadata: BoltDatabase

    init(at root: Directory, _ path: Path, kind: StoreKind, namespace: String, metadata: BoltDatabase) {
        (self.root, self.path, self.kind, self.namespace, self.metadata) = (root, path, kind, namespace, metadata)
    }

    static let metadataFile: Path = "io.containerd.metadata.v1.bolt/meta.db"

    var content: ContentStore { ContentStore(root: root) }

    /// What dockerd finds for a reference: names and digests by what is written down, then the beginning of the digest that it
    /// prints as the image's id. A name that containerd's own tools wrote otherwise is found as it was written.
    func entry(for reference: ImageReference) throws(Failure) -> StoreEntry? {
        switch reference.kind {
        case .container: return nil
        case .id(let id): return try records { $0.target == id.digest }.first?.entry
        case .name(let name):
            if case .digest(let digest) = name.selector {
                return try records { $0.target == digest && $0.repository == name.fullRepository }.first?.entry
            }
            for written in [name.full, reference.text] {
                if let record = try record(written) { return record.entry }
            }
            // As dockerd has it (moby, daemon/containerd/image.go).
            guard let prefix = reference.idPrefix, prefix.count >= 4 else { return nil }
            let found = try records { $0.target.hex.utf8.starts(with: prefix) }
            let ids = found.map { $0.entry.id }.reduce(into: [ImageID]()) { if !$0.contains($1) { $0.append($1) } }
            guard let id = try onlyOne(of: ids, beginning: prefix, in: root, kind) else { return nil }
            return found.first { $0.entry.id == id }?.entry
        }
    }

    /// The image of a manifest or index. Fails where something of it is damaged, and where it is not unpacked.
    func image(_ id: ImageID, reference: ImageReference) throws(Failure) -> Image {
        let configuration = try content.configuration(of: id.digest, reference)
        let chains = configuration.chains
        guard let chain = chains.last else {
            throw Failure("could not use image '\(reference.text)': it has no layers, so there is nothing to boot")
        }
        let snapshots = try snapshots().stack(of: chains, reference)
        return Image(
            reference: reference, id: id, chainID: chain, tree: try tree(snapshots),
            os: configuration.os, architecture: configuration.architecture, store: kind
        )
    }

    /// What a container became: its snapshot has its id for a key. nil where there is none.
    func container(_ name: String, reference: ImageReference) throws(Failure) -> Image? {
        guard let snapshots = try snapshots().container(name) else { return nil }
        let id = ImageID(Digest(hex: name.utf8) ?? .of(Array("container \(name)".utf8)))
        return Image(
            reference: reference, id: id, chainID: ChainID(id.digest), tree: try tree(snapshots), os: "", architecture: "", store: kind,
            isContainer: true
        )
    }

    /// When an image last got a name; 0 where there is none. The database is written to whenever a container starts, also by a dockerd
    /// that keeps its images elsewhere; of a damaged one no more is known.
    func changed() throws(Failure) -> Int {
        var newest = 0
        let read = try? records { record in
            newest = max(newest, record.entry.changed)
            return false
        }
        if read != nil { return newest }
        return try root.status(of: Self.metadataFile)?.modified ?? 0
    }

    func snapshots() throws(Failure) -> Snapshots { try Snapshots(of: self) }

    /// The names of all images, in ascending order; those that dockerd gives to images without a name are none.
    func records(where fits: (ImageRecord) -> Bool = { _ in true }) throws(Failure) -> [ImageRecord] {
        var records: [ImageRecord] = []
        try images()?.visitAll { (name, item) throws(Failure) in
            guard case .bucket(let bucket) = item, let record = try ImageRecord(display(name), bucket), fits(record) else { return }
            records.append(record)
        }
        return records
    }

    private func record(_ name: String) throws(Failure) -> ImageRecord? {
        guard let bucket = try images()?.bucket(Array(name.utf8)) else { return nil }
        if let record = try ImageRecord(name, bucket) { return record }
        throw metadata.damage("'\(display(name.utf8))' has no image id")
    }

    private func images() throws(Failure) -> BoltBucket? {
        try metadata.root.bucket(at: ["v1", namespace, "images"])
    }

    private func tree(_ snapshots: [Snapshot]) throws(Failure) -> ImageTree {
        try LayerFolders(root: root, kind: kind).tree((kind.isStacked ? snapshots[...] : snapshots.prefix(1)).map { $0.folder(of: kind) })
    }
}

/// A name and what it stands for (containerd, core/metadata/images.go).
struct ImageRecord {
    let name: String
    let target: Digest
    let entry: StoreEntry

    /// nil where it has no digest.
    init?(_ name: String, _ bucket: BoltBucket) throws(Failure) {
        guard let text = try bucket.bucket(Array("target".utf8))?.value("digest"), let digest = Digest(display(text)) else { return nil }
        self.name = name
        target = digest
        entry = StoreEntry(id: ImageID(digest), changed: try bucket.value("updatedat").flatMap { nanoseconds(ofGoTime: $0) } ?? 0)
    }

    /// dockerd keeps an image without a name under one that nobody can give.
    var isDangling: Bool { name.utf8.starts(with: "moby-dangling@".utf8) }

    /// Without tag and digest, which containerd's own tools write both; nil for a name of another form.
    var repository: String? { parsed?.fullRepository }

    /// As Docker prints it.
    var shown: String { parsed.flatMap { $0.full == name ? $0.description : nil } ?? display(name.utf8) }

    private var parsed: ImageName? {
        guard case .name(let parsed) = try? ImageReference(name).kind else { return nil }
        return parsed
    }
}

/// Nanoseconds since 1970 of a time in Go's binary form: a version, seconds since the year 1 and nanoseconds in big-endian order.
func nanoseconds(ofGoTime bytes: [UInt8]) -> Int? {
    guard bytes.count >= 15, bytes[0] == 1 || bytes[0] == 2 else { return nil }
    let seconds = bytes[1..<9].reduce(0) { $0 << 8 | UInt64($1) }
    let fraction = bytes[9..<13].reduce(0) { $0 << 8 | Int($1) }
    let (since, underflows) = Int(truncatingIfNeeded: seconds).subtractingReportingOverflow(62_135_596_800)
    let (nanoseconds, overflows) = since.multipliedReportingOverflow(by: 1_000_000_000)
    return underflows || overflows || fraction > 999_999_999 ? nil : nanoseconds &+ fraction
}
