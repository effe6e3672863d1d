package import Basics
internal import CLinux

/// The files of an image before its layers are merged, as a mount of them would show what is looked up. The merge itself has all
/// of overlayfs's rules, in `LayerSearch`; here a file whose content is in a layer below counts as it lies.
package struct ImageFiles {
    /// Topmost first.
    private let tops: [Place]

    /// A directory of one layer.
    private struct Place {
        let layer: Int
        let directory: Directory
    }

    private enum Found {
        /// Those that are one directory in the image, the topmost first.
        case directory([Place])
        case other(Directory, name: Path, Status)
    }

    /// `layers`: the topmost first. One alone is the whole tree.
    package init(of layers: [Directory]) {
        // A path of some names in some hundred layers needs more open files than a process has at first.
        raiseFileLimit()
        tops = layers.indices.map { Place(layer: $0, directory: layers[$0]) }
    }

    /// The directory that has all of it; nil where it is in several.
    var only: Directory? { tops.count == 1 ? tops[0].directory : nil }

    /// What is at `path`, a symlink itself and not what it points to; nil where there is nothing.
    package func status(of path: Path) throws(Failure) -> Status? {
        if let only { return try only.status(of: path) }
        return try status(of: find(path, following: false))
    }

    /// What is at `path` after every symlink, resolved in the image; nil where that is nothing.
    package func target(of path: Path) throws(Failure) -> Status? {
        if let only { return try only.target(of: path) }
        return try status(of: find(path, following: true))
    }

    /// The directories that are the one at `path`, after every symlink; none where that is no directory. A name that is in one of
    /// them need not be there: the image has it if it has a status.
    package func directories(at path: Path) throws(Failure) -> [Directory] {
        if let only {
            guard try only.target(of: path)?.kind == .directory, let directory = try only.directory(at: path) else { return [] }
            return [directory]
        }
        guard case .directory(let places) = try find(path, following: true) else { return [] }
        return places.map { $0.directory }
    }

    /// The names in the directory at `path`, each once, sorted by their bytes; none where that is no directory.
    package func names(in path: Path) throws(Failure) -> [[UInt8]] {
        var all: [[UInt8]] = []
        for directory in try directories(at: path) { all += try directory.names() }
        var names: [[UInt8]] = []
        for name in all.sortedByBytes({ $0 }) where name != names.last {
            if try status(of: path.appending(name: name)) != nil { names.append(name) }
        }
        return names
    }

    /// Whether there is a path in the directory at `path` that `body` says true to; none is looked at after it. It may get one twice.
    @discardableResult
    func search(_ path: Path, _ body: (Path, Status.Kind?) throws(Failure) -> Bool) throws(Failure) -> Bool {
        for directory in try directories(at: path) {
            let isFound = try directory.search { (name, kind) throws(Failure) in
                try body(path.appending(name: plainName(name)), kind)
            }
            if isFound { return true }
        }
        return false
    }

    /// An extended attribute of a regular file; nil where it has none of that name.
    func attribute(_ attribute: String, of path: Path) throws(Failure) -> [UInt8]? {
        let name = Path.top.appending(name: path.name)
        for directory in try directories(at: path.parent) where try directory.status(of: name) != nil {
            return try directory.attribute(attribute, of: name)
        }
        return nil
    }

    /// The whole content of a regular file; nil where there is nothing.
    package func contents(of path: Path, limit: Int) throws(Failure) -> [UInt8]? {
        if let only { return try only.contents(of: path, limit: limit) }
        guard case .other(let directory, let name, _) = try find(path, following: true) else { return nil }
        return try directory.contents(of: name, limit: limit)
    }

    /// The same file, to be read in parts.
    package func file(at path: Path) throws(Failure) -> RegularFile? {
        if let only { return try only.file(at: path) }
        guard case .other(let directory, let name, _) = try find(path, following: true) else { return nil }
        return try directory.file(at: name)
    }

    private func status(of found: Found?) throws(Failure) -> Status? {
        switch found {
        case nil: nil
        case .directory(let places): try places[0].directory.status(of: .top)
        case .other(_, _, let status): status
        }
    }

    /// How many names are looked up for one path: symlinks and renamed directories may lead in circles.
    private static let most = 1000

    private func find(_ path: Path, following: Bool) throws(Failure) -> Found? {
        var left = Self.most
        // From the top down to where the next name is looked up.
        var way = [tops]
        var names = Array(path.components.reversed())
        while let name = names.popLast() {
            if name.elementsEqual("..".utf8) {
                if way.count > 1 { way.removeLast() }
                continue
            }
            switch try find(name, in: way[way.count - 1][...], &left) {
            case nil: return nil
            case .directory(let places): way.append(places)
            case .other(let directory, let file, let status):
                if status.kind != .symlink || names.isEmpty && !following {
                    return names.isEmpty ? .other(directory, name: file, status) : nil
                }
                let text = try directory.text(ofLink: file.cString)
                if text.first == UInt8(ascii: "/") { way.removeLast(way.count - 1) }
                let components = text.split(separator: UInt8(ascii: "/")).filter { !$0.elementsEqual(".".utf8) }
                names += components.reversed().map { Array($0) }
            }
        }
        return .directory(way[way.count - 1])
    }

    /// Looks a name up in directories that are one: https://docs.kernel.org/filesystems/overlayfs.html
    private func find(_ name: [UInt8], in places: ArraySlice<Place>, _ left: inout Int) throws(Failure) -> Found? {
        left -= 1
        if left < 0 { throw .system("look at '\(display(name))' in the image's layers", errno: ELOOP) }
        var name = Path.top.appending(name: name)
        var found: [Place] = []
        for place in places {
            guard let status = try place.directory.status(of: name) else { continue }
            guard status.kind == .directory, let directory = try place.directory.directory(at: name) else {
                // What is no directory hides all below it; and a whiteout is nothing itself.
                if found.isEmpty && !status.isWhiteout { return .other(place.directory, name: name, status) }
                break
            }
            found.append(Place(layer: place.layer, directory: directory))
            if try directory.attribute("trusted.overlay.opaque") == [UInt8(ascii: "y")] { break }
            guard let redirect = try directory.attribute("trusted.overlay.redirect") else { continue }
            if redirect.first == UInt8(ascii: "/") {
                found += try renamed(redirect, below: place.layer, &left)
                break
            }
            name = Path.top.appending(name: redirect)
        }
        return found.isEmpty ? nil : .directory(found)
    }

    /// The directories of the layers below that are one with a directory which was renamed: they lie at its old path, `path`.
    private func renamed(_ path: [UInt8], below layer: Int, _ left: inout Int) throws(Failure) -> [Place] {
        var places = Array(tops[(layer + 1)...])
        for name in Path(path)?.components ?? [] {
            guard case .directory(let next) = try find(name, in: places[...], &left) else { return [] }
            places = next
        }
        return places
    }
}
