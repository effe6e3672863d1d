public import Basics
internal import Boot
internal import Images

/// Whether what a store unpacked is what it recorded. Engines do not wait for their disk: after a power cut a layer may have files
/// without their content, and the store does not know.
public struct ContentCheck {
    /// How closely it is looked at.
    public enum Depth: Sendable {
        /// That each file is there and as large as it should be.
        case sizes
        /// All content is read too.
        case content
    }

    /// A file that is not as it was recorded.
    public struct Difference: Equatable, Sendable {
        public let path: Path
        /// What it is instead: "it is empty and should have 1234 bytes".
        public let reason: String
    }

    /// What was found so far, for who waits.
    public struct Count: Equatable, Sendable {
        public internal(set) var files = 0
        /// Of content that was read.
        public internal(set) var bytes = 0
    }

    private let filesystem: Directory
    private let depth: Depth
    private let say: (Count) -> Void
    public private(set) var count = Count()
    public private(set) var differences: [Difference] = []
    /// The layers that nothing is recorded of, by their folders.
    public let unrecorded: [Path]

    /// Compares a place with what is recorded. `whole` is a tree that was made of all layers; without it each is looked at in its own
    /// folder. Where each layer's folder has the whole tree, `whole` has to be given. `say` is called for each file.
    public init(of records: LayerRecords, whole: Directory?, say: @escaping (Count) -> Void = { _ in }) throws(Failure) {
        filesystem = records.filesystem
        depth = records.depth
        unrecorded = records.unrecorded
        self.say = say
        guard let whole else {
            let folders = records.layers.map(\.layer.folder)
            for (index, one) in records.layers.enumerated() {
                if let files = one.files { try check(files, in: folders[index], on: folders[..<index]) }
            }
            return
        }
        // What one of them changed is not known: it would be taken for damage.
        if !unrecorded.isEmpty { return }
        let tree = RecordedTree()
        for one in records.layers { tree.add(one.files ?? []) }
        for name in try whole.names() where try whole.status(of: .top.appending(name: name))?.kind == .symlink {
            if let target = Path(try whole.text(ofLink: cString(name))) { tree.forget(target, behind: name) }
        }
        try check(tree, at: .top, in: whole, below: nil)
    }

    private mutating func check(_ files: [RecordedFile], in layer: Path, on below: ArraySlice<Path>) throws(Failure) {
        guard let folder = try filesystem.directory(at: layer) else {
            throw Failure("could not find the layer '\(filesystem.show(layer))'")
        }
        let tree = RecordedTree()
        tree.add(files)
        var others: [Directory] = []
        for other in below.reversed() {
            if let directory = try filesystem.directory(at: other) { others.append(directory) }
        }
        try check(tree, at: .top, in: folder, below: ImageFiles(of: [folder] + others))
    }

    /// `below` are all layers from this one on: with redirect_dir a layer has not all of its files under their own names, and with
    /// metacopy not all of their content.
    private mutating func check(
        _ tree: RecordedTree, at path: Path, in directory: Directory, below: ImageFiles?
    ) throws(Failure) {
        for (name, file) in tree.files {
            count.files += 1
            say(count)
            let place = path.appending(name: name)
            if let reason = try reason(against: file, name, in: directory, place, below) {
                differences.append(Difference(path: place, reason: reason))
            }
        }
        for (name, folder) in tree.folders {
            let place = path.appending(name: name)
            let found = try directory.status(of: .top.appending(name: name))
            if found?.kind == .directory, let next = try directory.directory(at: .top.appending(name: name)) {
                try check(folder, at: place, in: next, below: below)
            } else if found?.kind == .symlink {
                // An archive may say lib/x where a layer below has made lib a link: then it is where the link leads, or in the way.
                continue
            } else {
                try checkElsewhere(folder, at: place, below)
            }
        }
    }

    private mutating func checkElsewhere(_ tree: RecordedTree, at path: Path, _ below: ImageFiles?) throws(Failure) {
        for (name, file) in tree.files {
            count.files += 1
            let place = path.appending(name: name)
            if let reason = try self.reason(against: file, elsewhere: place, below) {
                differences.append(Difference(path: place, reason: reason))
            }
        }
        for (name, folder) in tree.folders { try checkElsewhere(folder, at: path.appending(name: name), below) }
    }

    private func reason(against file: RecordedFile, elsewhere path: Path, _ below: ImageFiles?) throws(Failure) -> String? {
        guard let found = try below?.status(of: path) else { return "it is missing" }
        return found.kind != .file ? "it is no file" : reason(size: found.size, against: file)
    }

    private mutating func reason(
        against file: RecordedFile, _ name: [UInt8], in directory: Directory, _ path: Path, _ below: ImageFiles?
    ) throws(Failure) -> String? {
        guard let found = try directory.status(of: .top.appending(name: name)) else {
            return try reason(against: file, elsewhere: path, below)
        }
        guard found.kind == .file else { return "it is no file" }
        if let reason = reason(size: found.size, against: file) { return reason }
        guard depth == .content, let recorded = file.checksum else { return nil }
        // Only its attributes are in this layer.
        if below != nil, try directory.attribute("trusted.overlay.metacopy", of: .top.appending(name: name)) != nil { return nil }
        var checksum = Checksum()
        do throws(Failure) {
            try directory.forEachPiece(of: cString(name)) { piece in piece.withUnsafeBytes { checksum.add($0) } }
        } catch {
            return "it cannot be read: \(error.message)"
        }
        count.bytes += found.size
        return checksum.value == recorded ? nil : "its content is another one"
    }

    /// A power cut leaves no file that is too large; some archives record sparse files as smaller than they are.
    private func reason(size: Int, against file: RecordedFile) -> String? {
        if size == file.size || depth == .sizes && size > file.size { return nil }
        return size == 0 ? "it is empty and should have \(file.size) bytes" : "it has \(size) bytes and should have \(file.size)"
    }
}
