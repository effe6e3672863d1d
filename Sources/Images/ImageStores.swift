public import Basics

/// The stores that a directory has, and the images in all of them.
public struct ImageStores: Sendable {
    let stores: [ImageStore]
    private let broken: [BrokenStore]
    private let dataRoot: Directory?

    /// Looks for stores in a directory of a filesystem: Docker's data-root, containerd's root or Podman's graphroot. nil where there
    /// is no such directory; fails where no store in it can be read, with what is there instead.
    public init?(in filesystem: Directory, at path: Path, _ choice: StoreChoice = StoreChoice()) throws(Failure) {
        guard let root = try filesystem.directory(at: path) else { return nil }
        let probe = StoreProbe(filesystem: filesystem, path: path, root: root, choice: choice)
        (stores, broken) = try probe.stores()
        dataRoot = try probe.dataRoot()
    }

    /// The kinds that were found, in the order in which they are read.
    public var kinds: [StoreKind] { stores.map { $0.kind } }

    /// When one of them last got an image or a name, in nanoseconds since 1970; 0 where there is none.
    public func changed() throws(Failure) -> Int {
        var latest = 0
        for store in stores {
            if try store.ids().isEmpty { continue }
            latest = max(latest, try store.changed())
        }
        return latest
    }

    /// The image that an engine finds for a reference, and what a person must know of where it was found.
    ///
    /// Where stores have different images under one name, it is the one that got the name last, or where that is not known, that of the store
    /// that was written to last. Fails where there is no such image (with the nearest names) and where the store is damaged.
    public func image(_ reference: ImageReference) throws(Failure) -> (image: Image, notes: [String]) {
        if case .container(let name) = reference.kind { return (try container(name, reference), []) }
        let (found, broken) = try candidates(for: reference)
        guard let first = found.first else {
            if let first = broken.first { throw first.failure }
            throw try missing(reference)
        }
        var failure: Failure?
        for candidate in found where candidate.entry.id == first.entry.id {
            do throws(Failure) {
                let image = try candidate.store.image(candidate.entry.id, reference: reference)
                if let later = later(than: candidate.store, candidate.changed, broken) { throw later }
                let notes = try notes(on: image, of: candidate, among: found, reference)
                return (image, notes + broken.map { $0.failure.message })
            } catch {
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
        throw try missing(reference)
    }

    /// Why no image of a store is booted: one that cannot be read was written to later. Who knows what it has under that name? An older image
    /// is not to be booted in its place.
    private func later(than store: ImageStore, _ changed: Int, _ broken: [BrokenStore]) -> Failure? {
        guard let later = broken.first(where: { $0.changed > changed }) else { return nil }
        return later.failure.hinting(first: "docker_store=\(store.kind.word) takes the image of \(store.title)")
    }

    /// The names of all images, as their engines print them, those of the first store first. Fails where no store can be read.
    public func names() throws(Failure) -> [String] {
        var names: [String] = []
        let all = try each { (store, _) throws(Failure) in try store.names() }.found
        for name in all.joined() where !names.contains(name) { names.append(name) }
        return names
    }

    /// Every store's images, those of the first store first, and what is wrong with stores that cannot be read. Fails where none can.
    public func listing(
        _ reading: LineReading = { count, part in part(0..<count) }
    ) throws(Failure) -> (images: [ListedImage], faults: [Failure]) {
        var lines: [(line: ListedImage, root: Path)] = []
        let (found, broken) = try each { (store, changed) throws(Failure) in (store, changed, try store.listing(reading)) }
        for (store, changed, listed) in found {
            let later = later(than: store, changed, broken)
            for var line in listed {
                // What a boot refuses is not listed as bootable.
                if let later, case .success = line.image { line.image = .failure(later) }
                // The snapshotters of one containerd have the same images, and few have an image unpacked.
                let same = lines.firstIndex { $0.line.id == line.id && $0.line.store.isContainerd && $0.root == store.path }
                guard let same, line.store.isContainerd else {
                    lines.append((line, store.path))
                    continue
                }
                if case .failure = lines[same].line.image { lines[same].line = line }
            }
        }
        return (lines.map { $0.line }, broken.map { $0.failure })
    }

    /// What is read of each store, with when that was written to, and the stores where it cannot be. Fails where that is so of all.
    private func each<Part>(
        _ read: (ImageStore, _ changed: Int) throws(Failure) -> Part
    ) throws(Failure) -> (found: [Part], broken: [BrokenStore]) {
        var found: [Part] = []
        var broken = broken
        for store in stores {
            // That takes all names of containerd: one that is alone is compared with none.
            var changed = 0
            if stores.count + broken.count > 1 { changed = try store.changed() }
            do throws(Failure) { found.append(try read(store, changed)) } catch {
                broken.append(BrokenStore(failure: error, changed: changed))
            }
        }
        if found.isEmpty, let first = broken.first { throw first.failure }
        return (found, broken)
    }

    /// What one store has for a reference. containerd knows when a name was given; of the others it is known when the image came, which is
    /// earlier, and when the last of all names was given. A pull of what is already there moves nothing but a name. It is a
    /// class since copies of pointers take less code.
    private final class Candidate {
        let store: ImageStore
        let entry: StoreEntry
        /// When the store was written to.
        let changed: Int

        init(_ store: ImageStore, _ entry: StoreEntry, _ changed: Int) {
            (self.store, self.entry, self.changed) = (store, entry, changed)
        }

        /// Whether it surely got the name after another.
        func isNewer(than other: Candidate) -> Bool {
            entry.changed > (other.store.kind.isContainerd ? other.entry.changed : other.changed)
        }

        /// The engine in use is the one whose store was written to last.
        func goesBefore(_ other: Candidate) -> Bool {
            isNewer(than: other) || !other.isNewer(than: self) && changed > other.changed
        }
    }

    /// What the stores have for a reference, the one to be taken first, and the stores where that cannot be read.
    private func candidates(for reference: ImageReference) throws(Failure) -> ([Candidate], [BrokenStore]) {
        let (entries, broken) = try each { (store, changed) throws(Failure) in
            try store.entry(for: reference).map { Candidate(store, $0, changed) }
        }
        var found: [Candidate] = []
        for candidate in entries {
            guard let candidate else { continue }
            // Those that are as late stay in the order of the stores.
            found.insert(candidate, at: found.firstIndex { candidate.goesBefore($0) } ?? found.count)
        }
        return (found, broken)
    }

    /// Whether these surely got their image for a reference after the one of another engine's stores. When one of those was written to last
    /// tells nothing: both are in use.
    package func gotLater(_ others: ImageStores, for reference: ImageReference) throws(Failure) -> Bool {
        guard let own = try first(for: reference), let other = try others.first(for: reference) else { return false }
        return own.isNewer(than: other)
    }

    /// With the time of its store, which is not looked for where that is alone.
    private func first(for reference: ImageReference) throws(Failure) -> Candidate? {
        guard let first = try candidates(for: reference).0.first else { return nil }
        return Candidate(first.store, first.entry, try first.store.changed())
    }

    /// A store that the daemon reads no more is not read in silence.
    private func notes(
        on image: Image, of chosen: Candidate, among found: [Candidate], _ reference: ImageReference
    ) throws(Failure) -> [String] {
        var notes: [String] = []
        for other in found where other.entry.id != chosen.entry.id && !isSameTree(image, other) {
            let isNewer = chosen.isNewer(than: other)
            notes.append(
                """
                \(other.store.title) has another image under the name '\(reference)', \(other.entry.id); \
                \(isNewer ? "it is older than that of" : "the store that was written to last is") \
                \(chosen.store.title), which is taken; docker_store=\(other.store.kind.word) takes the other
                """)
        }
        for store in stores where !found.contains(where: { $0.store.title == store.title }) {
            if try store.changed() <= chosen.changed { continue }
            if try store.ids().isEmpty { continue }
            notes.append("'\(reference)' is only in \(chosen.store.title); \(store.title) was written to later and does not have it")
        }
        return notes
    }

    /// Stores give one image different ids.
    private func isSameTree(_ image: Image, _ other: Candidate) -> Bool {
        (try? other.store.image(other.entry.id, reference: image.reference))?.chainID == image.chainID
    }

    private func container(_ name: String, _ reference: ImageReference) throws(Failure) -> Image {
        let docker = dataRoot.map { DockerContainers(dataRoot: $0) }
        let id = try docker?.id(name)
        for store in stores {
            if let image = try store.container(name, id, reference: reference) { return image }
        }
        let names = try docker?.names() ?? []
        throw Failure(
            "could not find the container '\(name)' in \(titles)",
            hint: !names.isEmpty
                ? "containers there: " + shortList(names)
                : stores.contains { $0.kind.isContainerd }
                    ? "containers of containerd are named by their ids in full" : "no container is there"
        )
    }

    private var titles: String { stores.map { $0.title }.joined(separator: " or ") }

    private func missing(_ reference: ImageReference) throws(Failure) -> Failure {
        Failure("could not find image '\(reference)' in \(titles)", hint: try hint(reference))
    }

    private func hint(_ reference: ImageReference) throws(Failure) -> String {
        let names = try names()
        let tags = names.filter { !$0.utf8.contains(UInt8(ascii: "@")) }
        if case .name(let name) = reference.kind, !names.isEmpty {
            return "images there: " + shortList(nearest(tags.isEmpty ? names : tags, to: name, count: names.count))
        }
        var ids: [ImageID] = []
        for store in stores {
            for id in try store.ids() where !ids.contains(id) { ids.append(id) }
        }
        if ids.isEmpty { return "no image is there yet: docker pull or docker build makes one" }
        return "image ids there: " + shortList(ids.map { $0.digest.hex })
    }
}
