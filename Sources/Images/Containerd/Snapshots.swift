internal import Basics

/// A layer or a container's own files, as a snapshotter has them.
struct Snapshot {
    let name: [UInt8]
    /// The number of its folder.
    let id: UInt64
    let isCommitted: Bool
    /// The name of the one below; nil for the lowest.
    let parent: [UInt8]?
    /// In bytes; nil where it is not noted.
    let size: Int?

    /// nil where it lacks what each one has (containerd, core/snapshots/storage/bolt.go).
    init?(_ name: [UInt8], _ bucket: BoltBucket) throws(Failure) {
        guard let id = try bucket.value("id").flatMap({ uvarint($0) }), let kind = try bucket.value("kind"), kind.count == 1
        else { return nil }
        self.name = name
        self.id = id
        isCommitted = kind[0] == 3
        let below = try bucket.value("parent") ?? []
        parent = below.isEmpty ? nil : below
        // Go's PutVarint: an even number stands for its positive half.
        size = try bucket.value("size").flatMap { uvarint($0) }.flatMap { Int(exactly: $0 >> 1) }
    }

    func folder(of kind: StoreKind) -> Path {
        let store = Path("io.containerd.snapshotter.v1.\(kind.driver)") ?? .top
        let number = Array("\(id)".utf8)
        switch kind {
        case .containerdOverlayfs: return (store / "snapshots").appending(name: number) / "fs"
        case .containerdBtrfs: return (store / (isCommitted ? "snapshots" : "active")).appending(name: number)
        default: return (store / "snapshots").appending(name: number)
        }
    }
}

/// The snapshots of a namespace: containerd's database has the snapshotter's names for its keys, the snapshotter's own database
/// what they stand for.
struct Snapshots {
    private let store: ContainerdStore
    private let keys: BoltBucket?
    private let snapshots: BoltBucket?
    private let name: String

    init(of store: ContainerdStore) throws(Failure) {
        self.store = store
        keys = try store.metadata.root.bucket(at: ["v1", store.namespace, "snapshots", store.kind.driver])
        let file = (Path("io.containerd.snapshotter.v1.\(store.kind.driver)") ?? .top) / "metadata.db"
        name = store.root.show(file)
        snapshots = try BoltDatabase(at: file, in: store.root)?.root.bucket(at: ["v1", "snapshots"])
    }

    /// The layers of an image with these chain ids from the lowest, the topmost first, with all that is below them: Docker's builder
    /// without BuildKit has a layer of its own between that of a step and that of the step before.
    func stack(of chains: [ChainID], _ reference: ImageReference) throws(Failure) -> [Snapshot] {
        var named: [Snapshot] = []
        for chain in chains {
            guard let snapshot = try snapshot(chain.description), snapshot.isCommitted else { throw try notUnpacked(chain, reference) }
            named.append(snapshot)
        }
        guard let top = named.last else { return [] }
        let stack = try stack(from: top)
        for snapshot in stack where snapshot.name == named.last?.name { named.removeLast() }
        if !named.isEmpty { throw damage("'\(display(top.name))' lies on another layer than the image says") }
        return stack
    }

    /// The files of a container with those below it; nil where there is none of that key.
    func container(_ key: String) throws(Failure) -> [Snapshot]? {
        guard let top = try snapshot(key), !top.isCommitted else { return nil }
        return try stack(from: top)
    }

    private func stack(from top: Snapshot) throws(Failure) -> [Snapshot] {
        var stack = [top]
        while let below = stack.last?.parent {
            guard let bucket = try snapshots?.bucket(below), let next = try Snapshot(below, bucket), next.isCommitted,
                !stack.contains(where: { $0.id == next.id })
            else { throw damage("'\(display(below))' is not there") }
            stack.append(next)
        }
        try checkAreUnique(stack)
        return stack
    }

    func snapshot(_ key: String) throws(Failure) -> Snapshot? {
        guard let name = try keys?.bucket(Array(key.utf8))?.value("name"), let bucket = try snapshots?.bucket(name) else { return nil }
        if let snapshot = try Snapshot(name, bucket) { return snapshot }
        throw damage("'\(display(name))' is damaged")
    }

    /// No two snapshots have one folder. Nothing else would tell of a number that another layer has.
    private func checkAreUnique(_ stack: [Snapshot]) throws(Failure) {
        try snapshots?.visitAll { (name, item) throws(Failure) in
            guard case .bucket(let bucket) = item, let id = try bucket.value("id").flatMap({ uvarint($0) }) else { return }
            if stack.contains(where: { $0.id == id && $0.name != name }) { throw damage("two layers have the number \(id)") }
        }
    }

    private func notUnpacked(_ chain: ChainID, _ reference: ImageReference) throws(Failure) -> Failure {
        let ending = Array(" \(chain)".utf8)
        var isBegun = false
        try keys?.visitAll { (key, _) throws(Failure) in
            if key.suffix(ending.count).elementsEqual(ending) { isBegun = true }
        }
        let state =
            isBegun
            ? "its pull was interrupted: the layer '\(chain)' is not finished"
            : "it is not unpacked by the \(store.kind.driver) snapshotter"
        return Failure(
            "could not use image '\(reference.text)': it is recorded, but \(state)",
            hint: isBegun ? "pull it again" : "'docker create' with its name unpacks it, as does pulling it again"
        )
    }

    private func damage(_ reason: String) -> Failure {
        Failure("could not use '\(name)': \(reason)", hint: repairHint)
    }
}

/// A number in Go's variable form; nil where it does not end or is too large.
private func uvarint(_ bytes: [UInt8]) -> UInt64? {
    var value: UInt64 = 0
    for (index, byte) in bytes.enumerated() {
        if index > 9 || index == 9 && byte > 1 { return nil }
        value |= UInt64(byte & 0x7f) << UInt64(7 * index)
        if byte < 0x80 { return index == bytes.count - 1 ? value : nil }
    }
    return nil
}
