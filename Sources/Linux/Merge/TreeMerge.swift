internal import Basics
internal import CLinux
internal import Planning

/// Fills an empty directory with what a mount of overlay layers would show.
///
/// From the topmost layer down, every name once: what is found first is made, and nothing that was made is changed again. A
/// directory is that of all layers that have it, down to the first that hides the rest, with the attributes of the topmost. Below
/// the tops of the layers every name is taken by itself, so no symlink is followed. The first error ends it.
///
/// Memory: the directories on the way down to a file, and nothing for each file. Nothing but the stack limits how deep the tree
/// is, so `LayerRules.deepest` does.
struct TreeMerge {
    private let tops: [LayerDirectory]
    private let buffer = CopyBuffer()
    private let links: LinkFolder
    private let root: Directory
    /// When it began, by the clock that the filesystem has.
    private let began: timespec
    private var progress: MergeProgress

    init(of layers: [Directory], into root: Directory, _ tell: @escaping (MergeCount) throws(Failure) -> Void) throws(Failure) {
        tops = layers.indices.map { LayerDirectory(layer: $0, directory: layers[$0]) }
        self.root = root
        began = try Linux.status(of: root.descriptor).st_ctim
        links = LinkFolder(in: root, beside: layers)
        progress = MergeProgress(tell)
    }

    mutating func run() throws(Failure) -> MergeCount {
        raiseFileLimit()
        let target = try TargetDirectory(making: root, at: .top, depth: 0)
        try fill(target, from: tops)
        try links.remove()
        try target.copyAttributes(from: tops[0].directory, .ofOverlay, buffer)
        try progress.add(copied: buffer.writtenBytes)
        return progress.count
    }

    private mutating func fill(_ target: TargetDirectory, from places: [LayerDirectory]) throws(Failure) {
        if target.depth > LayerRules.deepest { throw LayerRules.isTooDeep }
        // Those of the places above that have whiteouts.
        var hiding: [Directory] = []
        for (index, place) in places.enumerated() {
            var hides = false
            try place.directory.forEachName { (name, told) throws(Failure) in
                let entry = Entry(
                    name: name, source: place.directory, target: target, attributes: .ofOverlay, notes: nil, buffer: buffer)
                do throws(Failure) {
                    let kind = try entry.kind(told)
                    if kind == .special, try entry.isWhiteout() {
                        hides = true
                    } else {
                        // In the topmost place no name was there before.
                        if index > 0, try entry.isTaken(below: hiding) { return }
                        try make(entry, kind, of: places[index...])
                    }
                } catch {
                    throw error.located(at: entry.place)
                }
            }
            if hides { hiding.append(place.directory) }
            if try hasChanged(place) {
                throw Failure("its layer was changed while it was read", hint: "try it again").located(at: target.path)
            }
        }
    }

    /// Makes what is in the first of these places.
    private mutating func make(_ entry: Entry, _ kind: Entry.Kind, of places: ArraySlice<LayerDirectory>) throws(Failure) {
        let layer = places[places.startIndex].layer
        switch kind {
        case .directory: try makeDirectory(entry, layer, below: places.dropFirst())
        case .file: try makeFile(entry, layer, below: places.dropFirst())
        case .symlink, .special:
            try entry.copy(kind, links, layer: layer)
            try progress.add(copied: buffer.writtenBytes)
        }
    }

    private mutating func makeDirectory(
        _ entry: Entry, _ layer: Int, below places: ArraySlice<LayerDirectory>
    ) throws(Failure) {
        let first = LayerDirectory(layer: layer, directory: try entry.source.child(entry.name))
        let all = try directories(from: first, entry.name, below: places)
        let made = try TargetDirectory(
            making: entry.makeDirectory(like: first.directory), at: entry.place, depth: entry.target.depth + 1)
        try fill(made, from: all)
        try made.copyAttributes(from: first.directory, .ofOverlay, buffer)
        try progress.add(copied: buffer.writtenBytes)
    }

    /// Those that are one with `first`. What this takes of the stack is given back before the next level of the tree.
    private mutating func directories(
        from first: LayerDirectory, _ name: [CChar], below places: ArraySlice<LayerDirectory>
    ) throws(Failure) -> [LayerDirectory] {
        var search = LayerSearch(for: name, in: places, tops: tops, buffer)
        let all = try search.directories(from: first)
        if search.wasRedirected { try limitFiles() }
        return all
    }

    /// Where a directory of a layer is looked for by another name, it may be seen at two places, and twice as much with each layer.
    private mutating func limitFiles() throws(Failure) {
        if progress.most != nil { return }
        var most = 1
        for top in tops { most += try files(in: top.directory, depth: 0) }
        progress.most = most
    }

    /// How many names there are below a directory of a layer.
    private func files(in directory: Directory, depth: Int) throws(Failure) -> Int {
        if depth > LayerRules.deepest { throw LayerRules.isTooDeep }
        var count = 0
        try directory.forEachEntry { (name, status) throws(Failure) in
            count += 1
            if status.kind == .directory { count += try files(in: directory.child(name), depth: depth + 1) }
        }
        return count
    }

    private mutating func makeFile(_ entry: Entry, _ layer: Int, below places: ArraySlice<LayerDirectory>) throws(Failure) {
        let file = try entry.openFile()
        defer { close(file) }
        let status = try Linux.status(of: file)
        if try !links.link(entry, .file, status, layer: layer) {
            let names = try Inode.open(file).attributeNames()
            if status.st_size == 0, names.contains(OverlayAttribute.whiteout) { throw OverlayAttribute.hasFileWhiteouts }
            if names.contains(OverlayAttribute.metacopy) {
                var search = LayerSearch(for: entry.name, in: places, tops: tops, buffer)
                let content = try search.content(of: file, in: layer)
                defer { close(content) }
                try entry.makeFile(like: file, status, names, content: content)
            } else {
                try entry.makeFile(like: file, status, names, content: file)
            }
            try links.add(entry, status, layer: layer)
        }
        try progress.add(bytes: Int(status.st_size), copied: buffer.writtenBytes)
    }

    /// Layers are never changed, but they may be removed. What is gone by then would be missing without a word.
    private func hasChanged(_ place: LayerDirectory) throws(Failure) -> Bool {
        let changed = try Linux.status(of: place.directory.descriptor).st_ctim
        // A clock that is wrong has layers in its future.
        return began.isBefore(changed) && changed.tv_sec <= secondsNow() + 1
    }
}

extension Entry {
    /// A character device of the numbers 0 and 0.
    fileprivate func isWhiteout() throws(Failure) -> Bool {
        let status = try status()
        return status.st_mode >> 12 & 15 == UInt32(DT_CHR) && status.st_rdev == 0
    }

    /// Whether a layer above has this name: the root has it already, or a layer hides what is below.
    fileprivate func isTaken(below hiding: [Directory]) throws(Failure) -> Bool {
        if try has(target.directory) { return true }
        for directory in hiding where try has(directory) { return true }
        return false
    }

    private func has(_ directory: Directory) throws(Failure) -> Bool {
        if faccessat(directory.descriptor, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0 { return true }
        if linux_errno() == ENOENT { return false }
        throw .reason()
    }
}

extension timespec {
    fileprivate func isBefore(_ other: timespec) -> Bool {
        tv_sec == other.tv_sec ? tv_nsec < other.tv_nsec : tv_sec < other.tv_sec
    }
}
