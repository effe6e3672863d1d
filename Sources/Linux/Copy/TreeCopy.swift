internal import Basics
internal import CLinux
internal import Planning

/// Lays one directory tree, a layer, over another.
///
/// Nothing outside the destination is ever written. A directory of the layer merges with one of the destination, also where
/// the destination has a symlink to a directory (`/lib` in a usr-merged image): symlinks are resolved as if the destination
/// were `/`. Everything else replaces what stands in its place, a whole directory too, and never writes through it.
/// Directories that are there keep their owner, mode, attributes and times, but those that the rules name; new ones get the
/// layer's. Whiteouts of the OCI image specification remove what the destination has. The first error ends the copy.
///
/// A path may be longer than the kernel takes at once, but where a symlink of the destination is at its end.
struct TreeCopy {
    private let source: Directory
    private let destination: Directory
    private let rules: LayerRules
    private let notes = CopyNotes()
    private let buffer = CopyBuffer()
    private let links: LinkFolder

    init(from source: Directory, to destination: Directory, _ rules: LayerRules) {
        self.source = source
        self.destination = destination
        self.rules = rules
        links = LinkFolder(in: destination, beside: [source])
    }

    /// Whether there are contents that a power cut may still take.
    var hasWrittenContents: Bool { buffer.writtenBytes > 0 }

    /// Returns what the person at the machine must know: what of the destination had to go, beside files that have a successor.
    func run() throws(Failure) -> [String] {
        raiseFileLimit()
        let target = try TargetDirectory(destination, at: .top, depth: 0)
        if rules.isLayer { try removeWhiteouts(of: source, from: target) }
        try merge(source, into: target)
        return notes.lines
    }

    /// Takes out what the layer hides, before anything of it goes in: a name beside its whiteout stays, also where a symlink of the destination
    /// makes one directory of two of the layer's.
    private func removeWhiteouts(of layer: Directory, from target: TargetDirectory) throws(Failure) {
        if target.depth > LayerRules.deepest { throw LayerRules.isTooDeep }
        try target.removeWhiteouts(of: layer, rules)
        try layer.forEachName { (name, told) throws(Failure) in
            let entry = Entry(name: name, source: layer, target: target, attributes: .all, notes: nil, buffer: buffer)
            do throws(Failure) {
                guard try entry.kind(told) == .directory, try entry.isCopied(by: rules), let existing = try existingDirectory(entry) else {
                    return
                }
                let below = try TargetDirectory(existing, at: entry.place, depth: target.depth + 1)
                try removeWhiteouts(of: layer.child(name), from: below)
            } catch {
                throw error.located(at: entry.place)
            }
        }
        try target.restoreTimes()
    }

    private func merge(_ layer: Directory, into target: TargetDirectory) throws(Failure) {
        try copyEntries(of: layer, into: target)
        if target.path.isTop { try links.remove() }
        if rules.directories.contains(target.path) {
            try target.replaceAttributes(by: layer, buffer)
        } else {
            try target.restoreTimes()
        }
    }

    private func copyEntries(of layer: Directory, into target: TargetDirectory) throws(Failure) {
        if target.depth > LayerRules.deepest { throw LayerRules.isTooDeep }
        try layer.forEachName { (name, kind) throws(Failure) in
            let entry = Entry(name: name, source: layer, target: target, attributes: .all, notes: notes, buffer: buffer)
            do throws(Failure) {
                if try entry.isCopied(by: rules) { try copy(entry, entry.kind(kind)) }
            } catch {
                #if !hasFeature(Embedded)
                    if !rules.isLayer { return try copyAgain(entry, after: error) }
                #endif
                throw error.located(at: entry.place)
            }
        }
    }

    // No boot copies a directory that people work in.
    #if !hasFeature(Embedded)
        /// Copies what is there now: what was seen before may be gone, or something else may have its name. Tries it a hundred times.
        private func copyAgain(_ entry: Entry, after first: Failure) throws(Failure) {
            var last = first
            for _ in 0..<100 {
                if last == .reason(ENOENT) { return }
                // The errors of calls that take a file, a directory, a symlink or a socket for another of these.
                let code = [ELOOP, EINVAL, ENOTDIR, EISDIR, ENXIO, EPERM].first { last == .reason($0) }
                if code == nil { break }
                do throws(Failure) {
                    // What was copied of the one before.
                    try entry.target.directory.remove(entry.name)
                    return try copy(entry, Entry.Kind(entry.status()))
                } catch {
                    last = error
                }
            }
            throw last.located(at: entry.place)
        }
    #endif

    private func copy(_ entry: Entry, _ kind: Entry.Kind) throws(Failure) {
        switch kind {
        case .directory: try copyDirectory(entry)
        case .file: try entry.copyFile(links)
        case .symlink, .special: try entry.copy(kind, links)
        }
    }

    private func copyDirectory(_ entry: Entry) throws(Failure) {
        let layer = try entry.source.child(entry.name)
        let depth = entry.target.depth + 1
        if let existing = try existingDirectory(entry) {
            try merge(layer, into: TargetDirectory(existing, at: entry.place, depth: depth))
        } else {
            let made = try TargetDirectory(making: entry.makeDirectory(like: layer), at: entry.place, depth: depth)
            try copyEntries(of: layer, into: made)
            try made.copyAttributes(from: layer, .all, buffer)
        }
    }

    /// The directory that a directory of the layer merges with; nil where there is nothing, or something to replace.
    private func existingDirectory(_ entry: Entry) throws(Failure) -> Directory? {
        if entry.target.origin == .made { return nil }
        let flags = O_RDONLY | O_DIRECTORY | O_CLOEXEC
        var opened = linux_openat2(entry.target.descriptor, entry.name, flags, 0, linux_resolve_no_links)
        if opened < 0 && linux_errno() == ELOOP {
            // A symlink, which may lead anywhere in the destination.
            opened = linux_openat2(destination.descriptor, entry.place.cString, flags, 0, linux_resolve_in_root)
        }
        if opened >= 0 { return Directory(descriptor: opened, label: "") }
        switch linux_errno() {
        case ENOENT, ENOTDIR, ELOOP: return nil
        case let code: throw .reason(code)
        }
    }
}
