internal import Basics
internal import CLinux
internal import Planning

/// A directory of one layer; the topmost layer is number 0.
struct LayerDirectory {
    let layer: Int
    let directory: Directory
}

/// The search for what lies below a directory, or a file without content, in the layers below, by the rules of overlayfs.
///
/// It looks in one layer after the other, down to where nothing more is seen. Each thing that is found may say that the layers below
/// have it under another name, or at another path from their tops. The directories on the way along such a path may say the same, and
/// each of them may end the search.
struct LayerSearch {
    /// The tops of all layers.
    private let tops: [LayerDirectory]
    private let buffer: CopyBuffer
    /// Where it is looked for from here on: in directories that are one in the result, or from the tops.
    private var places: ArraySlice<LayerDirectory>
    private var isFromTops = false
    /// One name, unless it is a path from the tops.
    private var path: [[CChar]]
    private var hasEnded = false
    /// Whether anything was looked for by another name than its own.
    private(set) var wasRedirected = false
    /// Whether what was found last had another name, by which something must be there.
    private var isOwed = false

    /// `places`: the directories below the one in which `name` was found.
    init(for name: [CChar], in places: ArraySlice<LayerDirectory>, tops: [LayerDirectory], _ buffer: CopyBuffer) {
        self.tops = tops
        self.buffer = buffer
        self.places = places
        path = [name]
    }

    /// The directories that are one with the directory `first`, which was found first: that one and those below it.
    mutating func directories(from first: LayerDirectory) throws(Failure) -> [LayerDirectory] {
        var found = [first]
        try obey(directory: first)
        while let place = nextPlace() {
            guard let (parent, name) = try parent(in: place), let directory = try directory(name, in: parent) else { continue }
            isOwed = false
            found.append(LayerDirectory(layer: place.layer, directory: directory))
            try obey(directory: found[found.count - 1])
        }
        // Its contents would be missing.
        if isOwed { throw missing("other part") }
        return found
    }

    /// Opens the file that has the content of `first`, which has none itself.
    mutating func content(of first: Int32, in layer: Int) throws(Failure) -> Int32 {
        let names = try Inode.open(first).attributeNames()
        try follow(Redirect(of: .open(first), names, buffer), from: layer)
        while let place = nextPlace() {
            guard let (parent, name) = try parent(in: place), let file = try file(name, in: parent) else { continue }
            do throws(Failure) {
                let names = try Inode.open(file).attributeNames()
                if !names.contains(OverlayAttribute.metacopy) { return file }
                try follow(Redirect(of: .open(file), names, buffer), from: place.layer)
            } catch {
                close(file)
                throw error
            }
            close(file)
        }
        // Never the zeros that stand in for it.
        throw missing("content")
    }

    private func missing(_ what: String) -> Failure {
        let place = path.map { display(plainName($0)) }.joined(separator: "/")
        return Failure(
            "its \(what) should be '\(isFromTops ? "/" : "")\(place)' in a layer below, and is not there",
            hint: "the store is damaged: remove the image and get it again"
        )
    }

    private mutating func nextPlace() -> LayerDirectory? {
        hasEnded ? nil : places.popFirst()
    }

    /// Goes down to the directory that the last name of the path is looked for in; nil where it is not there.
    private mutating func parent(in place: LayerDirectory) throws(Failure) -> (Directory, name: [CChar])? {
        // What is on the way changes the path for the layers below, and not for this one.
        let walked = path
        var directory = place.directory
        for index in 0..<walked.count - 1 {
            guard let next = try self.directory(walked[index], in: directory) else { return nil }
            directory = next
            try obey(directory: LayerDirectory(layer: place.layer, directory: next), namesLeft: walked.count - index)
        }
        return (directory, walked[walked.count - 1])
    }

    /// Takes what a directory on the way, or at its end, says of the layers below it. `namesLeft`: its own and those behind it.
    private mutating func obey(directory found: LayerDirectory, namesLeft: Int = 1) throws(Failure) {
        if found.layer == tops.count - 1 { return }
        let inode = Inode.open(found.directory.descriptor)
        let names = try inode.attributeNames()
        if case .opaque = try Opacity(of: inode, names, buffer) {
            hasEnded = true
        } else {
            try follow(Redirect(of: inode, names, buffer), from: found.layer, namesLeft)
        }
    }

    private mutating func follow(_ redirect: Redirect?, from layer: Int, _ namesLeft: Int = 1) throws(Failure) {
        guard let redirect else { return }
        wasRedirected = true
        if namesLeft == 1 { isOwed = true }
        let rest = path.suffix(namesLeft - 1)
        switch redirect {
        case .name(let name): path = path.dropLast(namesLeft) + [name] + rest
        case .path(let names):
            path = names + rest
            // What lies behind an opaque directory is looked for no further, but by a path of its own.
            hasEnded = false
            if !isFromTops { places = tops[(layer + 1)...] }
            isFromTops = true
        }
        if path.count > LayerRules.deepest { throw LayerRules.isTooDeep }
    }

    /// Opens a directory; nil where there is nothing. Anything else hides what lies below it.
    private mutating func directory(_ name: [CChar], in parent: Directory) throws(Failure) -> Directory? {
        let opened = linux_openat2(parent.descriptor, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC, 0, linux_resolve_no_links)
        if opened >= 0 { return Directory(descriptor: opened, label: "") }
        switch linux_errno() {
        case ENOENT, ENAMETOOLONG: break
        case ENOTDIR, ELOOP: hasEnded = true
        case let code: throw .reason(code)
        }
        return nil
    }

    /// Opens a regular file; nil where there is nothing. Anything else hides what lies below it.
    private mutating func file(_ name: [CChar], in parent: Directory) throws(Failure) -> Int32? {
        var status = stat()
        if fstatat(parent.descriptor, name, &status, AT_SYMLINK_NOFOLLOW) != 0 {
            if linux_errno() == ENOENT || linux_errno() == ENAMETOOLONG { return nil }
            throw .reason()
        }
        guard Entry.Kind(status) == .file else {
            hasEnded = true
            return nil
        }
        let opened = linux_openat2(parent.descriptor, name, O_RDONLY | O_CLOEXEC, 0, linux_resolve_no_links)
        try check(opened < 0 ? -1 : 0)
        return opened
    }
}
